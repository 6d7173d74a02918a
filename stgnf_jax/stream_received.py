"""A line that has come in, and who is answered."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

# Bytes of a line.
LONGEST_LINE = 2**20


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
    """A line, or the end of a file's lines.

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


class Lines(Protocol):
    """Lines that come in."""

    def get(self, *, timeout: float) -> Received:
        """The next one; raises queue.Empty when none has come in so many seconds."""
