"""A connection of a program that sends lines: what is read of it, and what it has yet to take."""

import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field

from stgnf_jax.errors import InputError
from stgnf_jax.stream_lines import write_error
from stgnf_jax.stream_received import LONGEST_LINE

# Seconds of silence after which a connection makes room.
SILENT = 10.0
# Why a connection is closed, as the report counts it, and what it is told.
REFUSED, SILENCED = "connections refused", "silent connections hung up on"
HOLDS, SLOW = "connections hung up on for what they hold", "slow readers hung up on"
TOLD = {
    REFUSED: "as many programs are connected as --max_connections lets: try again later",
    SILENCED: f"sent no whole line for {SILENT:g} s or more, and another program had no place",
    HOLDS: "sent more than any other that is not answered, and there is no room for more",
}


@dataclass(slots=True, eq=False)
class Connection:
    """A program that sends lines.

    Attributes:
      socket: its own, never waited for.
      held: what is read of it and not taken.
      unsent: what it has not taken of its answers.
      ended: whether nothing more is read.
      taken: how many lines.
      read: when it was last read, by `time.perf_counter`.
      heard: when it last sent a whole line or took some of an answer.
    """

    socket: socket.socket
    held: bytearray = field(default_factory=bytearray)
    unsent: bytes = b""
    ended: bool = False
    taken: int = 0
    read: float = 0.0
    heard: float = field(default_factory=time.perf_counter)

    def has_line(self) -> bool:
        """Whether something is to be answered; also the last line, and one that is too long."""
        whole = self.ended or len(self.held) > LONGEST_LINE or b"\n" in self.held
        return whole and bool(self.held)

    def take(self) -> bytes:
        """The next line; of one that is too long one byte too many, and it is the last."""
        size = self.held.find(b"\n") + 1 or len(self.held)
        if size > LONGEST_LINE:
            line, self.ended = bytes(self.held[: LONGEST_LINE + 1]), True
            self.held.clear()
        else:
            line = bytes(self.held[:size])
            del self.held[:size]
        self.taken += 1
        return line


def tell(client: socket.socket, why: str) -> None:
    """Says why a connection is closed, where there is more to say, and if it takes that at once."""
    if why in TOLD:
        with suppress(OSError):
            client.send(write_error(0, InputError(TOLD[why])))
