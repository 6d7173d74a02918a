import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.pose_files import list_files
from stgnf_jax.poses import PoseFolder, Reading, Tracks, read_files, read_folder
from stgnf_jax.skeleton import COCO_17, OPENPOSE_18, make_skeleton

CUSTOM = BENCHMARKS["custom"].pose_file
PAIR = make_skeleton("pair", 2, [(0, 1)])
GOOD = '{"keypoints": [1, 2, 0.5, 3, 4, 0.25]}'


def read(folder: Path, **options: Any) -> PoseFolder:
    return read_folder(folder, **{"pose_file": CUSTOM, "skeleton": PAIR, **options})


def detection(*values: float) -> dict[str, list[float]]:
    return {"keypoints": list(values)}


def found(tracks: Tracks) -> list[tuple[str, int, list[int]]]:
    """Clip, person and frames of every track."""
    return [
        (tracks.clips[clip], person, tracks.frame[first:last].tolist())
        for clip, person, first, last in zip(
            tracks.clip.tolist(),
            tracks.person.tolist(),
            tracks.offsets[:-1],
            tracks.offsets[1:],
            strict=True,
        )
    ]


def test_everything_is_in_order_and_of_its_type(tmp_path: Path) -> None:
    one, two = detection(1, 2, 0.5, 3, 4, 1), detection(5, 6, 0, 7, 8, 0)
    people = {"10": [{"007": one}, {"5": two | {"scores": 1.5}}], "9": {"0": two}}
    (tmp_path / "b.json").write_text(json.dumps(people))
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "c.json").write_text(json.dumps({"1": {"1": one | {"scores": None}}}))
    (tmp_path / "notes.txt").write_text("not a pose file")
    tracks, skipped, _ = read(tmp_path)
    assert tracks.clips == ("a", "b", "c")
    assert found(tracks) == [("b", 9, [0]), ("b", 10, [5, 7]), ("c", 1, [1])]
    assert skipped == ()
    first, second = [[1, 2, 0.5], [3, 4, 1]], [[5, 6, 0], [7, 8, 0]]
    assert tracks.keypoints.tolist() == [second, second, first, first]
    np.testing.assert_array_equal(tracks.score, np.array([np.nan, 1.5, np.nan, np.nan]))
    dtypes = [array.dtype for array in tracks[:-1]]
    assert dtypes == [np.float32, np.float32, np.int32, np.int64, np.int32, np.int64]


def test_a_folder_of_empty_clips_has_no_detections(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    tracks = read(tmp_path, skeleton=OPENPOSE_18).tracks
    assert tracks.keypoints.shape == (0, 18, 3)
    assert tracks.offsets.tolist() == [0]
    assert [array.dtype for array in tracks[:3]] == [np.float32, np.float32, np.int32]


def test_the_neck_is_the_middle_of_the_shoulders(tmp_path: Path) -> None:
    joints = np.arange(51).reshape(17, 3) ** 2 / 7
    (tmp_path / "a.json").write_text(json.dumps({"1": {"1": detection(*joints.ravel())}}))
    (eighteen,), *_ = read(tmp_path, skeleton=OPENPOSE_18).tracks
    order = [0, 17, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
    expected = np.concatenate([joints, [(joints[5] + joints[6]) / 2]])[order]
    np.testing.assert_array_equal(eighteen, expected.astype(np.float32))
    (seventeen,), *_ = read(tmp_path, skeleton=COCO_17).tracks
    np.testing.assert_array_equal(seventeen, joints.astype(np.float32))


def test_frames_sort_as_numbers_unless_asked_for_strings(tmp_path: Path) -> None:
    frames = dict.fromkeys(["998", "1000", "999", "1001"], detection(1, 2, 1, 3, 4, 1))
    (tmp_path / "a.json").write_text(json.dumps({"1": frames}))
    assert read(tmp_path).tracks.frame.tolist() == [998, 999, 1000, 1001]
    as_strings = read(tmp_path, frame_order="string").tracks
    assert as_strings.frame.tolist() == [1000, 1001, 998, 999]


@pytest.mark.parametrize(
    ("benchmark", "name", "clip"),
    [
        ("shanghaitech", "01_0014_alphapose_tracked_person.json", "01_0014"),
        (
            "ubnormal",
            "abnormal_scene_27_scenario_2_fire_alphapose_tracked_person.json",
            "abnormal_scene_27_scenario_2_fire",
        ),
        (
            "ubnormal",
            "normal_scene_1_scenario2_alphapose_tracked_person.json",
            "normal_scene_1_scenario2",
        ),
        ("custom", "garage 7.json", "garage 7"),
        ("custom", "x_alphapose_tracked_person.json", "x"),
    ],
)
def test_clips_are_named_by_their_files(
    tmp_path: Path, benchmark: str, name: str, clip: str
) -> None:
    (tmp_path / name).write_text("{}")
    assert read(tmp_path, pose_file=BENCHMARKS[benchmark].pose_file).tracks.clips == (clip,)


class Broken(NamedTuple):
    """A file's text, the message it gets, and which (person, frames) are usable without it."""

    text: str
    message: str
    left: list[tuple[int, list[int]]] | None = None  # None: not even an empty clip.


def person(frames: str) -> str:
    return f'{{"3": {frames}, "4": {{"1": {GOOD}}}}}'


def frame(text: str) -> str:
    return person(f'{{"17": {text}, "18": {GOOD}}}')


def value(text: str) -> str:
    return frame(f'{{"keypoints": [1, 2, 0.5, 3, {text}, 0.25]}}')


WITHOUT_FRAME = [(3, [18]), (4, [1])]
WITHOUT_PERSON = [(4, [1])]
NUMBER = "expected a number of size 1e+09 at most"
NO_FRAME = "is not a whole number from 0 to 10000000; renumber the frames"
NO_PERSON = "is not a whole number from 0 to 1000000000000000000; renumber the persons"
AT = "person 3: frame 17: "
BROKEN = {
    "empty": Broken("", "is not JSON (Expecting value: line 1 column 1 (char 0))"),
    "cut": Broken('{"3":', "is not JSON (Expecting value: line 1 column 6 (char 5))"),
    "deep": Broken("[" * 100_000, "is nested too deeply to be a pose file"),
    "list": Broken("[1]", "holds [1], expected an object of persons"),
    "person_name": Broken(
        f'{{"Ann": {{"1": {GOOD}}}, "4": {{"1": {GOOD}}}}}',
        f"person 'Ann': {NO_PERSON}",
        WITHOUT_PERSON,
    ),
    "person_large": Broken(
        f'{{"{10**18 + 1}": {{"1": {GOOD}}}, "4": {{"1": {GOOD}}}}}',
        f"person '{10**18 + 1}': {NO_PERSON}",
        WITHOUT_PERSON,
    ),
    "person_twice": Broken(
        f'{{"3": {{"1": {GOOD}}}, "3": {{"2": {GOOD}}}, "4": {{"1": {GOOD}}}}}',
        "person 3: stands more than once; keep one person 3",
        WITHOUT_PERSON,
    ),
    "person_twice_empty": Broken(
        f'{{"3": {{}}, "3": {{"2": {GOOD}}}, "4": {{"1": {GOOD}}}}}',
        "person 3: stands more than once; keep one person 3",
        WITHOUT_PERSON,
    ),
    "person_padded": Broken(
        f'{{"3": {{"1": {GOOD}}}, "03": {{"2": {GOOD}}}, "4": {{"1": {GOOD}}}}}',
        "person 3: stands more than once; keep one person 3",
        WITHOUT_PERSON,
    ),
    "person_empty": Broken(
        person("{}"), "person 3: has no frames; remove the person or give it some", WITHOUT_PERSON
    ),
    "person_empty_list": Broken(
        person("[]"), "person 3: has no frames; remove the person or give it some", WITHOUT_PERSON
    ),
    "person_empty_entry": Broken(
        person("[{}]"), "person 3: has no frames; remove the person or give it some", WITHOUT_PERSON
    ),
    "person_null": Broken(
        person("null"), "person 3: is None, expected an object of frames", WITHOUT_PERSON
    ),
    "person_number": Broken(
        person("5"), "person 3: is 5, expected an object of frames", WITHOUT_PERSON
    ),
    "entry": Broken(
        person(f'[7, {{"18": {GOOD}}}]'),
        "person 3: entry 0: is 7, expected an object of frames",
        WITHOUT_FRAME,
    ),
    "frame_name": Broken(
        person(f'{{"x": {GOOD}, "18": {GOOD}}}'),
        f"person 3: frame 'x': {NO_FRAME}",
        WITHOUT_FRAME,
    ),
    "frame_without_name": Broken(
        person(f'{{"": {GOOD}, "18": {GOOD}}}'), f"person 3: frame '': {NO_FRAME}", WITHOUT_FRAME
    ),
    "frame_fraction": Broken(
        person(f'{{"1.5": {GOOD}, "18": {GOOD}}}'),
        f"person 3: frame '1.5': {NO_FRAME}",
        WITHOUT_FRAME,
    ),
    "frame_other_digits": Broken(
        person(f'{{"٣": {GOOD}, "18": {GOOD}}}'), f"person 3: frame '٣': {NO_FRAME}", WITHOUT_FRAME
    ),
    "frame_negative": Broken(
        person(f'{{"-17": {GOOD}, "18": {GOOD}}}'),
        f"person 3: frame '-17': {NO_FRAME}",
        WITHOUT_FRAME,
    ),
    "frame_large": Broken(
        person(f'{{"10000001": {GOOD}, "18": {GOOD}}}'),
        f"person 3: frame '10000001': {NO_FRAME}",
        WITHOUT_FRAME,
    ),
    "frame_endless": Broken(
        person(f'{{"{"9" * 1_000_000}": {GOOD}, "18": {GOOD}}}'),
        f"person 3: frame '{'9' * 12}...{'9' * 13}': {NO_FRAME}",
        WITHOUT_FRAME,
    ),
    "frame_twice": Broken(
        person(f'{{"17": {GOOD}, "18": {GOOD}, "17": {GOOD}}}'),
        f"{AT}stands more than once; keep one frame 17",
        WITHOUT_FRAME,
    ),
    "frame_twice_spaced": Broken(
        person(f'{{"17" : {GOOD}, "18" :{GOOD}, "17"\n:{GOOD}}}'),
        f"{AT}stands more than once; keep one frame 17",
        WITHOUT_FRAME,
    ),
    "frame_padded": Broken(
        person(f'{{"17": {GOOD}, "18": {GOOD}, "017": {GOOD}}}'),
        f"{AT}stands more than once; keep one frame 17",
        WITHOUT_FRAME,
    ),
    "frame_twice_in_list": Broken(
        person(f'[{{"17": {GOOD}}}, {{"17": {GOOD}}}, {{"18": {GOOD}}}]'),
        f"{AT}stands more than once; keep one frame 17",
        WITHOUT_FRAME,
    ),
    "detection_list": Broken(
        frame("[1, 2]"), f'{AT}is [1, 2], expected {{"keypoints": [...]}}', WITHOUT_FRAME
    ),
    "field_twice": Broken(
        frame('{"keypoints": [0, 0, 0, 0, 0, 0], "keypoints": [1, 2, 0.5, 3, 4, 0.25]}'),
        f"{AT}has a field more than once; keep one",
        WITHOUT_FRAME,
    ),
    "keypoints_missing": Broken(
        frame('{"scores": 1.5}'), f"{AT}keypoints: is missing", WITHOUT_FRAME
    ),
    "keypoints_null": Broken(
        frame('{"keypoints": null}'),
        f"{AT}keypoints: is None, expected a list of 6 numbers",
        WITHOUT_FRAME,
    ),
    "keypoints_few": Broken(
        frame('{"keypoints": [1, 2, 0.5, 3, 4]}'),
        f"{AT}keypoints: has 5 numbers, expected x, y and confidence of 2 joints",
        WITHOUT_FRAME,
    ),
    "keypoints_nested": Broken(
        frame('{"keypoints": [[1, 2, 0.5], [3, 4, 0.25]]}'),
        f"{AT}keypoints: has 2 numbers, expected x, y and confidence of 2 joints",
        WITHOUT_FRAME,
    ),
    "nan": Broken(value("NaN"), f"{AT}keypoints[4]: is nan, {NUMBER}", WITHOUT_FRAME),
    "infinity": Broken(value("-Infinity"), f"{AT}keypoints[4]: is -inf, {NUMBER}", WITHOUT_FRAME),
    "overflow": Broken(value("1e999"), f"{AT}keypoints[4]: is inf, {NUMBER}", WITHOUT_FRAME),
    "large": Broken(
        value("-1000000001"), f"{AT}keypoints[4]: is -1000000001, {NUMBER}", WITHOUT_FRAME
    ),
    "lowest_int": Broken(
        value("-9223372036854775808"),
        f"{AT}keypoints[4]: is -9223372036854775808, {NUMBER}",
        WITHOUT_FRAME,
    ),
    "endless": Broken(value("9" * 1_000_000), f"{AT}keypoints[4]: is inf, {NUMBER}", WITHOUT_FRAME),
    "string": Broken(value('"4"'), f"{AT}keypoints[4]: is '4', {NUMBER}", WITHOUT_FRAME),
    "true": Broken(value("true"), f"{AT}keypoints[4]: is True, {NUMBER}", WITHOUT_FRAME),
    "false": Broken(value("false"), f"{AT}keypoints[4]: is False, {NUMBER}", WITHOUT_FRAME),
    "null": Broken(value("null"), f"{AT}keypoints[4]: is None, {NUMBER}", WITHOUT_FRAME),
    "inner_list": Broken(value("[4]"), f"{AT}keypoints[4]: is [4], {NUMBER}", WITHOUT_FRAME),
    "score_nan": Broken(
        frame(f'{GOOD[:-1]}, "scores": NaN}}'), f"{AT}scores: is nan, {NUMBER}", WITHOUT_FRAME
    ),
    "score_string": Broken(
        frame(f'{GOOD[:-1]}, "scores": "1"}}'), f"{AT}scores: is '1', {NUMBER}", WITHOUT_FRAME
    ),
    "score_list": Broken(
        frame(f'{GOOD[:-1]}, "scores": [1]}}'), f"{AT}scores: is [1], {NUMBER}", WITHOUT_FRAME
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_used_is_one_error_with_its_place(tmp_path: Path, name: str) -> None:
    broken = BROKEN[name]
    path = tmp_path / "a.json"
    path.write_text(broken.text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert str(caught.value) == f"{path}: {broken.message}"


@pytest.mark.parametrize("name", BROKEN)
def test_skip_bad_leaves_out_that_and_no_more(tmp_path: Path, name: str) -> None:
    broken = BROKEN[name]
    (tmp_path / "a.json").write_text(broken.text, encoding="utf-8")
    (tmp_path / "b.json").write_text(f'{{"1": {{"2": {GOOD}}}}}')
    tracks, skipped, _ = read(tmp_path, skip_bad=True)
    assert skipped == (f"a.json: {broken.message}",)
    left = [("a", person, frames) for person, frames in broken.left or []]
    assert found(tracks) == [*left, ("b", 1, [2])]
    assert tracks.clips == (("b",) if broken.left is None else ("a", "b"))
    assert (tracks.keypoints == [[1, 2, 0.5], [3, 4, 0.25]]).all()


def test_skip_bad_tells_of_each_thing_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(f'{{"1": {{"2": {{}}, "x": {GOOD}}}, "-1": 5}}')
    tracks, skipped, _ = read(tmp_path, skip_bad=True)
    assert tracks.clips == ("a",)
    assert found(tracks) == []
    assert [message.split(": ")[:-1] for message in skipped] == [
        ["a.json", "person '-1'"],
        ["a.json", "person 1", "frame 'x'"],
        ["a.json", "person 1", "frame 2", "keypoints"],
    ]


def test_a_byte_order_mark_and_utf_16_are_no_fault(tmp_path: Path) -> None:
    for name, encoding in (("a", "utf-8-sig"), ("b", "utf-16")):
        (tmp_path / f"{name}.json").write_bytes(f'{{"1": {{"2": {GOOD}}}}}'.encode(encoding))
    assert found(read(tmp_path).tracks) == [("a", 1, [2]), ("b", 1, [2])]


def test_a_foreign_file_name_is_an_error_that_says_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "01_0001_alphapose_tracked_person.json").write_text("{}")
    (tmp_path / "notes.json").write_text("{}")
    pose_file = BENCHMARKS["shanghaitech"].pose_file
    message = f"is not named like a pose file, expected {pose_file.pattern}"
    with pytest.raises(InputError) as caught:
        read(tmp_path, pose_file=pose_file)
    assert str(caught.value) == f"{tmp_path / 'notes.json'}: {message}"
    tracks, skipped, _ = read(tmp_path, pose_file=pose_file, skip_bad=True)
    assert tracks.clips == ("01_0001",)
    assert skipped == (f"notes.json: {message}",)


def test_two_files_of_one_clip_are_an_error(tmp_path: Path) -> None:
    for name in ("a.json", "a_alphapose_tracked_person.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match=r"person\.json: is a second file of clip a; keep one"):
        read(tmp_path)


def test_clips_that_are_left_out_are_not_even_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("broken")
    (tmp_path / "b.json").write_text(f'{{"1": {{"2": {GOOD}}}}}')
    tracks, skipped, content_hash = read(tmp_path, leaves_out=lambda clip: clip == "a")
    assert tracks.clips == ("b",)
    assert found(tracks) == [("b", 1, [2])]
    assert skipped == ()
    (tmp_path / "a.json").unlink()
    assert read(tmp_path).content_hash == content_hash
    with pytest.raises(InputError, match=r"has no \*\.json"):
        read(tmp_path, leaves_out=lambda _: True)


def test_file_names_that_name_no_clip_are_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(InputError, match=r"notes\.json: is not named like a pose file"):
        read(tmp_path, pose_file=BENCHMARKS["shanghaitech"].pose_file, leaves_out=lambda _: True)


def test_files_are_read_one_at_a_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(f'{{"1": {{"2": {GOOD}}}}}')
    paths = list_files(tmp_path, CUSTOM)
    files = read_files(paths, Reading(CUSTOM, PAIR, "numeric", skip_bad=False))
    first = next(files)
    assert first.tracks.clips == ("a",)
    assert first.tracks.offsets.tolist() == [0, 1]
    paths[1].write_text("{}")
    second = next(files)
    assert second.tracks.clips == ("b",)
    assert second.tracks.offsets.tolist() == [0]


def _missing(folder: Path) -> Path:
    return folder / "nowhere"


def _file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file"


def _without_json(folder: Path) -> Path:
    (folder / "a.txt").touch()
    return folder


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_missing, "is no folder that can be read (No such file or directory)"),
        (_file, "is no folder that can be read (Not a directory)"),
        (_without_json, "has no *.json; give the folder of the pose files"),
    ],
)
@pytest.mark.parametrize("skip_bad", [False, True])
def test_a_folder_without_pose_files_is_an_error(
    tmp_path: Path, make: Callable[[Path], Path], message: str, skip_bad: bool
) -> None:
    folder = make(tmp_path)
    with pytest.raises(InputError, match=re.escape(f"{folder}: {message}")):
        read(folder, skip_bad=skip_bad)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(InputError, match=r"/a\.json: cannot be read \(Is a directory\)"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"has no pose file that can be used; the first: a\.json"):
        read(tmp_path, skip_bad=True)
    (tmp_path / "b.json").write_text("{}")
    assert read(tmp_path, skip_bad=True).skipped == ("a.json: cannot be read (Is a directory)",)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_file_with_one_wrong_stretch_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = frame(GOOD).encode()
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, min(first + 12, len(text))))
    middle = data.draw(
        st.binary(max_size=3) | st.sampled_from([b"{}", b"[]", b"NaN", b"null", b"true", b'"1"'])
    )
    folder = tmp_path_factory.mktemp("poses")
    (folder / "a.json").write_bytes(text[:first] + middle + text[last:])
    (folder / "b.json").write_text("{}")
    tracks, skipped, _ = read(folder, skip_bad=True)
    assert np.isfinite(tracks.keypoints).all()
    if skipped:
        with pytest.raises(InputError) as caught:
            read(folder)
        assert caught.value.file == str(folder / "a.json")
    else:
        assert found(read(folder).tracks) == found(tracks)
