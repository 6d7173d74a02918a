"""The authors' checkpoint files: read exactly, and harmless whatever is in them."""

import argparse
import io
import os
import pickle
import struct
import sys
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from stgnf_jax import torch_archive
from stgnf_jax.errors import InputError
from stgnf_jax.torch_archive import (
    MAX_BYTES,
    MAX_PICKLE_BYTES,
    MAX_VALUES,
    TorchArchive,
    read_torch_archive,
)

STORAGE_CLASSES = {
    np.dtype(dtype): type(name, (), {"__module__": "torch"})
    for dtype, name in {
        "f8": "DoubleStorage",
        "f4": "FloatStorage",
        "f2": "HalfStorage",
        "i8": "LongStorage",
        "i4": "IntStorage",
        "i2": "ShortStorage",
        "i1": "CharStorage",
        "u1": "ByteStorage",
        "?": "BoolStorage",
        "u2": "BFloat16Storage",
    }.items()
}


def rebuild_tensor(*_: object) -> None:
    """Stands for PyTorch's function, by name only."""


def rebuild_parameter(*_: object) -> None:
    """Stands for PyTorch's function, by name only."""


class Tensor(NamedTuple):
    """A tensor as PyTorch pickles it."""

    storage: Any
    offset: Any
    size: Any
    stride: Any


class Parameter(NamedTuple):
    tensor: Any


class Writer(pickle.Pickler):
    """`torch.save`, as far as its format goes."""

    def __init__(self, file: io.BytesIO, protocol: int) -> None:
        super().__init__(file, protocol)
        self.storages: list[np.ndarray] = []

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, np.ndarray):
            return None
        known = [storage is obj for storage in self.storages]
        if not any(known):
            self.storages.append(obj)
            known.append(True)
        return "storage", STORAGE_CLASSES[obj.dtype], str(known.index(True)), "cpu", obj.size

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Tensor):
            return rebuild_tensor, (*obj, False, OrderedDict())
        if isinstance(obj, Parameter):
            return rebuild_parameter, (obj.tensor, True, OrderedDict())
        return NotImplemented


def name_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives the pickler modules in which it finds what it is to name."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    for kind in STORAGE_CLASSES.values():
        setattr(torch, kind.__name__, kind)
    for function in (rebuild_tensor, rebuild_parameter):
        name = f"_{function.__name__}".replace("tensor", "tensor_v2")
        monkeypatch.setattr(function, "__module__", "torch._utils")
        monkeypatch.setattr(function, "__qualname__", name)
        setattr(utils, name, function)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


@pytest.fixture(autouse=True)
def torch_names(monkeypatch: pytest.MonkeyPatch) -> None:
    name_torch(monkeypatch)


def tensor(values: Any, dtype: str = "f4") -> Tensor:
    array = np.asarray(values, dtype)
    stride = tuple(step // array.itemsize for step in array.strides)
    return Tensor(array.ravel(), 0, array.shape, stride)


def entries_of(value: object, protocol: int = 2, root: str = "archive") -> dict[str, bytes]:
    file = io.BytesIO()
    writer = Writer(file, protocol)
    writer.dump(value)
    return {
        f"{root}/data.pkl": file.getvalue(),
        f"{root}/byteorder": b"little",
        **{f"{root}/data/{key}": raw.tobytes() for key, raw in enumerate(writer.storages)},
        f"{root}/version": b"3\n",
    }


def write_zip(path: Path, entries: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, raw in entries.items():
            archive.writestr(name, raw)
    return path


def read(tmp_path: Path, value: object, **entries: bytes) -> TorchArchive:
    named = {f"archive/{name}": raw for name, raw in entries.items()}
    return read_torch_archive(write_zip(tmp_path / "made.tar", entries_of(value) | named))


def checkpoint(**state: object) -> dict[str, object]:
    return {
        "epoch": 3,
        "state_dict": OrderedDict(state or {"flow.weight": tensor([[1, 2], [3, 4]])}),
        "optimizer": {"state": {0: {"step": 7, "m": tensor([5])}}, "param_groups": [{"lr": 0.1}]},
        "args": argparse.Namespace(seg_len=24, R=3.0, flow_permutation="invcov", seed=2**63 + 1),
    }


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_made_archive_round_trips(tmp_path: Path, protocol: int) -> None:
    entries = entries_of(checkpoint(), protocol, root="some name")
    archive = read_torch_archive(write_zip(tmp_path / "made.tar", entries))
    assert archive.epoch == 3
    assert archive.args == {
        "seg_len": 24,
        "R": 3.0,
        "flow_permutation": "invcov",
        "seed": 2**63 + 1,
    }
    assert list(archive.state) == ["flow.weight"]
    expected = np.array([[1, 2], [3, 4]], np.float32)
    np.testing.assert_array_equal(archive.state["flow.weight"], expected, strict=True)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?"])
def test_types(tmp_path: Path, dtype: str) -> None:
    values = np.array([0, 1, 100], dtype)
    read_values = read(tmp_path, checkpoint(x=tensor(values, dtype))).state["x"]
    np.testing.assert_array_equal(read_values, values, strict=True)


def test_bfloat16_is_widened(tmp_path: Path) -> None:
    expected = np.array([1.0, -2.5, 2.0**-130, np.inf], np.float32)
    values = (expected.view(np.uint32) >> 16).astype(np.uint16)
    read_values = read(tmp_path, checkpoint(x=tensor(values, "u2"))).state["x"]
    np.testing.assert_array_equal(read_values, expected, strict=True)


def test_layouts(tmp_path: Path) -> None:
    storage = np.arange(24, dtype=np.float32)
    state = read(
        tmp_path,
        checkpoint(
            whole=Tensor(storage, 0, (2, 3, 4), (12, 4, 1)),
            transposed=Tensor(storage, 0, (4, 3, 2), (1, 4, 12)),
            part=Tensor(storage, 5, (2, 2), (12, 4)),
            scalar=Tensor(storage, 23, (), ()),
            expanded=Tensor(storage, 1, (3, 2), (0, 1)),
            single=Tensor(storage, 23, (1, 1), (2**62, 2**70)),
            none=Tensor(storage, 24, (0, 3), (3, 1)),
            empty=tensor([]),
            parameter=Parameter(Tensor(storage, 2, (2,), (1,))),
        ),
    ).state
    whole = storage.reshape(2, 3, 4)
    expected = {
        "whole": whole,
        "transposed": whole.T,
        "part": np.array([[5, 9], [17, 21]], np.float32),
        "scalar": np.array(23, np.float32),
        "expanded": np.array([[1, 2]] * 3, np.float32),
        "single": np.array([[23]], np.float32),
        "none": np.empty((0, 3), np.float32),
        "empty": np.empty(0, np.float32),
        "parameter": np.array([2, 3], np.float32),
    }
    assert state.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(state[name], array, strict=True)
        assert state[name].flags.c_contiguous
        assert state[name].flags.owndata


def test_only_the_state_is_needed(tmp_path: Path) -> None:
    archive = read(tmp_path, {"state_dict": {"x": tensor([1.0])}})
    assert archive.epoch is None
    assert archive.args == {}
    assert list(archive.state) == ["x"]


def test_names_of_arguments_have_no_effect(tmp_path: Path) -> None:
    args = argparse.Namespace()
    names = {"__class__": "a", "__setstate__": "b", "keys": "c", "items": 1}
    vars(args).update(names)
    assert read(tmp_path, checkpoint() | {"args": args}).args == names


def test_only_simple_arguments_are_given(tmp_path: Path) -> None:
    args = argparse.Namespace(
        paths={"train": "a"}, x=tensor([1]), many=[1], one=1, on=True, no=None
    )
    archive = read(tmp_path, checkpoint() | {"args": args})
    assert archive.args == {"one": 1, "on": True, "no": None}


def test_arguments_without_a_name_are_told(tmp_path: Path) -> None:
    args = argparse.Namespace()
    vars(args)[1] = 2  # type: ignore[index]
    with pytest.raises(InputError, match=r"made\.tar: args: is no argparse\.Namespace"):
        read(tmp_path, checkpoint() | {"args": args})


def test_a_storage_is_not_copied_for_its_views(tmp_path: Path) -> None:
    """A file with many views of one storage would take for ever otherwise."""
    storage = np.ones(2**22, bool)
    views = {str(offset): Tensor(storage, offset, (), ()) for offset in range(200)}
    path = write_zip(tmp_path / "made.tar", entries_of({"state_dict": views}))
    tracemalloc.start()
    try:
        assert all(read_torch_archive(path).state.values())
        assert tracemalloc.get_traced_memory()[1] < 1.5 * storage.nbytes
    finally:
        tracemalloc.stop()


def test_attributes_of_ordered_dicts_are_dropped(tmp_path: Path) -> None:
    made: Any = checkpoint()
    made["state_dict"]._metadata = OrderedDict(flow={"version": 1})
    made["state_dict"].keys = "not a method"
    assert list(read(tmp_path, made).state) == ["flow.weight"]


class Runs:
    def __init__(self, canary: Path) -> None:
        self.command = f"touch {canary}"

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


@pytest.mark.parametrize("place", ["epoch", "optimizer", "args", "state_dict", "other"])
def test_nothing_runs(tmp_path: Path, place: str) -> None:
    canary = tmp_path / "canary"
    with pytest.raises(InputError, match=rf"made\.tar: wants '{os.system.__module__}\.system'"):
        read(tmp_path, checkpoint() | {place: {"x": [Runs(canary)]}})
    assert not canary.exists()


ONE = np.zeros(1, np.float32)
NO_TENSOR = "without storage, offset, size and stride"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ([], "holds a list, expected a dict"),
        ({}, "state_dict: is missing"),
        ({"state_dict": [1]}, "state_dict: is missing or no dict"),
        ({"state_dict": {"x": 1}}, "state_dict: 'x' is a int"),
        ({"state_dict": {1: tensor([1])}}, "state_dict: 1 is a _Tensor"),
        ({"state_dict": {"x": ONE}}, "state_dict: 'x' is a _Storage"),
        (checkpoint() | {"epoch": "3"}, "epoch: is a str"),
        (checkpoint() | {"epoch": True}, "epoch: is a bool"),
        (checkpoint() | {"args": [1]}, "args: is no argparse"),
        (checkpoint() | {"args": {"R": 3}}, "args: is no argparse"),
        (checkpoint(x=Tensor(ONE, 1, (1,), (1,))), "beyond its storage of 1 values"),
        (checkpoint(x=Tensor(ONE, 0, (2,), (1,))), "beyond its storage"),
        (checkpoint(x=Tensor(ONE, 1, (), ())), "beyond its storage"),
        (checkpoint(x=Tensor(ONE, 2**62, (1,), (1,))), "beyond its storage"),
        (checkpoint(x=Tensor(ONE, 0, (2,), (2**64,))), "beyond its storage"),
        (checkpoint(x=Tensor(ONE, -1, (1,), (1,))), "is no whole number"),
        (checkpoint(x=Tensor(ONE, 0, (1,), (-1,))), "is no whole number"),
        (checkpoint(x=Tensor(ONE, 0, (-1,), (1,))), "is no whole number"),
        (checkpoint(x=Tensor(ONE, 0, ("1",), (1,))), "is no whole number"),
        (checkpoint(x=Tensor(ONE, True, (1,), (1,))), "is no whole number"),
        (checkpoint(x=Tensor(ONE, 0, (1,), ())), "1 dimensions and 0 strides"),
        (checkpoint(x=Tensor(ONE, 0, (1,) * 65, (1,) * 65)), "65 dimensions"),
        (checkpoint(x=Tensor(ONE, 0, (2**40,), (0,))), f"more than {MAX_VALUES} values"),
        (checkpoint(x=Tensor(ONE, 0, (0, 2**40, 2**40), (0, 0, 0))), "more than"),
        (
            checkpoint(x=Tensor(ONE, 0, (2**23,), (0,)), y=tensor([1])),
            "state_dict: has more than",
        ),
        (checkpoint(x=Tensor("storage", 0, (1,), (1,))), NO_TENSOR),
        (checkpoint(x=Tensor(ONE, 0.0, (1,), (1,))), NO_TENSOR),
        (checkpoint(x=Tensor(ONE, 0, [1], [1])), NO_TENSOR),
        (checkpoint(x=Parameter(tensor)), "wants"),
        (checkpoint(x=Parameter(1)), "parameter that is no tensor"),
        (checkpoint() | {"optimizer": Tensor(ONE, 0, (2,), (1,))}, "beyond its storage"),
    ],
)
def test_what_is_no_checkpoint_is_told(tmp_path: Path, made: object, reason: str) -> None:
    with pytest.raises(InputError, match=rf"made\.tar: .*{reason}"):
        read(tmp_path, made)


def identity(kind: bytes, key: str, number: bytes) -> bytes:
    """A pickle of nothing but a storage."""
    strings = [pickle.SHORT_BINUNICODE + bytes([len(s)]) + s.encode() for s in ("storage", key)]
    return b"(" + strings[0] + kind + strings[1] + strings[0] + number + b"tQ."


FLOATS = b"ctorch\nFloatStorage\n"


@pytest.mark.parametrize(
    ("pickled", "reason"),
    [
        (
            identity(FLOATS, "0", b"K\x05"),
            "has 5 values of torch.FloatStorage, but it has 16 bytes",
        ),
        (identity(FLOATS, "0", b"J\xfc\xff\xff\xff"), "has -4 values"),
        (identity(FLOATS, "9", b"K\x04"), "names storage '9'"),
        (identity(FLOATS, "../version", b"K\x04"), r"names storage '\.\./version'"),
        (
            identity(b"ctorch\nComplexFloatStorage\n", "0", b"K\x04"),
            r"'torch\.ComplexFloatStorage'",
        ),
        (identity(b"ccollections\nOrderedDict\n", "0", b"K\x04"), "no storage of numbers"),
        (identity(FLOATS, "0", b"N"), "no storage of numbers"),
        (b"ccollections\nOrderedDict\n]\x85R.", "OrderedDict from arguments"),
        (b"cargparse\nNamespace\n" + b"K\x01\x85\x81.", "Attributes from arguments"),
        (b"cargparse\nNamespace\n)\x81N}\x86b.", "has a tuple, expected a dict"),
        (b"N" * (MAX_PICKLE_BYTES + 1), f"data.pkl: is larger than {MAX_PICKLE_BYTES}"),
        (b"\x80\x02", "not a pickle"),
    ],
)
def test_bad_pickles_are_told(tmp_path: Path, pickled: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=rf"made\.tar: .*{reason}"):
        read(tmp_path, checkpoint(), **{"data.pkl": pickled})


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({}, r"has the top folders \[\], expected one"),
        ({"data.pkl": b"N."}, "has no data.pkl"),
        ({"archive/version": b"3"}, "has no data.pkl"),
        (entries_of(1, root="a") | entries_of(1, root="b"), r"has the top folders \['a', 'b'\]"),
        (entries_of(1) | {"archive/byteorder": b"big"}, "byteorder: is not 'little'"),
    ],
)
def test_other_zip_files_are_told(tmp_path: Path, entries: dict[str, bytes], reason: str) -> None:
    with pytest.raises(InputError, match=rf"made\.tar: {reason}"):
        read_torch_archive(write_zip(tmp_path / "made.tar", entries))


def test_files_that_are_no_zip_are_told(tmp_path: Path) -> None:
    path = tmp_path / "made.tar"
    with pytest.raises(InputError, match=r"made\.tar: cannot be read \(No such file"):
        read_torch_archive(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_torch_archive(tmp_path)
    for data in (b"", b"no zip", pickle.dumps({"state_dict": {}})):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"made\.tar: is not a zip archive"):
            read_torch_archive(path)
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match=f"is larger than {MAX_BYTES} bytes"):
        read_torch_archive(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_entries_are_refused_unread(tmp_path: Path, method: int) -> None:
    bomb = entries_of(checkpoint()) | {"archive/data/2": bytes(50_000_000)}
    path = write_zip(tmp_path / "made.tar", bomb, method)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match=r"made\.tar: entry 'archive/data\.pkl' is compressed"):
        read_torch_archive(path)


def patch_directory(path: Path, offset: int, *values: int, layout: str = "<H") -> None:
    """Overwrites fields in every entry of the zip file's central directory."""
    data = bytearray(path.read_bytes())
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        struct.pack_into(layout, data, place + offset, *values)
        place = data.find(b"PK\x01\x02", place + 4)
    path.write_bytes(data)


def test_entries_that_claim_too_much_are_refused_unread(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "made.tar", entries_of(checkpoint()))
    patch_directory(path, 20, MAX_BYTES // 2, MAX_BYTES // 2, layout="<II")
    with pytest.raises(InputError, match="claims to hold"):
        read_torch_archive(path)


def test_odd_zip_files_are_told(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "made.tar", entries_of(checkpoint()))
    whole = path.read_bytes()
    patch_directory(path, 8, 1)  # encrypted
    with pytest.raises(InputError, match=r"damaged one.*password"):
        read_torch_archive(path)
    path.write_bytes(whole)
    patch_directory(path, 6, 99)  # a later version of the format
    with pytest.raises(InputError, match=r"damaged one.*version"):
        read_torch_archive(path)
    path.write_bytes(whole)
    patch_directory(path, 16, 0, layout="<I")  # the check sum
    with pytest.raises(InputError, match=r"damaged one.*CRC"):
        read_torch_archive(path)
    path.write_bytes(whole)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("archive/data.pkl", b"N.")
    with pytest.raises(InputError, match="two entries of the same name"):
        read_torch_archive(path)


def test_damaged_files_give_an_archive_or_input_error(tmp_path: Path) -> None:
    path = tmp_path / "made.tar"
    entries = entries_of(checkpoint())
    whole = write_zip(path, entries).read_bytes()
    pickled = entries["archive/data.pkl"]
    rng = np.random.default_rng(0)

    def flip(data: bytes) -> bytes:
        flipped = bytearray(data)
        flipped[rng.integers(len(data))] ^= 1 << rng.integers(8)
        return bytes(flipped)

    def is_read() -> bool:
        try:
            archive = read_torch_archive(path)
        except InputError as error:
            assert error.file == str(path)  # noqa: PT017
            return False
        return isinstance(archive, TorchArchive)

    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        assert not is_read()
    results = []
    for _ in range(600):
        path.write_bytes(flip(whole))
        results.append(is_read())
        # The check sums hide the pickle's own damage: here they are right.
        write_zip(path, entries | {"archive/data.pkl": flip(pickled)})
        results.append(is_read())
    assert 0 < sum(results) < len(results)


def test_the_limits_admit_the_published_files_many_times_over() -> None:
    assert torch_archive.MAX_BYTES > 100 * 155_625
    assert torch_archive.MAX_PICKLE_BYTES > 50 * 54_982


@pytest.mark.reference
@pytest.mark.parametrize(
    ("stem", "length", "radius"),
    [
        ("ShanghaiTech_85_9", 24, 3.0),
        ("UBnormal_unsupervised_71_8", 16, 3.0),
        ("UBnormal_supervised_79_2", 16, 10.0),
    ],
)
def test_published_checkpoints(shared: Path, stem: str, length: int, radius: float) -> None:
    archive = read_torch_archive(shared / "reference/checkpoints" / f"{stem}.tar")
    assert archive.epoch == 8
    assert archive.args["seg_len"] == length
    assert archive.args["R"] == radius
    assert archive.args["K"] == 8
    assert archive.args["flow_permutation"] == "invcov"
    with np.load(shared / "goldens/checkpoints" / f"{stem}.npz") as golden:
        names = [name for name in golden if name.startswith("state/")]
        assert len(names) == 177
        for name in names:
            read_values = archive.state[name.removeprefix("state/")]
            np.testing.assert_array_equal(read_values, golden[name], strict=True)
