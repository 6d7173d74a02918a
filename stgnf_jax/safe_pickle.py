"""Pickles as inert data: an interpreter of the few opcodes that plain values need.

`pickle.Unpickler` with a strict `find_class` is not enough for a file of unknown origin: BUILD sets
attributes on whatever lies on the stack, extension codes may skip `find_class`, a memo index or a
tuple as a key costs unbounded memory, time or stack. Here a global is never looked up: it is a
name, and a call asks a table of makers; every opcode that is not in `_STEPS` is refused.
"""

import pickletools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from stgnf_jax.errors import InputError

Maker = Callable[[tuple[object, ...]], object]
T = TypeVar("T")


class Global(NamedTuple):
    """A class or function that a pickle names, as its dotted name and nothing more."""

    name: str


class Attributes:
    """An object of which only the attributes are known, as the dict that the pickle gives."""

    def __init__(self) -> None:
        self.state: dict[Any, object] = {}


class Built:
    """An object of which only its maker's arguments and the state that it is given are known."""

    def __init__(self, args: tuple[object, ...]) -> None:
        self.args = args
        self.state: object = None


class _Machine(NamedTuple):
    """What an unpickler keeps while it runs."""

    stack: list[Any]
    marks: list[int]
    memo: dict[int, object]
    makers: Mapping[str, Maker | None]
    persistent: Callable[[object], object]

    def push(self, value: object) -> None:
        self.stack.append(value)

    def top(self, kind: type[T]) -> T:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise InputError("takes from an empty stack; the file is damaged")
        if not isinstance(self.stack[-1], kind):
            raise InputError(f"has a {type(self.stack[-1]).__name__}, expected a {kind.__name__}")
        return self.stack[-1]

    def pop(self, kind: type[T]) -> T:
        value = self.top(kind)
        self.stack.pop()
        return value

    def pop_to_mark(self) -> list[Any]:
        if not self.marks:
            raise InputError("takes from a mark that was not set; the file is damaged")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values


def _set_items(machine: _Machine, keys: list[Any], values: Iterable[object]) -> None:
    target = machine.top(dict)
    for key, value in zip(keys, values, strict=True):
        # The hash of a nested tuple may take forever, or the whole C stack.
        if not isinstance(key, str | int | float | None):
            raise InputError(f"has a {type(key).__name__} as a key, expected a string or number")
        target[key] = value


def _set_marked_items(machine: _Machine, _: Any) -> None:
    items = machine.pop_to_mark()
    if len(items) % 2:
        raise InputError("has a key without a value; the file is damaged")
    _set_items(machine, items[::2], items[1::2])


def _set_item(machine: _Machine, _: Any) -> None:
    value = machine.pop(object)
    _set_items(machine, [machine.pop(object)], [value])


def _append(machine: _Machine, _: Any) -> None:
    value = machine.pop(object)
    machine.top(list).append(value)


def _append_marked(machine: _Machine, _: Any) -> None:
    values = machine.pop_to_mark()
    machine.top(list).extend(values)


def _tuple_of(count: int) -> Callable[[_Machine, Any], None]:
    def step(machine: _Machine, _: Any) -> None:
        machine.push(tuple([machine.pop(object) for _ in range(count)][::-1]))

    return step


def _recall(machine: _Machine, index: int) -> None:
    if index not in machine.memo:
        raise InputError(f"recalls value {index}, which it did not keep; the file is damaged")
    machine.push(machine.memo[index])


def _keep(machine: _Machine, index: int | None) -> None:
    machine.memo[len(machine.memo) if index is None else index] = machine.top(object)


def _global(machine: _Machine, name: str) -> None:
    if name not in machine.makers:
        raise InputError(
            f"wants {name[:200]!r}, which data do not need: it is refused, do not use this file"
        )
    machine.push(Global(name))


def _stack_global(machine: _Machine, _: Any) -> None:
    name = machine.pop(str)
    _global(machine, f"{machine.pop(str)}.{name}")


def _call(machine: _Machine, _: Any) -> None:
    args = machine.pop(tuple)
    name = machine.pop(Global).name
    maker = machine.makers[name]
    if maker is None:
        raise InputError(f"calls {name!r}, which is refused: do not use this file")
    machine.push(maker(args))


def _build(machine: _Machine, _: Any) -> None:
    if len(machine.stack) > 1 and isinstance(machine.stack[-2], Built):
        state = machine.pop(object)
        machine.top(Built).state = state
        return
    state = machine.pop(dict)
    target = machine.top(object)
    if isinstance(target, Attributes):
        target.state = state  # no copy: thousands of objects may share one large state
    elif not isinstance(target, OrderedDict):  # PyTorch's `_metadata`, which nothing here needs
        kind = type(target).__name__
        raise InputError(f"sets attributes of a {kind}, which is refused: do not use this file")


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda *_: None),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _Machine.push),
    **dict.fromkeys(("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _Machine.push),
    **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"), _Machine.push),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), _keep),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _recall),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _call),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_to_mark())),
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "SETITEM": _set_item,
    "SETITEMS": _set_marked_items,
    "APPEND": _append,
    "APPENDS": _append_marked,
    "GLOBAL": lambda machine, arg: _global(machine, arg.replace(" ", ".")),
    "STACK_GLOBAL": _stack_global,
    "BUILD": _build,
    "BINPERSID": lambda machine, _: machine.push(machine.persistent(machine.pop(tuple))),
}


def _opcodes(data: bytes) -> Iterator[tuple[str, Any]]:
    try:
        for opcode, arg, _ in pickletools.genops(data):
            yield opcode.name, arg
    # An escape that Python does not know is a warning, and so an error to whoever wants it so.
    except (ValueError, DeprecationWarning) as error:
        reason = str(error)[:200]
        raise InputError(f"is not a pickle, or a damaged one ({reason})") from error


def load(
    data: bytes,
    makers: Mapping[str, Maker | None],
    persistent: Callable[[object], object],
) -> object:
    """The value of a pickle of protocol 2 to 5, with nothing imported and nothing looked up.

    Args:
      data: the pickle. Time and memory are bounded by its length.
      makers: for each global that may occur, by dotted name, what stands in for calling it: it is
        given the arguments as one tuple. None for a global that may be named but not called.
      persistent: gives the value of a persistent id, which is a tuple.

    Returns:
      Numbers, strings, bytes, tuples, lists and dicts of such, `Global`s, and what the makers made.
      It may contain itself, and be deeper than recursion goes.

    Raises:
      InputError: a global or an opcode that is not admitted, by name; a damaged pickle.
    """
    machine = _Machine([], [], {}, makers, persistent)
    for name, arg in _opcodes(data):
        if name not in _STEPS:
            wanted = f"{name} {arg[:200]!r}" if isinstance(arg, str) else name
            raise InputError(f"uses the opcode {wanted}, which is refused: do not use this file")
        _STEPS[name](machine, arg)
    return machine.pop(object)
