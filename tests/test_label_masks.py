from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.config import default_config
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.ground_truth import read_masks
from stgnf_jax.label_masks import label, masks_of
from stgnf_jax.label_spans import read_spans
from tests.small import NUM_FRAMES, walk, write_clip, write_data, write_spans
from tests.test_label_spans import TRACKS


def masks(
    path: Path, num_frames: dict[str, int] | int | None, *spans: tuple[object, ...]
) -> dict[str, list[int]]:
    """The abnormal frames of each clip, after how many there are."""
    read = read_spans(write_spans(path / "spans.csv", *spans), everybody=True)
    made = masks_of(read, TRACKS, num_frames)
    return {
        clip: [len(mask), *np.flatnonzero(mask).tolist()]
        for clip, mask in zip(made.clips, made.abnormal, strict=True)
    }


def test_frames_in_which_somebody_is_abnormal(tmp_path: Path) -> None:
    # Person 7 has lost frame 8, which is abnormal all the same.
    found = masks(
        tmp_path,
        None,
        ("a", 1, 5, 6, "abnormal"),
        ("a", 7, 7, 9, "abnormal"),
        ("a", 1, 7, 9, "normal"),
        ("b", "", 1, 1, "abnormal"),
        ("b", "", 2, 2, "normal"),
    )
    assert found == {"a": [10, 5, 6, 7, 8, 9], "empty": [1], "b": [3, 1]}


def test_clips_are_as_long_as_is_said(tmp_path: Path) -> None:
    span = ("empty", "", 2, 3, "abnormal")
    assert masks(tmp_path, None, span) == {"a": [10], "empty": [4, 2, 3], "b": [3]}
    assert masks(tmp_path, 12, span) == {"a": [12], "empty": [12, 2, 3], "b": [12]}
    lengths = {"a": 10, "empty": 4, "b": 5, "another": 1}
    assert masks(tmp_path, lengths, span) == {"a": [10], "empty": [4, 2, 3], "b": [5]}


def test_clips_without_anybody() -> None:
    nobody = TRACKS._replace(
        frame=TRACKS.frame[:0],
        person=TRACKS.person[:0],
        clip=TRACKS.clip[:0],
        offsets=TRACKS.offsets[:1],
        clips=("a", "b"),
    )
    made = masks_of([], nobody, None)
    assert made.clips == ("a", "b")
    assert [mask.tolist() for mask in made.abnormal] == [[False], [False]]


@pytest.mark.parametrize(
    ("num_frames", "span", "message"),
    [
        (None, ("c", "", 1, 2, "abnormal"), r"spans.csv: line 2: clip c: is not among the poses"),
        (None, ("c", 1, 1, 2, "abnormal"), r"spans.csv: line 2: clip c: is not among the poses"),
        (None, ("a", 2, 5, 6, "abnormal"), r"clip a: person 2: is not in this clip"),
        (None, ("a", 1, 4, 6, "abnormal"), r"person 1: has frames 5 to 9, so 4 to 6 goes beyond"),
        (None, ("a", "", 5, 10**8, "abnormal"), r"last_frame: is 100000000, more than 10000000"),
        (10**8, ("a", 1, 5, 6, "abnormal"), r"--num_frames: is 100000000, more than 10000000"),
        (9, ("a", 1, 5, 6, "abnormal"), r"--num_frames: is 9 for clip a, which has poses or spans"),
        (20, ("a", "", 5, 20, "abnormal"), r"--num_frames: is 20 for clip a, .* in frame 20"),
        ({"a": 10, "b": 3}, ("a", 1, 5, 6, "abnormal"), r"--num_frames: does not have clip empty"),
    ],
)
def test_what_does_not_fit(
    tmp_path: Path,
    num_frames: dict[str, int] | int | None,
    span: tuple[object, ...],
    message: str,
) -> None:
    with pytest.raises(InputError, match=message):
        masks(tmp_path, num_frames, span)


def test_spans_of_everybody_that_contradict_others(tmp_path: Path) -> None:
    spans = (("a", "", 4, 6, "normal"), ("a", 1, 6, 7, "abnormal"))
    message = "line 2: clip a: frame 6: is normal here and abnormal in another span"
    with pytest.raises(InputError, match=message):
        masks(tmp_path, None, *spans)


def test_masks_are_read_as_they_were_meant(tmp_path: Path) -> None:
    config = default_config()
    config.data.root = str(write_data(tmp_path / "data"))
    config.data.cache_dir = ""
    spans = write_spans(tmp_path / "spans.csv", ("a", 1, 2, 3, "abnormal"))
    (tmp_path / "lengths.csv").write_text("clip,num_frames\na,30\nb,40\n")
    out = tmp_path / "masks"
    label(config, spans, out, str(tmp_path / "lengths.csv"))
    a, b = read_masks(out, ["a", "b"], BENCHMARKS["custom"])
    assert [len(a), len(b)] == [30, 40]
    assert np.flatnonzero(~a).tolist() == [2, 3]
    assert b.all()
    with pytest.raises(InputError, match=r"a.npy: exists; remove it, or give --overwrite"):
        label(config, spans, out)
    label(config, spans, out, overwrite=True)
    assert len(read_masks(out, ["a"], BENCHMARKS["custom"])[0]) == NUM_FRAMES


def test_a_benchmark_has_its_own_names_and_values(tmp_path: Path) -> None:
    clip = "abnormal_scene_1_scenario1"
    write_clip(tmp_path / f"pose/test/{clip}_alphapose_tracked_person.json", [walk(0)])
    config = default_config()
    config.data.update({"root": str(tmp_path), "cache_dir": "", "benchmark": "ubnormal"})
    label(config, write_spans(tmp_path / "spans.csv", (clip, 1, 0, 4, "abnormal")), tmp_path / "gt")
    assert np.load(tmp_path / f"gt/{clip}_tracks.txt").tolist() == [0] * 5 + [1] * (NUM_FRAMES - 5)
    (normal,) = read_masks(tmp_path / "gt", [clip], BENCHMARKS["ubnormal"])
    assert np.flatnonzero(~normal).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"lengths.csv: is neither a number nor a CSV file \(.*No such file"),
        ("clip,num_frames\na,many\n", r"lengths.csv: has {.*many.*}, expected clip and a whole"),
        ("name,frames\na,1\n", r"lengths.csv: has {.*}, expected clip and a whole number as num_"),
    ],
)
def test_a_table_of_lengths_that_is_none(tmp_path: Path, text: str | None, message: str) -> None:
    config = default_config()
    config.data.root = str(write_data(tmp_path / "data"))
    config.data.cache_dir = ""
    lengths = tmp_path / "lengths.csv"
    if text is not None:
        lengths.write_text(text)
    with pytest.raises(InputError, match=message):
        label(config, write_spans(tmp_path / "spans.csv"), tmp_path / "masks", str(lengths))
