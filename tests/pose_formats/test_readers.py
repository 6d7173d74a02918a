"""What readers say of files that are not as they should be, and what else they take."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats import contents
from stgnf_jax.pose_formats.clip_files import find_clips
from stgnf_jax.pose_formats.clip_poses import ClipPoses, read_clip
from stgnf_jax.pose_formats.registry import FORMATS
from tests.pose_formats import samples
from tests.pose_formats.samples import COCO_17, SAMPLES


def read(source: Path, *formats: str) -> ClipPoses:
    names = formats or tuple(FORMATS)
    (clip,) = find_clips(source, names)
    return read_clip(clip, names, None, lambda: None)


def change(path: Path, edit: Callable[[Any], None]) -> Path:
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))
    return path


def _set(value: Any, *keys: Any) -> Callable[[Any], None]:
    def edit(document: Any) -> None:
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = value

    return edit


@pytest.mark.parametrize(
    ("sample", "edit", "message"),
    [
        (samples.alphapose, _set("x", 3), r"entry\[3\]: is 'x', expected an object"),
        (samples.alphapose, _set("no.jpg", 2, "image_id"), "has no number of a frame in 'no.jpg'"),
        (samples.alphapose, _set(-1, 2, "image_id"), r"entry\[2\]: frame: is -1, expected a whole"),
        (
            samples.alphapose,
            _set([1.5], 2, "idx"),
            r"entry\[2\]: idx: person: is 1.5, expected a whole number",
        ),
        (
            samples.alphapose,
            _set("left", 2, "keypoints", 4),
            r"frame 1: entry\[2\]: keypoints\[4\]: is 'left', expected a number",
        ),
        (
            samples.coco,
            _set(None, 2, "keypoints"),
            r"frame 1: entry\[2\]: keypoints: is None, expected a list",
        ),
        (
            samples.coco,
            _set([1.0] * 48, 2, "keypoints"),
            r"frame 1: entry\[2\]: keypoints: has 16 joints, expected 17 or 133 or 136",
        ),
        (
            samples.coco,
            _set([1.0] * 50, 2, "keypoints"),
            r"keypoints: has 50 numbers, expected x, y and confidence of every joint",
        ),
        (samples.coco, _set(True, 2, "score"), r"entry\[2\]: score: is True, expected a number"),
        (samples.coco, _set(1e300, 2, "keypoints", 0), r"is 1e\+300, expected a number of size"),
        (
            samples.mmpose,
            _set([1.0], 1, "instances", 0, "keypoint_scores"),
            r"frame 1: entry\[1\]: instances\[0\]: keypoint_scores: has 1 numbers for 17 keypoints",
        ),
        (
            samples.mmpose,
            _set([1.0], 1, "instances", 0, "keypoints"),
            r"frame 1: entry\[1\]: instances\[0\]: keypoints: is not a list of \[x, y\]",
        ),
        (
            samples.ultralytics,
            _set([], 1, 0, "keypoints", "y"),
            r"frame 1: person\[0\]: keypoints: has 17 x, 0 y and 17 visible",
        ),
        (
            samples.ultralytics,
            _set("none", 1, 0, "keypoints"),
            r"frame 1: person\[0\]: keypoints: is 'none', expected an object with x and y",
        ),
        (
            samples.mediapipe,
            _set(None, 1, "pose_landmarks", 0, 5, "x"),
            r"frame 1: result\[1\]: person 0\[5\]: x: is None, expected a number",
        ),
        (
            samples.mediapipe,
            _set([], 1, "pose_landmarks", 0),
            r"frame 1: result\[1\]: person 0: has 0 joints, expected 33",
        ),
        (
            samples.tracked,
            _set([], "2", "1", "keypoints"),
            r"person 2: frame 1: keypoints: has 0 numbers, expected x, y and confidence",
        ),
        # With NaN beside it, an integer is not rounded to a float.
        (
            samples.tracked,
            _set([-(10**30), float("nan")], "2"),
            r"person 2: entry 0: is -1000*, expected an object of frames",
        ),
    ],
)
def test_faults_are_named_with_their_place(
    tmp_path: Path, sample: Callable[[Path], Path], edit: Callable[[Any], None], message: str
) -> None:
    with pytest.raises(InputError, match=rf"clip.json: .*{message}"):
        read(change(sample(tmp_path), edit))


def test_faults_in_frames_name_the_file(tmp_path: Path) -> None:
    folder = samples.openpose(tmp_path)
    change(
        folder / "video2_000000000002_keypoints.json",
        _set([1.0] * 51, "people", 1, "pose_keypoints_2d"),
    )
    message = (
        r"video2_000000000002_keypoints.json: frame 2: people\[1\]: pose_keypoints_2d: has 17 "
        r"joints, expected 25 or 18"
    )
    with pytest.raises(InputError, match=message):
        read(folder)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"left_eye_x": "a"}, r"frame 0: row\[0\]: left_eye_x: is 'a', expected a number"),
        ({"left_eye_x": "nan"}, r"frame 0: row\[0\]: left_eye_x: is nan, expected a number"),
        ({"frame": "1.5"}, r"row\[0\]: frame: is '1.5', expected a whole number"),
        ({"person": "Ann"}, r"row\[0\]: person: is 'Ann', expected a whole number"),
    ],
)
def test_faults_in_tables(tmp_path: Path, row: dict[str, str], message: str) -> None:
    header, first = samples.csv_table(tmp_path).read_text().splitlines()[:2]
    cells = dict(zip(header.split(","), first.split(","), strict=True)) | row
    (tmp_path / "clip.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    with pytest.raises(InputError, match=rf"clip.csv: {message}"):
        read(tmp_path / "clip.csv")


def test_a_table_without_a_joint_or_with_an_empty_one(tmp_path: Path) -> None:
    path = samples.csv_table(tmp_path)
    text = path.read_text()
    path.write_text(text.replace("left_hip_y", "hip"))
    with pytest.raises(InputError, match=r"row\[0\]: left_hip_y: is not among the columns"):
        read(path)
    header, first = text.splitlines()[:2]
    cells = dict(zip(header.split(","), first.split(","), strict=True))
    cells |= {"nose_x": "", "left_eye_confidence": "", "person": "", "score": ""}
    path.write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    poses = read(path)
    assert poses.keypoints[0, :2].tolist() == [[0, 0, 0], [101, 1 / 32, 1]]
    assert poses.person.tolist() == [-1]
    assert np.isnan(poses.score).all()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3, 17, 2)), r"has shape \(2, 3, 17, 2\), expected \(persons, frames, joints"),
        (np.zeros((3, 17, 3)), r"has shape \(3, 17, 3\), expected"),
        (np.zeros((2, 3, 16, 3)), r"with one of 17, 18, 25, 26, 33, 133, 136 joints"),
        (np.full((2, 3, 17, 3), np.inf), r"person 0: frame 0: has numbers above 1e\+09"),
        (np.full((2, 3, 17, 3), "a"), r"holds <U1, expected numbers"),
        (np.full((2, 3, 17, 3), None), r"is not an array that can be read"),
    ],
)
def test_faults_in_arrays(tmp_path: Path, array: Any, message: str) -> None:
    np.save(tmp_path / "clip.npy", array)
    with pytest.raises(InputError, match=rf"clip.npy: .*{message}"):
        read(tmp_path / "clip.npy")


@pytest.mark.parametrize("joints", [18, 25, 26, 33])
def test_arrays_of_other_layouts(tmp_path: Path, joints: int) -> None:
    layouts = {
        18: samples.OPENPOSE_18,
        25: samples.BODY_25,
        26: samples.HALPE_26,
        33: samples.MEDIAPIPE_33,
    }
    poses = read(samples.numpy_array(tmp_path, layouts[joints]))
    np.testing.assert_allclose(poses.keypoints[0], samples.pose(0, 1), rtol=1e-6)


@pytest.mark.parametrize("joints", [133, 136])
def test_whole_bodies_begin_with_the_17(tmp_path: Path, joints: int) -> None:
    poses = read(samples.alphapose(tmp_path, [*COCO_17, *["Face"] * (joints - 17)]))
    np.testing.assert_array_equal(poses.keypoints[0], samples.pose(0, 1))


def test_alphapose_without_tracks_and_in_its_evaluation_mode(tmp_path: Path) -> None:
    path = samples.alphapose(tmp_path, tracked=False)
    assert read(path).person.tolist() == [-1] * 6
    document = json.loads(path.read_text())
    # Without tracking it writes 0 for everybody, and lists of it where people were merged.
    path.write_text(json.dumps([e | {"idx": [0.0] * (1 + n)} for n, e in enumerate(document)]))
    assert read(path).person.tolist() == [-1] * 6
    path.write_text(json.dumps([e | {"image_id": f, "idx": 7} for f, e in enumerate(document)]))
    poses = read(path)
    assert poses.frame.tolist() == [0, 1, 2, 3, 4, 5]
    assert poses.person.tolist() == [7] * 6


def test_openpose_without_tracks(tmp_path: Path) -> None:
    folder = samples.openpose(tmp_path)
    for file in folder.iterdir():
        change(file, _set([-1], "people", 0, "person_id"))
        change(file, lambda frame: frame["people"][1].pop("person_id"))
    assert read(folder).person.tolist() == [-1] * 6


def test_a_yolo_joint_at_the_corner_was_not_found(tmp_path: Path) -> None:
    path = samples.ultralytics(tmp_path)
    change(path, _set(0.0, 0, 0, "keypoints", "x", 0))  # y is 0 there anyway.
    change(path, lambda frames: frames[1][0]["keypoints"].pop("visible"))
    poses = read(path)
    assert poses.keypoints[0, 0].tolist() == [0, 0, 0]
    assert poses.keypoints[1, :, 2].tolist() == [1] * 17


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("a.json", b"{", "is not JSON"),
        ("a.json", b"\xff\xfe", "is not JSON"),
        ("a.json", b"[" * 10**6, "is nested too deeply to hold poses"),
        ("a.csv", b'frame,nose_x\n"1', "is not CSV after line"),
        ("a.csv", b"frame,nose_x\n\xff,1", "is not text in UTF-8"),
        ("a.npy", b"", "is not an array that can be read"),
        ("a.npy", b"\x93NUMPY\x01\x00\x04\x00{{{\n", "is not an array that can be read"),
    ],
)
def test_files_that_are_not_what_their_names_say(
    tmp_path: Path, name: str, raw: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(InputError, match=f"{name}: {message}"):
        read(tmp_path / name)


def test_an_empty_array_of_any_length_has_nobody(tmp_path: Path) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": (2**50, 0, 17, 3)}
    with open(tmp_path / "clip.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
    assert len(read(tmp_path / "clip.npy").frame) == 0


def test_files_that_are_missing_or_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"a\.json: is missing; give a file or folder of poses"):
        read(tmp_path / "a.json")
    monkeypatch.setattr(contents, "LARGEST_FILE", 100)
    with pytest.raises(InputError, match=r"clip.json: is larger than 100 bytes; split the clip"):
        read(samples.coco(tmp_path))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


def _mutated(draw: Callable[[Any], Any], value: Any) -> Any:
    """The same with another value somewhere inside, or another value."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 4)):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = draw(st.sampled_from(keys))
        changed = value.copy()
        changed[key] = _mutated(draw, value[key])
        return changed
    return draw(VALUES)


def _read_or_refuse(path: Path, *formats: str) -> None:
    """Anything but an `InputError` fails the test."""
    with contextlib.suppress(InputError):
        read(path, *formats)


@pytest.mark.parametrize(
    "sample",
    ["alphapose", "coco", "mmpose demo, Halpe-26", "ultralytics", "mediapipe", "tracked"],
)
def test_garbage_in_the_middle_is_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, sample: str
) -> None:
    name, write = SAMPLES[sample]
    path = write(tmp_path_factory.mktemp("fuzz"))
    document = json.loads(path.read_text())

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        path.write_text(json.dumps(_mutated(data.draw, document)))
        _read_or_refuse(path)
        _read_or_refuse(path, name)

    check()


@pytest.mark.parametrize("suffix", [".json", ".csv", ".npy", ".pkl"])
@pytest.mark.filterwarnings("ignore:Reading .npy:UserWarning")
def test_garbage_is_an_input_error(tmp_path_factory: pytest.TempPathFactory, suffix: str) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    good = {
        ".json": samples.tracked(folder).read_bytes(),
        ".csv": samples.csv_table(folder).read_bytes(),
        ".npy": samples.numpy_array(folder).read_bytes(),
        ".pkl": samples.chad(folder).read_bytes(),
    }[suffix]

    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=40), st.integers(0, 300), st.integers(0, 50))
    def check(noise: bytes, start: int, length: int) -> None:
        (folder / f"noise{suffix}").write_bytes(noise)
        _read_or_refuse(folder / f"noise{suffix}")
        (folder / f"noise{suffix}").write_bytes(good[:start] + noise + good[start + length :])
        _read_or_refuse(folder / f"noise{suffix}")

    check()
