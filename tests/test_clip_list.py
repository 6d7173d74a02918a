from pathlib import Path

import pytest

from stgnf_jax.clip_list import only_listed
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError

CLIPS = ("01_0014", "01_0130", "12_0001")


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    folder = tmp_path / "pose"
    folder.mkdir()
    for clip in CLIPS:
        (folder / f"{clip}_alphapose_tracked_person.json").write_text("{}")
    return folder


def kept(poses: Path, text: str, benchmark: str = "shanghaitech") -> list[str]:
    file = poses.parent / "clips.txt"
    file.write_text(text, encoding="utf-8")
    listed = only_listed(BENCHMARKS[benchmark], file, poses)
    return [clip for clip in CLIPS if not listed.leaves_out(clip)]


@pytest.mark.parametrize(
    "text",
    [
        "01_0014\n12_0001\n",
        "12_1\n1_14\n12_0001",
        "# two clips\n\n  01_0014  # the first\r\n12_0001\t#the second\n",
        "\ufeff01_0014\n12_0001\n",
    ],
)
def test_only_what_is_listed_is_kept(poses: Path, text: str) -> None:
    assert kept(poses, text) == ["01_0014", "12_0001"]


def test_a_name_may_hold_the_sign_of_a_comment(tmp_path: Path) -> None:
    (tmp_path / "take#2 b.json").write_text("{}")
    (tmp_path / "clips.txt").write_text("take#2 b # the second take\n")
    listed = only_listed(BENCHMARKS["custom"], tmp_path / "clips.txt", tmp_path)
    assert not listed.leaves_out("take#2 b")


@pytest.mark.parametrize("clip", ["01_0015", "1_1400", "14", "a"])
def test_a_clip_without_poses_is_named_with_its_line(poses: Path, clip: str) -> None:
    message = rf"clips\.txt: line 3: clip {clip} has no pose file in .*pose, or config\.data\.bench"
    with pytest.raises(InputError, match=message):
        kept(poses, f"01_0014\n\n{clip}\n")


def test_what_the_benchmark_leaves_out_cannot_be_listed(poses: Path) -> None:
    assert kept(poses, "01_0130") == ["01_0130"]
    with pytest.raises(InputError, match=r"line 1: clip 01_0130 has no .* leaves it out"):
        kept(poses, "01_0130", "shanghaitech_hr")


def test_files_that_are_no_list(poses: Path) -> None:
    with pytest.raises(InputError, match=r"clips\.txt: lists no clip; write the name"):
        kept(poses, "# nothing\n\n")
    with pytest.raises(InputError, match=r"none\.txt: cannot be read \(No such file"):
        only_listed(BENCHMARKS["custom"], poses / "none.txt", poses)
    (poses / "latin.txt").write_bytes(b"\xfc")
    with pytest.raises(InputError, match=r"latin\.txt: is not text in UTF-8"):
        only_listed(BENCHMARKS["custom"], poses / "latin.txt", poses)
