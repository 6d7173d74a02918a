"""Pickles are data: what is plain loads as pickle loads it, and nothing ever runs."""

import copyreg
import os
import pickle
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnf_jax import safe_pickle
from stgnf_jax.errors import InputError

EXTENSION_CODE = 241


def refuse_identity(identity: object) -> object:
    raise InputError(f"identity {identity!r}")


def load(data: bytes) -> object:
    return safe_pickle.load(data, {"known.Name": None, "known.make": list}, refuse_identity)


def load_objects(data: bytes) -> list[safe_pickle.Attributes]:
    makers: dict[str, safe_pickle.Maker | None] = {
        "known.Object": lambda _: safe_pickle.Attributes()
    }
    loaded = safe_pickle.load(data, makers, refuse_identity)
    assert isinstance(loaded, list)
    return loaded


def text(value: str) -> bytes:
    return pickle.BINUNICODE + struct.pack("<I", len(value)) + value.encode()


def short(value: str) -> bytes:
    return pickle.SHORT_BINUNICODE + bytes([len(value)]) + value.encode()


class Runs:
    """Pickles to a call of `function`."""

    def __init__(self, function: Any, *args: object) -> None:
        self.reduced = function, args

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


def attacks(canary: Path) -> dict[str, tuple[bytes, str]]:
    """Pickles that make the file `canary`, and what names the refusal of each."""
    command = text(f"touch {canary}")
    python = f"__import__('pathlib').Path({str(canary)!r}).touch()"
    importer = b"cbuiltins\n__import__\n" + text("os") + b"\x85R"
    attacks = {
        "global": (b"cos\nsystem\n" + command + b"\x85R.", "'os.system'"),
        "stack_global": (
            short("os") + short("system") + b"\x93" + command + b"\x85R.",
            "os.system",
        ),
        "inst": (b"(" + command + b"ios\nsystem\n.", "INST 'os system'"),
        "obj": (b"(cos\nsystem\n" + command + b"o.", "'os.system'"),
        "ext1": (b"\x82" + bytes([EXTENSION_CODE]) + command + b"\x85R.", "EXT1"),
        "ext4": (b"\x84" + struct.pack("<i", EXTENSION_CODE) + command + b"\x85R.", "EXT4"),
        "eval": (b"cbuiltins\neval\n" + text(python) + b"\x85R.", "'builtins.eval'"),
        "exec": (b"cbuiltins\nexec\n" + text(python) + b"\x85R.", "'builtins.exec'"),
        "getattr": (
            b"cbuiltins\ngetattr\n(" + importer + text("system") + b"tR" + command + b"\x85R.",
            "'builtins.getattr'",
        ),
        "build": (
            b"cstgnf_jax.safe_pickle\nAttributes\n)\x81N}"
            + text("x")
            + b"cos\nsystem\n"
            + command
            + b"\x85Rs\x86b.",
            "'stgnf_jax.safe_pickle.Attributes'",
        ),
        "in_a_list": (b"](K\x01cos\nsystem\n" + command + b"\x85Re.", "'os.system'"),
        "after_long_text": (text("x" * 5000) + b"0cos\nsystem\n" + command + b"\x85R.", "POP"),
    }
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        evil = {"optimizer": [Runs(subprocess.call, ["touch", str(canary)])]}
        # Up to protocol 2 pickle writes the module's name of Python 2.
        refusal = r"'(subprocess|commands)\.call'" if protocol else "opcode DICT"
        attacks[f"reduce{protocol}"] = pickle.dumps(evil, protocol), refusal
    return attacks


@pytest.fixture
def extension() -> Iterator[None]:
    copyreg.add_extension("os", "system", EXTENSION_CODE)
    yield
    copyreg.remove_extension("os", "system", EXTENSION_CODE)


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize("name", attacks(Path()))
def test_nothing_runs(name: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    data, refusal = attacks(canary)[name]
    with pytest.raises(InputError, match=refusal):
        load(data)
    assert not canary.exists()
    pickle.loads(data)  # noqa: S301 - shows that the attack is a live one
    assert canary.exists()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [
        None,
        [True, False, 0, 255, 256, -1, 70000, 2**40, -(2**70), 1.5, "", "naïve ☃", "x" * 300],
        {"a": 1, 2: (), None: [], True: ((1,), (1, 2), (1, 2, 3), (1, 2, 3, 4))},
        [[["deep"] * 3] * 3] * 3,
        {str(number): number for number in range(3000)},
    ],
)
def test_plain_values_are_as_pickle_gives_them(value: object, protocol: int) -> None:
    assert load(pickle.dumps(value, protocol)) == value


def test_shared_values_stay_shared() -> None:
    shared: list[int] = [1]
    loaded: Any = load(pickle.dumps([shared, shared], 2))
    assert loaded == [[1], [1]]
    assert loaded[0] is loaded[1]


def test_a_global_is_a_name_that_only_its_maker_can_call() -> None:
    assert load(b"cknown\nName\n.") == safe_pickle.Global("known.Name")
    assert load(b"cknown\nmake\nK\x01K\x02\x86R.") == [1, 2]
    with pytest.raises(InputError, match=r"calls 'known\.Name', which is refused"):
        load(b"cknown\nName\n)R.")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a pickle"),
        (b"garbage", "not a pickle"),
        (b"N", "not a pickle, or a damaged one"),
        (b".", "empty stack"),
        (b"(\x85.", "empty stack"),
        (b"K\x01(\x85.", "empty stack"),
        (b"e.", "mark that was not set"),
        (b"h\x07.", "recalls value 7"),
        (b"}(K\x01u.", "key without a value"),
        (b"}]K\x01s.", "has a list as a key"),
        (b"})K\x01s.", "has a tuple as a key"),
        (b"K\x01K\x02a.", "has a int, expected a list"),
        (b"K\x01K\x02R.", "has a int, expected a tuple"),
        (b"K\x01)R.", "has a int, expected a Global"),
        (b"]}b.", "sets attributes of a list"),
        (b"}}b.", "sets attributes of a dict"),
        (b"cknown\nmake\n}b.", "sets attributes of a Global"),
        (b"]N}\x86b.", "has a tuple, expected a dict"),
        (b"K\x01\x93.", "has a int, expected a str"),
        (b"K\x01Q.", "has a int, expected a tuple"),
        (b"S'\\d'\n.", "not a pickle"),
        (b"I" + b"9" * 10000 + b"\n.", "not a pickle"),
        (b"X\xff\xff\xff\xffab.", "not a pickle"),
        (b"X\x02\x00\x00\x00\xff\xfe.", "not a pickle"),
        (b"\x8d" + b"\xff" * 8 + b"x.", "not a pickle"),
        (b"\x8b\x00\x10\x00\x00" + b"\x7f" * 4096 + b".", "opcode LONG4"),
        (b"\x96\x00\x00\x00\x00\xff\x00\x00\x00.", "not a pickle"),
        (b"N0N.", "opcode POP"),
        (pickle.dumps(np.zeros(2), 2), "numpy"),
        (pickle.dumps(object(), 2), r"'__builtin__\.object'"),
    ],
)
def test_bad_pickles_are_told(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        load(data)


def test_objects_share_their_state_without_a_copy() -> None:
    first, second = load_objects(b"](cknown\nObject\n)\x81}q\x00bcknown\nObject\n)\x81h\x00be.")
    assert first is not second
    assert first.state is second.state


def test_depth_and_size_of_hostile_pickles_stay_harmless() -> None:
    begin = time.monotonic()
    for data in (
        b")" + b"\x85" * 200_000 + b".",
        b"]" * 200_000 + b"a" * 199_999 + b".",
        b"]q\x00h\x00a.",
        b"Nr\xff\xff\xff\xff.",  # an array of that index would take 64 GB
        b"]q\x00" + b"".join(b"](h%ch%ceq%c" % (n, n, n + 1) for n in range(9)) + b".",
    ):
        load(data)
    doubled = b")" + b"q\x00h\x00\x86" * 100  # its hash would take 2**100 steps
    with pytest.raises(InputError, match="has a tuple as a key"):
        load(b"}" + doubled + b"Ns.")
    assert time.monotonic() - begin < 20


def test_damaged_pickles_give_a_value_or_input_error() -> None:
    whole = pickle.dumps({"a": [1, 2.5, ("b", None)], "c": {1: "x" * 20, 2: [[], {}]}}, 2)
    rng = np.random.default_rng(0)
    damaged = [whole[:length] for length in range(len(whole))]
    for _ in range(4000):
        flipped = bytearray(whole)
        for place in rng.integers(len(whole), size=rng.integers(1, 4)):
            flipped[place] = rng.integers(256)
        damaged.append(bytes(flipped))
    failed = 0
    for data in damaged:
        try:
            load(data)
        except InputError:
            failed += 1
    assert len(whole) < failed < len(damaged)


@pytest.mark.usefixtures("extension")
def test_the_extension_registry_is_not_asked() -> None:
    assert pickle.loads(b"\x82" + bytes([EXTENSION_CODE]) + b".") is os.system  # noqa: S301
    with pytest.raises(InputError, match="EXT1"):
        load(b"\x82" + bytes([EXTENSION_CODE]) + b".")
