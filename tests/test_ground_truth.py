from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.ground_truth import masks_without_poses, read_masks

SHANGHAITECH, UBNORMAL = BENCHMARKS["shanghaitech"], BENCHMARKS["ubnormal"]


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_one_is_abnormal_in_shanghaitech(tmp_path: Path, dtype: type) -> None:
    np.save(tmp_path / "01_0001.npy", np.array([0, 1, 1], dtype))
    np.save(tmp_path / "01_0002.npy", np.array([1, 0], dtype))
    second, first = read_masks(tmp_path, ["01_0002", "01_0001"], SHANGHAITECH)
    assert first.dtype == bool
    assert first.tolist() == [True, False, False]
    assert second.tolist() == [False, True]


def test_one_is_normal_in_ubnormal_whose_masks_are_called_txt(tmp_path: Path) -> None:
    clip = "abnormal_scene_1_scenario_1"
    with open(tmp_path / f"{clip}_tracks.txt", "wb") as file:
        np.save(file, np.array([1.0, 0.0]))
    (mask,) = read_masks(tmp_path, [clip], UBNORMAL)
    assert mask.tolist() == [True, False]


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"01_0001\.npy: is missing; the mask of clip 01_0001"):
        read_masks(tmp_path, ["01_0001"], SHANGHAITECH)


def test_a_folder_in_place_of_a_mask_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.npy").mkdir()
    with pytest.raises(InputError, match=r"a\.npy: cannot be read \(Is a directory\)"):
        read_masks(tmp_path, ["a"], SHANGHAITECH)


def test_text_annotations_are_told_from_masks(tmp_path: Path) -> None:
    (tmp_path / "clip_tracks.txt").write_text("1,0,450\r\n")
    with pytest.raises(InputError, match=r"clip_tracks\.txt: is not an NPY file.*annotations"):
        read_masks(tmp_path, ["clip"], UBNORMAL)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.array([0, None]), "is not a mask that can be read .Object arrays"),
        (np.array(["0", "1"]), "holds <U1, expected numbers"),
        (np.zeros((2, 3)), r"has shape \(2, 3\), expected \(number of frames,\)"),
        (np.zeros(()), r"has shape \(\)"),
        (np.zeros(0), r"has shape \(0,\)"),
        (np.array([0, 1, 255], np.uint8), "frame 2: holds 255, expected 0 or 1"),
        (np.array([0, -1]), "frame 1: holds -1"),
        (np.array([0.5, 0.0]), r"frame 0: holds 0\.5"),
        (np.array([0, np.nan]), "frame 1: holds nan"),
    ],
)
def test_what_is_no_mask_is_refused(tmp_path: Path, mask: np.ndarray, message: str) -> None:
    np.save(tmp_path / "a.npy", mask, allow_pickle=True)
    with pytest.raises(InputError, match=rf"a\.npy: {message}"):
        read_masks(tmp_path, ["a"], SHANGHAITECH)


@pytest.mark.parametrize("size", [7, 40, 130])
def test_a_mask_cut_short_is_refused(tmp_path: Path, size: int) -> None:
    np.save(tmp_path / "a.npy", np.zeros(10))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:size])
    with pytest.raises(InputError, match=r"a\.npy: is not a mask that can be read"):
        read_masks(tmp_path, ["a"], SHANGHAITECH)


@pytest.mark.parametrize("header", [b"((10,", b" 9,0)", b"(10')", b"(-1,)"])
def test_a_damaged_header_is_refused(tmp_path: Path, header: bytes) -> None:
    np.save(tmp_path / "a.npy", np.zeros(10))
    damaged = (tmp_path / "a.npy").read_bytes().replace(b"(10,)", header)
    (tmp_path / "a.npy").write_bytes(damaged)
    with pytest.raises(InputError, match=r"a\.npy: is not a mask that can be read"):
        read_masks(tmp_path, ["a"], SHANGHAITECH)


@pytest.mark.reference
def test_the_published_masks_of_shanghaitech(shared: Path) -> None:
    folder = shared / "reference/data/ShanghaiTech/gt/test_frame_mask"
    masks = read_masks(folder, [path.stem for path in folder.iterdir()], SHANGHAITECH)
    frames = np.concatenate(masks)
    assert (len(masks), frames.size, int((~frames).sum())) == (107, 40791, 17326)


@pytest.mark.reference
def test_the_published_masks_of_ubnormal_and_its_training_text(shared: Path) -> None:
    folder = shared / "reference/data/UBnormal/gt"
    (mask,) = read_masks(folder, ["abnormal_scene_10_scenario_3"], UBNORMAL)
    assert (mask.size, int((~mask).sum())) == (491, 350)
    with pytest.raises(InputError, match="is not an NPY file"):
        read_masks(folder, ["abnormal_scene_10_scenario_2"], UBNORMAL)


def test_masks_without_poses_are_named(tmp_path: Path) -> None:
    for name in ("01_0001.npy", "01_0002.npy", "01_0130.npy"):
        np.save(tmp_path / name, np.zeros(3))
    (tmp_path / "notes.txt").write_text("0,1,2")
    (tmp_path / "text.npy").write_text("0,1,2")
    found = masks_without_poses(tmp_path, ["01_0001"], BENCHMARKS["shanghaitech"])
    assert found == ["01_0002.npy", "01_0130.npy"]
    without_left_out = masks_without_poses(tmp_path, ["01_0001"], BENCHMARKS["shanghaitech_hr"])
    assert without_left_out == ["01_0002.npy"]
