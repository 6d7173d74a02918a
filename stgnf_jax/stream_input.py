"""Where lines come from: a pipe, a file, a file that grows, or sockets of this machine."""

import functools
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO

from stgnf_jax.errors import InputError
from stgnf_jax.files import write_stdout
from stgnf_jax.stream_received import LONGEST_LINE, Lines, Peer, Received
from stgnf_jax.stream_sockets import allow_connections, listen
from stgnf_jax.stream_turns import Turns

# Lines of a file that wait to be scored.
MOST_WAITING = 64
# Seconds between two looks at a file that grows.
LOOK_EVERY = 0.05


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


def is_socket(name: str) -> bool:
    """Whether an input is a socket, by its name."""
    return name.startswith(("unix:", "tcp:"))


@contextmanager
def open_input(
    name: str, follow: bool, most: int, stopped: threading.Event, counts: Counter[str]
) -> Iterator[Lines]:
    """Lines of an input; those of a file are read by a thread, which waits when there are many.

    Args:
      name: `-` for stdin, a file, `unix:PATH`, or `tcp://HOST:PORT` with a host of this machine.
      follow: whether a file grows.
      most: connections to a socket at once.
      stopped: is set once stdin or a file has ended and all of it is answered, or stdout is gone;
        once it is set, nothing waits for a stdout that takes nothing.
      counts: of what happened to connections how often, changed in place.

    Raises:
      InputError: it cannot be opened.
    """
    if is_socket(name):
        if follow:
            raise InputError(f"is for files, not for {name}", field="--follow")
        allow_connections(most)
        with listen(name) as server, closing(Turns(server, most, counts)) as turns:
            yield turns
    else:
        peer = Peer(functools.partial(_write_stdout, stopped), stopped.set, alone=True)
        lines = queue.Queue[Received](MOST_WAITING)
        arguments = (lines, peer, _open(name), follow)
        threading.Thread(target=_read, args=arguments, daemon=True).start()
        yield lines


def _open(name: str) -> BinaryIO:
    """Whoever reads it closes it, which no other thread can do while that one waits."""
    try:
        return open(0 if name == "-" else name, "rb", closefd=name != "-")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=name) from error


def _read(lines: queue.Queue[Received], peer: Peer, file: BinaryIO, follow: bool) -> None:
    """Puts all lines of a file, and its end."""
    number = 0
    with file, suppress(OSError):  # as where it is a terminal that is gone
        for number, raw in enumerate(split_lines(file, follow), start=1):
            lines.put(Received(peer, raw, number, time.perf_counter()))
    lines.put(Received(peer, None, number + 1, time.perf_counter()))


def _write_stdout(stopped: threading.Event, answer: bytes) -> None:
    if not write_stdout(answer, stopped.is_set):
        stopped.set()
        raise BrokenPipeError
