"""MATLAB files are held to what SciPy writes, and read to the end or refused."""

import struct
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from stgnf_jax.errors import InputError
from stgnf_jax.mat_file import read_cells

DTYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "?")


def cells_of(*values: object) -> np.ndarray:
    cells = np.empty((1, len(values)), object)
    for place, value in enumerate(values):
        cells[0, place] = value
    return cells


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two variables, the cells in the second: one that fits in a tag and a larger one."""
    cells = cells_of(np.array([[3]], np.uint8), np.arange(12.0).reshape(3, 4))
    savemat(tmp_path / "a.mat", {"text": "abc", "cells": cells})
    return tmp_path / "a.mat"


@pytest.mark.parametrize("compressed", [False, True])
def test_cells_are_what_scipy_wrote(tmp_path: Path, compressed: bool) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0, 100, (n, 40 - n)).astype(d) for n, d in enumerate(DTYPES)]
    variables = {"before": {"a": 1.0}, "cells": cells_of(*arrays), "after": np.zeros(3)}
    savemat(tmp_path / "a.mat", variables, do_compression=compressed)
    found = list(read_cells(tmp_path / "a.mat", "cells"))
    assert len(found) == len(DTYPES)
    for array, expected in zip(found, arrays, strict=True):
        assert array.shape == expected.shape
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_file_by_hand_in_either_byte_order(tmp_path: Path, order: str) -> None:
    """Doubles that MATLAB stores as bytes, a long name, and an array with nothing in it."""

    def element(kind: int, data: bytes) -> bytes:
        return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8)

    def small(kind: int, data: bytes) -> bytes:
        return struct.pack(f"{order}I", len(data) << 16 | kind) + data.ljust(4, b"\0")

    def matrix(mx_class: int, shape: tuple[int, int], name: bytes, data: bytes) -> bytes:
        flags = element(6, struct.pack(f"{order}II", mx_class, 0))
        dimensions = element(5, struct.pack(f"{order}ii", *shape))
        return element(14, flags + dimensions + element(1, name) + data)

    first = matrix(6, (2, 1), b"", small(2, b"\7\1"))
    second = matrix(6, (0, 0), b"", element(9, b""))
    header = bytes(124) + struct.pack(f"{order}HH", 0x0100, 0x4D49)
    whole = header + matrix(1, (1, 2), b"a_long_name", first + second)
    (tmp_path / "a.mat").write_bytes(whole)
    found = list(read_cells(tmp_path / "a.mat", "a_long_name"))
    assert [array.tolist() for array in found] == [[[7], [1]], []]


def test_a_variable_that_is_not_there(file: Path) -> None:
    with pytest.raises(InputError, match="other: is missing"):
        list(read_cells(file, "other"))


def test_an_element_beyond_all_bounds_is_not_read(file: Path) -> None:
    damaged = bytearray(file.read_bytes())
    place = damaged.index(struct.pack("<II", 9, 96))  # the tag of the twelve doubles
    damaged[place + 4 : place + 8] = struct.pack("<I", 2**32 - 8)
    file.write_bytes(damaged)
    with pytest.raises(InputError, match="is damaged, or too large: it has an element of 42949"):
        list(read_cells(file, "cells"))


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_cut_short_is_refused(tmp_path: Path, compressed: bool) -> None:
    file = tmp_path / "a.mat"
    savemat(file, {"cells": cells_of(np.eye(2), np.eye(3))}, do_compression=compressed)
    whole = file.read_bytes()
    for size in range(0, len(whole) - 16):
        file.write_bytes(whole[:size])
        with pytest.raises(InputError):
            list(read_cells(file, "cells"))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, compressed: bool, flip: int) -> None:
    file = tmp_path / "a.mat"
    savemat(file, {"cells": cells_of(np.eye(2), np.eye(3))}, do_compression=compressed)
    whole, refused = file.read_bytes(), 0
    for place in range(124, len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= flip
        file.write_bytes(damaged)
        try:
            assert len(list(read_cells(file, "cells"))) <= 2
        except InputError:
            refused += 1
    assert refused > 30
