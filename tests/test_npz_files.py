import zipfile
from pathlib import Path

import numpy as np
import pytest

from stgnf_jax import npz_files
from stgnf_jax.npz_files import load_npz

PACKED = 10**6


def bomb(folder: Path) -> Path:
    """Zeros, which take a thousandth of their size."""
    np.savez_compressed(folder / "bomb.npz", zeros=np.zeros(PACKED, np.uint8))
    assert (folder / "bomb.npz").stat().st_size < PACKED / 500
    return folder / "bomb.npz"


def test_arrays_are_read_when_asked_for(tmp_path: Path) -> None:
    with open(bomb(tmp_path), "rb") as file, load_npz(file) as arrays:
        assert arrays.files == ["zeros"]
        assert arrays["zeros"].shape == (PACKED,)


def test_what_unpacks_to_more_than_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npz_files, "LARGEST", PACKED)
    with (
        open(bomb(tmp_path), "rb") as file,
        pytest.raises(ValueError, match=r"take 1000128 bytes, more than 1000000"),
    ):
        load_npz(file)


def test_what_is_not_packed_may_be_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npz_files, "LARGEST", 10)
    np.savez(tmp_path / "large.npz", zeros=np.zeros(PACKED, np.uint8))
    with open(tmp_path / "large.npz", "rb") as file, load_npz(file) as arrays:
        assert arrays["zeros"].shape == (PACKED,)


def test_no_more_is_unpacked_than_a_member_says(tmp_path: Path) -> None:
    file = bomb(tmp_path)
    size = (PACKED + 128).to_bytes(4, "little")
    assert file.read_bytes().count(size) == 2
    file.write_bytes(file.read_bytes().replace(size, (1000).to_bytes(4, "little")))
    with (
        open(file, "rb") as opened,
        load_npz(opened) as arrays,
        pytest.raises(zipfile.BadZipFile, match="Bad CRC"),  # that of all, after a part
    ):
        _ = arrays["zeros"]


def test_another_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros(3))
    with (
        open(tmp_path / "one.npy", "rb") as file,
        pytest.raises(ValueError, match="not an NPZ file"),
    ):
        load_npz(file)
