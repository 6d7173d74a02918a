"""MATLAB files up to version 7: the cells of one variable, an array at a time.

The format is what MathWorks describes as level 5 MAT-files: a header, then elements, each a tag
(type, size) and its data; a matrix is an element of elements: flags, dimensions, name, data. SciPy
reads such files too, but a damaged one makes it crash and Python with it.
"""

import io
import math
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError

Read = Callable[[int], bytes]

_HEADER, _TAG = 128, 8
# Types of elements.
_MATRIX, _COMPRESSED = 14, 15
_DTYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_DTYPES |= {12: "i8", 13: "u8"}
# Classes of matrices.
_CELL, _NUMERIC = 1, range(6, 16)
# No element that is read is larger, whatever a file says: 4096 x 4096 pixels as bytes.
_LARGEST = 2**24
_CHUNK = 2**16


class _Matrix(NamedTuple):
    """What a matrix says of itself: its class, dimensions and name."""

    kind: int
    shape: tuple[int, ...]
    name: str


def read_cells(path: Path, variable: str) -> Iterator[NDArray[np.generic]]:
    """The arrays of numbers in a row of cells.

    Args:
      path: the file.
      variable: name of the cell array.

    Raises:
      InputError: the file is damaged, or of another kind, or has no such variable of this form.
      OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        order = _byte_order(file.read(_HEADER))
        for read in _matrices(file, order):
            matrix = _read_matrix(read, order)
            if matrix.name == variable:
                yield from _cells(read, order, matrix)
                return
    raise InputError("is missing", field=variable)


def _byte_order(header: bytes) -> str:
    order = {b"IM": "<", b"MI": ">"}.get(header[-2:])
    if len(header) < _HEADER or order is None or header.startswith(b"MATLAB 7.3"):
        raise InputError("is no MATLAB file up to version 7; save it with -v7")
    return order


def _matrices(file: BinaryIO, order: str) -> Iterator[Read]:
    """For each matrix of a file, what reads on from its first element."""
    while tag := file.read(_TAG):
        kind, size = _numbers(order, tag)
        after = file.tell() + size
        read = _exactly(file.read)
        if kind == _COMPRESSED:
            read = _exactly(_inflated(file, size))
            kind, _ = _numbers(order, read(_TAG))
        if kind == _MATRIX:
            yield read
        file.seek(after)


def _numbers(order: str, tag: bytes) -> tuple[int, int]:
    if len(tag) < _TAG:
        raise InputError("ends too early; copy it again")
    kind, size = struct.unpack(f"{order}II", tag)
    return kind, size


def _inflated(file: BinaryIO, size: int) -> Read:
    """Reads from `size` compressed bytes, never more than it is asked for."""
    inflate, left = zlib.decompressobj(), size

    def read(count: int) -> bytes:
        nonlocal left
        while True:
            packed = inflate.unconsumed_tail or file.read(min(left, _CHUNK))
            left -= 0 if inflate.unconsumed_tail else len(packed)
            try:
                found = inflate.decompress(packed, count)
            except zlib.error as error:
                raise InputError(f"is damaged ({error})") from error
            if found or not packed:
                return found

    return read


def _exactly(read: Read) -> Read:
    """Reads as many bytes as it is asked for."""

    def read_all(count: int) -> bytes:
        if count > _LARGEST:
            raise InputError(f"is damaged, or too large: it has an element of {count} bytes")
        found = b""
        while len(found) < count:
            more = read(count - len(found))
            if not more:
                raise InputError("ends too early; copy it again")
            found += more
        return found

    return read_all


def _element(read: Read, order: str) -> tuple[int, bytes]:
    """The next element: its type and its data."""
    tag = read(_TAG)
    kind, size = _numbers(order, tag)
    if kind >> 16:  # A small element has its data, up to four bytes, in its tag.
        return kind & 0xFFFF, tag[4 : 4 + (kind >> 16)]
    data = read(size)
    read(-size % 8)
    return kind, data


def _values(element: tuple[int, bytes], order: str) -> NDArray[Any]:
    kind, data = element
    dtype = np.dtype(order + _DTYPES.get(kind, "V1"))
    if kind not in _DTYPES or len(data) % dtype.itemsize:
        raise InputError(f"is damaged: it has {len(data)} bytes of type {kind}")
    return np.frombuffer(data, dtype)


def _read_matrix(read: Read, order: str) -> _Matrix:
    flags, shape = (_values(_element(read, order), order) for _ in range(2))
    _, name = _element(read, order)
    if flags.dtype.kind != "u" or not flags.size or shape.dtype.kind != "i" or (shape < 0).any():
        raise InputError("is damaged: it has a matrix without class or dimensions")
    return _Matrix(int(flags[0]) & 0xFF, tuple(map(int, shape)), name.decode("latin-1"))


def _cells(read: Read, order: str, matrix: _Matrix) -> Iterator[NDArray[np.generic]]:
    if matrix.kind != _CELL or len(matrix.shape) != 2 or 1 not in matrix.shape:
        raise InputError("is no row of cells", field=matrix.name)
    for number in range(1, math.prod(matrix.shape) + 1):
        kind, data = _element(read, order)
        inner = _exactly(io.BytesIO(data).read)
        cell = _read_matrix(inner, order) if kind == _MATRIX else None
        if cell is None or cell.kind not in _NUMERIC:
            raise InputError("is no array of numbers", field=f"{matrix.name}{{{number}}}")
        values = _values(_element(inner, order), order)
        if values.size != math.prod(cell.shape):
            raise InputError("is damaged: it lacks numbers", field=f"{matrix.name}{{{number}}}")
        yield values.reshape(cell.shape, order="F")
