"""Where lines come from: a pipe, a file, a file that grows, or sockets of this machine."""

import functools
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple

from stgnf_jax.errors import InputError
from stgnf_jax.files import write_stdout
from stgnf_jax.stream_sockets import accept_all, listen

# Bytes of a line; lines that wait to be scored.
LONGEST_LINE = 2**20
MOST_WAITING = 64
# Seconds between two looks at a file that grows.
LOOK_EVERY = 0.05


class Peer(NamedTuple):
    """Who is answered.

    Attributes:
      write: takes an answer; raises OSError when it cannot.
      close: is told that all has been answered.
      alone: whether there is never another one.
    """

    write: Callable[[bytes], object]
    close: Callable[[], object]
    alone: bool = False


class Received(NamedTuple):
    """A line, or the end of the lines of a peer.

    Attributes:
      peer: who is answered.
      raw: the line; of one that is too long `LONGEST_LINE` bytes and one more; None at the end.
      number: from 1 on, counted for each peer.
      time: by `time.perf_counter`.
    """

    peer: Peer
    raw: bytes | None
    number: int
    time: float


Lines = queue.Queue[Received]


def split_lines(file: BinaryIO, follow: bool = False) -> Iterator[bytes]:
    """The lines of a file, each as soon as it is complete.

    Args:
      file: buffered.
      follow: wait for more at the end, for ever.

    Yields:
      A line; of a longer one than `LONGEST_LINE` only so many bytes and one more.
    """
    held = b""
    while True:
        part = file.readline(LONGEST_LINE + 1 - len(held))
        held += part
        if held.endswith(b"\n") or len(held) > LONGEST_LINE:
            yield held
            held = b""
            while part and not part.endswith(b"\n"):
                part = file.readline(LONGEST_LINE)
        elif not part and not follow:
            break
        elif not part:
            time.sleep(LOOK_EVERY)
    if held:
        yield held


@contextmanager
def open_input(
    name: str, follow: bool, stopped: threading.Event, command: str = "stream"
) -> Iterator[Lines]:
    """Lines of an input, read by threads of their own, which wait when too many are under way.

    Args:
      name: `-` for stdin, a file, `unix:PATH`, or `tcp://HOST:PORT` with a host of this machine.
      follow: whether a file grows.
      stopped: is set once stdin or a file has ended and all of it is answered, or stdout is gone;
        once it is set, nothing waits for a stdout that takes nothing.
      command: in whose name is told on stderr.

    Raises:
      InputError: it cannot be opened.
    """
    lines: Lines = queue.Queue(MOST_WAITING)
    if name.startswith(("unix:", "tcp:")):
        if follow:
            raise InputError(f"is for files, not for {name}", field="--follow")
        with listen(name) as server:
            print(f"stgnf {command}: listening on {name}", file=sys.stderr, flush=True)
            _start(accept_all, server, functools.partial(_read_connection, lines))
            yield lines
    else:
        peer = Peer(functools.partial(_write_stdout, stopped), stopped.set, alone=True)
        _start(_read, lines, peer, _open(name), follow)
        yield lines


def _open(name: str) -> BinaryIO:
    """Whoever reads it closes it, which no other thread can do while that one waits."""
    try:
        return open(0 if name == "-" else name, "rb", closefd=name != "-")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=name) from error


def _start(target: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=target, args=arguments, daemon=True).start()


def _read_connection(
    lines: Lines, file: BinaryIO, write: Callable[[bytes], None], close: Callable[[], None]
) -> None:
    _read(lines, Peer(write, close), file)


def _read(lines: Lines, peer: Peer, file: BinaryIO, follow: bool = False) -> None:
    """Puts all lines of a file, and its end."""
    number = 0
    with file, suppress(OSError):  # as where the other side is gone
        for number, raw in enumerate(split_lines(file, follow), start=1):
            lines.put(Received(peer, raw, number, time.perf_counter()))
    lines.put(Received(peer, None, number + 1, time.perf_counter()))


def _write_stdout(stopped: threading.Event, answer: bytes) -> None:
    if not write_stdout(answer, stopped.is_set):
        stopped.set()
        raise BrokenPipeError
