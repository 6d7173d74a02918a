import zipfile
from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.ground_truth import masks_without_poses, read_mask
from stgnf_jax.npz_masks import clips_of_npz

NWPU = BENCHMARKS["nwpu_campus"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "NWPU_Campus_gt.npz"
    np.savez(path, D002_01=np.array([0, 1, 0]), D001_02=np.array([0, 0], np.uint8))
    return path


def test_the_mask_of_each_clip(file: Path) -> None:
    assert read_mask(file.parent, "D002_01", NWPU).tolist() == [True, False, True]
    assert read_mask(file.parent, "D001_02", NWPU).tolist() == [True, True]
    assert clips_of_npz(file) == ["D001_02", "D002_01"]
    assert masks_without_poses(file.parent, ["D001_02"], NWPU) == ["D002_01"]


def test_a_clip_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(InputError, match=r"NWPU_Campus_gt\.npz: has no array D009_01"):
        read_mask(file.parent, "D009_01", NWPU)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"NWPU_Campus_gt\.npz: is missing; the mask of clip D0"):
        read_mask(tmp_path, "D001_01", NWPU)


def test_objects_are_never_unpickled(file: Path) -> None:
    np.savez(file, D001_01=np.array([0, None]))
    with pytest.raises(InputError, match=r"gt\.npz: D001_01: is not a mask that can be read .Obj"):
        read_mask(file.parent, "D001_01", NWPU)


@pytest.mark.parametrize(
    ("mask", "message"),
    [(np.zeros((1, 3)), r"has shape \(1, 3\)"), (np.array([0, 2]), "frame 1: holds 2")],
)
def test_what_is_no_mask_is_refused(file: Path, mask: np.ndarray, message: str) -> None:
    np.savez(file, D001_01=mask)
    with pytest.raises(InputError, match=rf"NWPU_Campus_gt\.npz: {message}"):
        read_mask(file.parent, "D001_01", NWPU)


def test_other_files_are_refused(file: Path) -> None:
    whole = file.read_bytes()
    for content in (b"", b"0,1,0", whole[:60], whole[:-30]):
        file.write_bytes(content)
        with pytest.raises(InputError, match=r"gt\.npz: is not an NPZ file that can be read"):
            read_mask(file.parent, "D001_02", NWPU)
    np.save(file.with_suffix(".npy"), np.zeros(3))
    file.with_suffix(".npy").rename(file)
    with pytest.raises(InputError, match=r"gt\.npz: .* \(it is not an NPZ file\); it holds an"):
        read_mask(file.parent, "D001_02", NWPU)


def test_a_member_that_is_no_array_is_refused(file: Path) -> None:
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("D003_01.npy", "0,1,0")
    with pytest.raises(InputError, match=r"D003_01: is not a mask .*\(it is no array\)"):
        read_mask(file.parent, "D003_01", NWPU)


def test_a_damaged_array_is_refused(file: Path) -> None:
    damaged = bytearray(file.read_bytes())
    damaged[damaged.index(b"NUMPY")] ^= 1
    file.write_bytes(bytes(damaged))
    with pytest.raises(InputError, match=r"gt\.npz: D002_01: is not a mask that can be read"):
        read_mask(file.parent, "D002_01", NWPU)
