"""CHAD's and PoseLift's pickles, in whatever form box and keypoints may be."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.clip_files import find_clips
from stgnf_jax.pose_formats.clip_poses import ClipPoses, read_clip
from stgnf_jax.pose_formats.numpy_pickle import flat, load_pickle
from tests.pose_formats.samples import NUM_FRAMES, PEOPLE, pose

BOX = [135.4, 22.5, 190.9, 180.2]


def read(path: Path, frames: Any, protocol: int = 4) -> ClipPoses:
    path.write_bytes(frames if isinstance(frames, bytes) else pickle.dumps(frames, protocol))
    (clip,) = find_clips(path, ["chad"])
    return read_clip(clip, ["chad"], None, lambda: None)


FORMS: dict[str, Callable[[np.ndarray[Any, Any]], Any]] = {
    "tuple of lists": lambda points: (BOX, points.tolist()),
    "list of arrays": lambda points: [np.array(BOX), points],
    "flat float32 in Fortran's order": lambda points: [BOX, np.asfortranarray(points, np.float32)],
    "big-endian": lambda points: [BOX, points.astype(">f8").ravel()],
    "numbers of NumPy": lambda points: [BOX, list(points.ravel())],
    "column of objects": lambda points: _column(BOX, points.ravel().tolist()),
}


def _column(*values: Any) -> Any:
    """`array([[box], [keypoints]])`, as CHAD's description writes it."""
    column = np.empty((2, 1), object)
    column[:, 0] = values
    return column


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("form", FORMS)
def test_all_forms_are_the_same_poses(tmp_path: Path, form: str, protocol: int) -> None:
    frames = {
        str(frame): {np.int64(person): FORMS[form](pose(frame, person)) for person in PEOPLE}
        for frame in range(NUM_FRAMES)
    }
    poses = read(tmp_path / "clip.pkl", frames, protocol)
    assert list(zip(poses.person, poses.frame, strict=True)) == [
        (person, frame) for person in PEOPLE for frame in range(NUM_FRAMES)
    ]
    expected = [pose(frame, person) for person in PEOPLE for frame in range(NUM_FRAMES)]
    np.testing.assert_allclose(poses.keypoints, expected, rtol=1e-7)


def test_older_numpy_is_read_too(tmp_path: Path) -> None:
    raw = pickle.dumps({0: {1: [BOX, pose(0, 1)]}}, 2).replace(b"numpy._core", b"numpy.core")
    assert len(read(tmp_path / "clip.pkl", raw).frame) == 1


def test_what_is_no_number_is_not_seen_or_certain(tmp_path: Path) -> None:
    points = pose(0, 1)
    points[3, 0] = np.nan
    points[5, 2] = np.nan
    (keypoints,) = read(tmp_path / "clip.pkl", {0: {1: [BOX, points]}}).keypoints
    assert keypoints[3].tolist() == [0, 0, 0]
    assert keypoints[5].tolist() == [*points[5, :2], 1]


@pytest.mark.parametrize(
    ("detection", "message"),
    [
        ([BOX], "person 1: frame 7: detection: is .*, expected a box and keypoints"),
        ([BOX, [1.0] * 48], "frame 7: keypoints: has 16 joints, expected 17"),
        ([BOX, [1.0] * 50 + ["x"]], r"frame 7: keypoints\[50\]: is 'x', expected a number"),
        ([BOX, [[[[[[1.0]]]]]]], "frame 7: detection: is nested too deeply"),
        ([BOX, np.array(["a"] * 51)], "has an array of 'U1', expected one of numbers"),
        ([BOX, np.zeros((2, 2, 2, 2, 2))], "frame 7: detection: has an array with the state"),
    ],
)
def test_faults_are_named_with_their_place(tmp_path: Path, detection: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path / "clip.pkl", {7: {1: detection}})


def test_an_array_of_other_size_than_it_says_is_damaged(tmp_path: Path) -> None:
    raw = pickle.dumps({0: {1: [BOX, np.zeros(51, np.float64)]}}, 4)
    with pytest.raises(InputError, match="has 408 bytes for 50 numbers of float64"):
        read(tmp_path / "clip.pkl", raw.replace(b"K3\x85", b"K2\x85"))


def test_a_type_that_numpy_does_not_know(tmp_path: Path) -> None:
    raw = pickle.dumps({0: {1: [BOX, np.zeros(51, np.float64)]}}, 4)
    with pytest.raises(InputError, match=r"has an array of 'f1', expected one of numbers"):
        read(tmp_path / "clip.pkl", raw.replace(b"f8", b"f1"))


def test_lists_that_share_what_is_in_them_do_not_explode(tmp_path: Path) -> None:
    many: Any = 1.0
    for _ in range(4):
        many = [many] * 100_000
    with pytest.raises(InputError, match="has 52 numbers"):
        read(tmp_path / "clip.pkl", {0: {1: [BOX, many]}})


def test_nothing_in_a_pickle_runs(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    raw = b"cpathlib\nPath.touch\n(S'" + str(canary).encode() + b"'\ntR."
    with pytest.raises(InputError, match="refused"):
        read(tmp_path / "clip.pkl", raw)
    assert not canary.exists()
    with pytest.raises(InputError, match="something else than bytes"):
        load_pickle(b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.")
    assert list(flat(load_pickle(pickle.dumps(np.arange(3.0))))) == [0, 1, 2]
