import sys
from pathlib import Path

import numpy as np
import pytest

from stgnf_jax import npy_files
from stgnf_jax.npy_files import growing_array, map_array, release


@pytest.mark.parametrize("lengths", [(), (0,), (3,), (0, 3, 0, 120)])
@pytest.mark.parametrize(("dtype", "row"), [(np.float32, (18, 3)), (np.int64, ())])
def test_a_file_that_grew_is_one_that_was_saved(
    tmp_path: Path, lengths: tuple[int, ...], dtype: type[np.generic], row: tuple[int, ...]
) -> None:
    total = sum(lengths)
    array = np.arange(total * int(np.prod(row))).reshape(total, *row).astype(dtype)
    np.save(tmp_path / "saved.npy", array)
    with growing_array(tmp_path / "grown.npy", dtype, row) as append:
        for rows in np.split(array, np.cumsum(lengths)):
            append(rows)
    assert (tmp_path / "grown.npy").read_bytes() == (tmp_path / "saved.npy").read_bytes()
    np.testing.assert_array_equal(map_array(tmp_path / "grown.npy", dtype), array, strict=True)


def test_rows_that_do_not_fit_are_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match=r"a\.npy: rows of float64 \(2, 3\)"),
        growing_array(tmp_path / "a.npy", np.float32, (3,)) as append,
    ):
        append(np.zeros((2, 3)))
    with (
        pytest.raises(ValueError, match=r"b\.npy: rows of float32 \(2, 4\)"),
        growing_array(tmp_path / "b.npy", np.float32, (3,)) as append,
    ):
        append(np.zeros((2, 4), np.float32))


def test_what_is_half_written_says_that_it_is_empty(tmp_path: Path) -> None:
    with growing_array(tmp_path / "a.npy", np.int64, ()) as append:
        append(np.arange(100_000))
        assert (tmp_path / "a.npy").stat().st_size > 100_000
        assert map_array(tmp_path / "a.npy", np.int64).shape == (0,)


def test_another_type_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"a\.npy is not an array of float32"):
        map_array(tmp_path / "a.npy", np.float32)


def _resident_file_pages() -> int:
    """Bytes of this process's memory that are pages of files."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssFile:")[1].split()[0]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_is_released_is_out_of_memory_and_still_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 2**25
    np.save(tmp_path / "a.npy", np.ones(size // 4, np.float32))
    array = map_array(tmp_path / "a.npy", np.float32)
    before = _resident_file_pages()
    assert array.sum() == size // 4
    release(array)
    assert _resident_file_pages() > before + size // 2
    monkeypatch.setattr(npy_files, "_MAY_STAY", size)
    release(array[5:].reshape(-1, 1))
    assert _resident_file_pages() < before + size // 8
    assert array.sum() == size // 4


def test_arrays_that_may_be_changed_keep_their_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npy_files, "_MAY_STAY", 0)
    np.save(tmp_path / "a.npy", np.ones(4))
    private = np.load(tmp_path / "a.npy", mmap_mode="c")
    private[0] = 5
    for array in (private, np.full(4, 5.0), np.full((4, 4), 5.0)[0]):
        release(array)
        assert array[0] == 5
