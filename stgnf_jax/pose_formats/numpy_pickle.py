"""Pickles of dicts, lists, numbers and NumPy's arrays, as inert data: see `safe_pickle`.

How NumPy pickles: https://numpy.org/neps/nep-0001-npy-format.html and `ndarray.__reduce__`. An
array names a function that makes an empty one, and gets a state of its shape, type and bytes; the
functions here only keep what they are given, and numbers are made of it when they are asked for.
"""

import math
import re
import reprlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from stgnf_jax import safe_pickle
from stgnf_jax.errors import InputError
from stgnf_jax.safe_pickle import Built

_NUMBERS = re.compile(r"[<>|=]?(?:[iu][1248]|f[248])")
_DEEPEST = 4  # lists in lists around a number, and axes of an array


class _Type(Built):
    """What `numpy.dtype` is called with, and its byte order as the state."""


class _Array(Built):
    """An array: its shape, type, order and bytes, or its objects, as the state."""


def _scalar(args: tuple[object, ...]) -> int | float:
    """`numpy.core.multiarray.scalar(dtype, bytes)`."""
    match args:
        case (_Type() as kind, bytes() as raw):
            value: int | float = _values(kind, raw, 1)[0]
            return value
    raise InputError("has a number of NumPy that is no number")


def _from_buffer(args: tuple[object, ...]) -> _Array:
    """`numpy.core.numeric._frombuffer(bytes, dtype, shape, order)`, of protocol 5."""
    array = _Array(())
    match args:
        case (raw, kind, shape, order):
            array.state = (1, shape, kind, order == "F", raw)
    return array


def _encoded(args: tuple[object, ...]) -> bytes:
    """`_codecs.encode(text, "latin1")`: bytes, as protocol 2 writes them."""
    match args:
        case (str() as text, "latin1"):
            try:
                return text.encode("latin1")
            except UnicodeEncodeError as error:
                raise InputError("has text where bytes are expected") from error
    raise InputError("calls '_codecs.encode' for something else than bytes, which is refused")


_MAKERS: dict[str, safe_pickle.Maker | None] = {
    "_codecs.encode": _encoded,
    "numpy.dtype": _Type,
    "numpy.ndarray": None,
    **{
        f"numpy.{core}.{name}": make
        for core in ("core", "_core")
        for name, make in (
            ("multiarray._reconstruct", _Array),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _from_buffer),
        )
    },
}


def _no_identities(_: object) -> object:
    raise InputError("refers to something outside of the file; it is refused")


def load_pickle(raw: bytes) -> Any:
    """The value of a pickle, in which arrays are opaque: `items` and `flat` look into them.

    Raises:
      InputError: it is damaged, or wants anything but plain values and NumPy's arrays.
    """
    return safe_pickle.load(raw, _MAKERS, _no_identities)


def items(value: Any) -> list[Any] | None:
    """The items of a list, a tuple, or along an array's first axis; None for anything else.

    Raises:
      InputError: an array that is damaged, or of too many axes.
    """
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, _Array):
        return None
    match value.state:
        case (_, tuple() as shape, _Type(), _, list() as objects):
            if shape[:1] == (len(objects),):
                return objects
        case (_, tuple() as shape, _Type() as kind, order, bytes() | bytearray() as raw):
            sizes_fit = all(type(size) is int and 0 <= size <= len(raw) for size in shape)
            if sizes_fit and 0 < len(shape) <= _DEEPEST:
                numbers = np.array(_values(kind, raw, math.prod(shape)))
                listed: list[Any] = numbers.reshape(shape, order="F" if order else "C").tolist()
                return listed
    raise InputError(f"has an array with the state {reprlib.repr(value.state)}, which is no pose's")


def flat(value: Any, depth: int = _DEEPEST) -> Iterator[Any]:
    """What is in lists, tuples and arrays, however they are nested, in their order.

    Lists may share what is in them, so that there may be far more than the file is long.

    Raises:
      InputError: they are nested more than a few times.
    """
    inner = items(value)
    if inner is None:
        yield value
        return
    if not depth:
        raise InputError("is nested too deeply to be a pose")
    for item in inner:
        yield from flat(item, depth - 1)


def _values(kind: _Type, raw: bytes | bytearray, count: int) -> list[Any]:
    code = kind.args[0] if kind.args else None
    order = kind.state[1] if isinstance(kind.state, tuple) and len(kind.state) > 1 else "|"
    if not isinstance(code, str) or not _NUMBERS.fullmatch(f"{order}{code}"):
        raise InputError(f"has an array of {code!r}, expected one of numbers")
    dtype = np.dtype(f"{order}{code}")
    if len(raw) != count * dtype.itemsize:
        raise InputError(f"has {len(raw)} bytes for {count} numbers of {dtype}; it is damaged")
    values: list[Any] = np.frombuffer(raw, dtype).tolist()
    return values
