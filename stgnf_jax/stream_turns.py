"""Lines of many connections, a line of each in turn; none can keep the others waiting.

One thread reads, answers and counts: whoever takes the lines. Of a connection no more is read than
up to a whole line, and no further line is taken until its answers are gone. So what waits, waits
on the sender's side, and memory is bounded.
"""

import functools
import queue
import selectors
import socket
import time
from collections import Counter, OrderedDict
from selectors import EVENT_READ, EVENT_WRITE

from stgnf_jax.stream_connection import HOLDS, REFUSED, SILENCED, SILENT, SLOW, Connection, tell
from stgnf_jax.stream_received import Peer, Received

# Bytes that are read at once; bytes that are held of all connections.
PART, MOST_HELD = 2**15, 2**26
# Seconds that a connection has to take some of an answer.
SECONDS_TO_TAKE = 5.0
# Seconds between two looks at these; connections that are accepted in one look.
LOOK_UP, ACCEPTED = 0.2, 4


class Turns:
    """The lines of all connections to a listening socket.

    Args:
      server: listens.
      most: connections at once; one more takes the place of the one silent for longest.
      counts: of what happened how often, changed in place.
    """

    def __init__(self, server: socket.socket, most: int, counts: Counter[str]) -> None:
        server.setblocking(False)
        self._server, self._most, self._counts = server, most, counts
        self._selector = selectors.DefaultSelector()
        self._selector.register(server, EVENT_READ)
        self._silent_first = OrderedDict[Connection, None]()
        self._waiting = OrderedDict[Connection, None]()  # those with a line, in turn
        self._stalled = OrderedDict[Connection, float]()  # since when they take no answer
        self._held = 0
        self._answered: Connection | None = None

    def get(self, *, timeout: float) -> Received:
        """See `Lines.get`; whoever sent what was got before has had the answer."""
        if self._answered is not None and self._answered in self._silent_first:
            self._arrange(self._answered)
        self._answered = None
        deadline = time.perf_counter() + timeout
        self._look(0)
        while not self._waiting:
            left = deadline - time.perf_counter()
            if left <= 0:
                raise queue.Empty
            self._look(min(left, LOOK_UP))
        connection = self._answered = self._waiting.popitem(last=False)[0]
        self._hear(connection)
        before = len(connection.held)
        line = connection.take()
        self._held += len(connection.held) - before
        write, close = (functools.partial(one, connection) for one in (self._write, self._drop))
        peer = Peer(write, close)
        return Received(peer, line, connection.taken, connection.read)

    def close(self) -> None:
        """Hangs up on all."""
        while self._silent_first:
            self._hang_up(next(iter(self._silent_first)), "connections at the end")
        self._selector.close()

    def _look(self, timeout: float) -> None:
        """Reads, sends and accepts whatever goes without waiting, once something does."""
        ready = self._selector.select(timeout)
        for key, events in ready:
            connection: Connection = key.data  # None is the server
            if connection in self._silent_first:  # not hung up on just now
                if events & EVENT_WRITE and not self._send(connection):
                    self._counts["answers lost"] += 1
                elif events & EVENT_READ:
                    self._read(connection)
                if connection in self._silent_first:
                    self._arrange(connection)
        if any(key.data is None for key, _ in ready):
            self._accept()  # last, so that it is known who has sent something
        overdue = time.perf_counter() - SECONDS_TO_TAKE
        while self._stalled and next(iter(self._stalled.values())) < overdue:
            self._hang_up(next(iter(self._stalled)), SLOW)

    def _arrange(self, connection: Connection) -> None:
        """What is next with a connection: its turn, its bytes, its answers or its end."""
        line = connection.has_line()
        if connection.ended and not line and not connection.unsent:
            self._drop(connection)
            return
        if line and not connection.unsent:
            self._waiting[connection] = None
        reads = EVENT_READ if not line and not connection.ended else 0
        self._wait_for(connection, reads | (EVENT_WRITE if connection.unsent else 0))

    def _wait_for(self, connection: Connection, events: int) -> None:
        registered = connection.socket in self._selector.get_map()
        if registered and events:
            self._selector.modify(connection.socket, events, connection)
        elif events:
            self._selector.register(connection.socket, events, connection)
        elif registered:
            self._selector.unregister(connection.socket)

    def _accept(self) -> None:
        for _ in range(ACCEPTED):
            try:
                accepted, _ = self._server.accept()
            except OSError:  # there is none any more, or it is gone already
                return
            accepted.setblocking(False)
            connection = Connection(accepted)
            self._silent_first[connection] = None
            self._counts["connections"] += 1
            if len(self._silent_first) > self._most:
                self._make_room(connection)
            if connection in self._silent_first:
                self._arrange(connection)

    def _make_room(self, newest: Connection) -> None:
        # Whoever has a line waiting is not silent, however long it has to.
        oldest = next(one for one in self._silent_first if one not in self._waiting)
        if oldest is not newest and time.perf_counter() - oldest.heard >= SILENT:
            self._hang_up(oldest, SILENCED)
        else:
            self._hang_up(newest, REFUSED)

    def _read(self, connection: Connection) -> None:
        try:
            part = connection.socket.recv(PART)
        except BlockingIOError:
            return
        except OSError:  # the other side is gone
            part = b""
        connection.read, connection.ended = time.perf_counter(), not part
        connection.held += part
        self._held += len(part)
        if connection.has_line():
            self._hear(connection)
        if self._held > MOST_HELD:
            most = max(self._silent_first, key=lambda one: len(one.held))
            self._hang_up(most, HOLDS)

    def _write(self, connection: Connection, answer: bytes) -> None:
        if connection not in self._silent_first:
            raise BrokenPipeError
        connection.unsent += answer
        if not self._send(connection):
            raise BrokenPipeError

    def _send(self, connection: Connection) -> bool:
        """Sends what goes; False when the other side is gone."""
        try:
            sent = connection.socket.send(connection.unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(connection)
            return False
        connection.unsent = connection.unsent[sent:]
        if sent:
            self._hear(connection)
        if sent or connection not in self._stalled:
            self._stalled.pop(connection, None)
            self._stalled[connection] = time.perf_counter()
        if not connection.unsent:
            del self._stalled[connection]
        return True

    def _hear(self, connection: Connection) -> None:
        connection.heard = time.perf_counter()
        self._silent_first.move_to_end(connection)

    def _hang_up(self, connection: Connection, why: str) -> None:
        self._counts[why] += 1
        if connection.unsent:
            self._counts["answers lost"] += 1
        else:
            tell(connection.socket, why)
        self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        if connection not in self._silent_first:
            return
        for where in (self._silent_first, self._waiting, self._stalled):
            where.pop(connection, None)
        self._held -= len(connection.held)
        self._wait_for(connection, 0)
        connection.socket.close()
