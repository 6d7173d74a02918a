"""Files of `torch.save` (zip archives, PyTorch 1.6 and later) read without torch or pickle.

An archive holds one folder: `data.pkl`, a pickle that names its tensors' storages, and
`data/<key>`, the raw bytes of each. Both are treated as hostile.
"""

import math
import os
import re
import zipfile
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np

from stgnf_jax import safe_pickle
from stgnf_jax.errors import InputError
from stgnf_jax.safe_pickle import Attributes, Global

# The authors' files have 0.16 MB in all and 0.055 MB of pickle.
MAX_BYTES = 64 << 20
MAX_PICKLE_BYTES = 4 << 20
MAX_VALUES = MAX_BYTES // 8
MAX_DIMENSIONS = 64

# Storage class -> how its bytes are read.
_STORED: dict[str, np.dtype[Any]] = {
    "torch.DoubleStorage": np.dtype("<f8"),
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.HalfStorage": np.dtype("<f2"),
    "torch.BFloat16Storage": np.dtype("<u2"),
    "torch.LongStorage": np.dtype("<i8"),
    "torch.IntStorage": np.dtype("<i4"),
    "torch.ShortStorage": np.dtype("<i2"),
    "torch.CharStorage": np.dtype("i1"),
    "torch.ByteStorage": np.dtype("u1"),
    "torch.BoolStorage": np.dtype("u1"),
}


class TorchArchive(NamedTuple):
    """A checkpoint as the authors' training code saves it.

    Attributes:
      state: parameters and buffers by PyTorch's names, in PyTorch's layouts, C-contiguous;
        bfloat16 is widened to float32.
      args: the training run's command-line arguments, empty where the file has none: those that
        are a number, a string, a truth value or None. Others may be too deep even to be printed.
      epoch: the number the file gives, None where it gives none.
    """

    state: dict[str, np.ndarray]
    args: dict[str, object]
    epoch: int | None


class _Storage(NamedTuple):
    kind: str
    raw: bytes


class _Tensor(NamedTuple):
    """A view into a storage; offset and strides count elements."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _read_entries(path: str | os.PathLike[str]) -> dict[str, bytes]:
    """The files of a zip archive that compresses nothing, by name."""
    try:
        if os.path.getsize(path) > MAX_BYTES:
            raise InputError(f"is larger than {MAX_BYTES} bytes, which no checkpoint needs")
        with zipfile.ZipFile(path) as archive:
            _check_entries(archive.infolist())
            return {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})") from error
    # Besides BadZipFile: truncated, encrypted, a name that is no text, an offset out of range.
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError, OverflowError) as error:
        raise InputError(
            f"is not a zip archive, or a damaged one ({error}); expected what torch.save of "
            "PyTorch 1.6 or later wrote"
        ) from error


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise InputError(f"entry {entry.filename!r} is compressed, which torch.save never does")
    total = sum(entry.file_size for entry in entries)
    if total > MAX_BYTES:
        raise InputError(f"claims to hold {total} bytes, expected at most {MAX_BYTES}")
    if len({entry.filename for entry in entries}) != len(entries):
        raise InputError("has two entries of the same name")


def _inside_root(entries: dict[str, bytes]) -> dict[str, bytes]:
    """The entries by their names inside the archive's one folder; `data.pkl` is among them."""
    roots = sorted({name.partition("/")[0] for name in entries})
    if len(roots) != 1:
        raise InputError(f"has the top folders {roots[:10]}, expected one")
    inside = {name.partition("/")[2]: raw for name, raw in entries.items()}
    if "data.pkl" not in inside:
        raise InputError("has no data.pkl; expected a zip archive that torch.save wrote")
    if len(inside["data.pkl"]) > MAX_PICKLE_BYTES:
        raise InputError(f"is larger than {MAX_PICKLE_BYTES} bytes", field="data.pkl")
    if inside.get("byteorder", b"little") != b"little":
        raise InputError("is not 'little', the only byte order this reads", field="byteorder")
    return inside


def _storage(entries: dict[str, bytes], identity: object) -> _Storage:
    """The storage that a persistent id ('storage', class, key, device, number) names."""
    match identity:
        case ("storage", Global(name=kind), str(key), str(), int(number)) if kind in _STORED:
            raw = entries.get(f"data/{key}") if re.fullmatch(r"\w{1,20}", key, re.ASCII) else None
            if raw is None:
                raise InputError(f"names storage {key[:200]!r}, which the archive does not hold")
            if len(raw) != number * _STORED[kind].itemsize:
                raise InputError(
                    f"says that storage {key} has {number} values of {kind}, "
                    f"but it has {len(raw)} bytes"
                )
            return _Storage(kind, raw)
    raise InputError("has a persistent id that is no storage of numbers")


def _tensor(args: tuple[object, ...]) -> _Tensor:
    """`torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...)`, kept as a view."""
    match args:
        case (_Storage() as storage, int(offset), tuple(size), tuple(stride), *_):
            pass
        case _:
            raise InputError("has a tensor without storage, offset, size and stride")
    if len(size) != len(stride) or len(size) > MAX_DIMENSIONS:
        raise InputError(f"has a tensor of {len(size)} dimensions and {len(stride)} strides")
    if any(type(number) is not int or number < 0 for number in (offset, *size, *stride)):
        raise InputError("has a tensor whose offset, size or stride is no whole number")
    if math.prod(max(length, 1) for length in size) > MAX_VALUES:
        raise InputError(f"has a tensor of more than {MAX_VALUES} values")
    held = len(storage.raw) // _STORED[storage.kind].itemsize
    reach = sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if 0 not in size and offset + reach >= held:
        raise InputError(f"has a tensor that reaches beyond its storage of {held} values")
    return _Tensor(storage, offset, size, stride)


def _parameter(args: tuple[object, ...]) -> _Tensor:
    """`torch._utils._rebuild_parameter(tensor, requires_grad, hooks)`."""
    match args:
        case (_Tensor() as tensor, *_):
            return tensor
    raise InputError("has a parameter that is no tensor")


def _empty(kind: type) -> safe_pickle.Maker:
    def make(args: tuple[object, ...]) -> object:
        if args:
            raise InputError(f"makes {kind.__name__} from arguments, which torch.save never does")
        return kind()

    return make


_MAKERS: dict[str, safe_pickle.Maker | None] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "collections.OrderedDict": _empty(OrderedDict),
    "argparse.Namespace": _empty(Attributes),
    **dict.fromkeys(_STORED),
}


def _array(tensor: _Tensor) -> np.ndarray:
    values = np.frombuffer(tensor.storage.raw, _STORED[tensor.storage.kind])
    # The stride of an axis of length 1 means nothing, and may be too large for an address.
    strides = [
        stride * values.itemsize if length > 1 else 0
        for length, stride in zip(tensor.size, tensor.stride, strict=True)
    ]
    start = tensor.offset if 0 not in tensor.size else 0
    array: np.ndarray = np.lib.stride_tricks.as_strided(values[start:], tensor.size, strides).copy()
    if tensor.storage.kind == "torch.BoolStorage":
        array = array.astype(bool)
    if tensor.storage.kind == "torch.BFloat16Storage":  # the upper half of a float32
        array = (array.astype("<u4") << 16).view("<f4")
    return array


def _arrays(state: object) -> dict[str, np.ndarray]:
    if not isinstance(state, dict):
        raise InputError("is missing or no dict of tensors", field="state_dict")
    for name, tensor in state.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise InputError(
                f"{name!r} is a {type(tensor).__name__}, expected a name and a tensor",
                field="state_dict",
            )
    # Axes of stride 0 can make much of little.
    if sum(math.prod(tensor.size) for tensor in state.values()) > MAX_VALUES:
        raise InputError(f"has more than {MAX_VALUES} values in all", field="state_dict")
    return {name: _array(tensor) for name, tensor in state.items()}


def _archive(value: object) -> TorchArchive:
    if not isinstance(value, dict):
        raise InputError(f"holds a {type(value).__name__}, expected a dict with a state_dict")
    args = value.get("args", Attributes())
    if not isinstance(args, Attributes) or not all(isinstance(name, str) for name in args.state):
        raise InputError("is no argparse.Namespace", field="args")
    epoch = value.get("epoch")
    if epoch is not None and type(epoch) is not int:
        raise InputError(f"is a {type(epoch).__name__}, expected a whole number", field="epoch")
    simple: dict[str, object] = {
        name: arg for name, arg in args.state.items() if isinstance(arg, str | int | float | None)
    }
    return TorchArchive(_arrays(value.get("state_dict")), simple, epoch)


def read_torch_archive(path: str | os.PathLike[str]) -> TorchArchive:
    """A checkpoint of the authors' training code: `epoch`, `state_dict`, `optimizer`, `args`.

    Nothing in the file is executed, imported or looked up; `optimizer` is checked and dropped.

    Raises:
      InputError: not such a file; a damaged, compressed or too large one; a pickle that wants
        anything but tensors, ordered dicts and the arguments' namespace, which it names.
    """
    try:
        entries = _inside_root(_read_entries(path))
        value = safe_pickle.load(
            entries["data.pkl"], _MAKERS, lambda identity: _storage(entries, identity)
        )
        return _archive(value)
    except InputError as error:
        raise error.at(path) from error
