"""Many programs at one socket: each has its turns, its answers and no one else's time."""

import json
import queue
import resource
import socket
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stgnf_jax import stream_turns
from stgnf_jax.errors import InputError
from stgnf_jax.stream_received import LONGEST_LINE, Received
from stgnf_jax.stream_sockets import OTHER_FILES, allow_connections, listen
from stgnf_jax.stream_turns import Turns

WAIT = 30  # seconds, for what takes none
MUCH = b"x" * 10_000_000 + b"\n"  # more than a socket takes


class Place(NamedTuple):
    """Connections to a socket of this folder, and what happened to them."""

    turns: Turns
    counts: Counter[str]
    connect: Callable[[], socket.socket]


@contextmanager
def opened(folder: Path, most: int = 9) -> Iterator[Place]:
    with ExitStack() as stack:
        server = stack.enter_context(listen(f"unix:{folder / 'socket'}"))
        counts = Counter[str]()
        turns = stack.enter_context(closing(Turns(server, most, counts)))

        def connect() -> socket.socket:
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.settimeout(WAIT)
            client.connect(str(folder / "socket"))
            return client

        yield Place(turns, counts, connect)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with opened(tmp_path) as made:
        yield made


def take(place: Place, count: int = 1) -> list[Received]:
    """The next lines, each answered by `to` and itself."""
    found = []
    for _ in range(count):
        found.append(place.turns.get(timeout=WAIT))
        with suppress(OSError):
            found[-1].peer.write(b"to " + (found[-1].raw or b""))
    return found


def look(place: Place) -> None:
    """Lets happen what happens without any line."""
    for _ in range(3):
        with pytest.raises(queue.Empty):
            place.turns.get(timeout=0)


def lines_of(client: socket.socket, count: int) -> list[bytes]:
    with client.makefile("rb") as file:
        return [file.readline() for _ in range(count)]


def last_words(client: socket.socket) -> str:
    """What is told to a connection that is hung up on; nothing to most."""
    told = b""
    with suppress(ConnectionResetError):  # since not all that it sent was read
        while part := client.recv(1000):
            told += part
    if not told:
        return ""
    line = json.loads(told)
    assert line.pop("line") == 0
    return str(line.pop("error"))


def test_connections_are_answered_each(place: Place, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o600
    first, second = place.connect(), place.connect()
    for client, line, number in ((first, b"1\n", 1), (second, b"2\n", 1), (first, b"3\n", 2)):
        client.sendall(line)
        (received,) = take(place)
        assert (received.raw, received.number) == (line, number)
    assert lines_of(first, 2) == [b"to 1\n", b"to 3\n"]
    assert lines_of(second, 1) == [b"to 2\n"]


def test_what_was_sent_before_the_end_is_answered(place: Place) -> None:
    client = place.connect()
    client.sendall(b"1\n2\nlast")
    client.shutdown(socket.SHUT_WR)
    assert [one.raw for one in take(place, 3)] == [b"1\n", b"2\n", b"last"]
    look(place)
    with client.makefile("rb") as file:
        assert file.read() == b"to 1\nto 2\nto last"


PARTS = st.sampled_from([b"", b"a", b"b\n", b"\n\n", b"cd\ne"])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), PARTS)))
def test_lines_are_split_as_everywhere(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, bytes]]
) -> None:
    with opened(tmp_path_factory.mktemp("parts")) as place:
        clients = [place.connect() for _ in range(3)]
        look(place)  # all are accepted
        found: list[list[bytes | None]] = [[], [], []]
        for who, part in parts:
            clients[who].sendall(part)
            for _ in range(part.count(b"\n")):
                (received,) = take(place)
                found[who].append(received.raw)
                assert received.number == len(found[who])
            look(place)
        for who, lines in enumerate(found):
            sent = b"".join(part for one, part in parts if one == who)
            whole = sent[: sent.rfind(b"\n") + 1]
            assert lines == whole.splitlines(keepends=True)


def test_a_line_of_each_in_turn(place: Place) -> None:
    flood, camera = place.connect(), place.connect()
    flood.sendall(b"flood\n" * 1000)
    camera.sendall(b"camera\n" * 3)
    raw = [one.raw for one in take(place, 9)]
    assert raw == [b"flood\n", b"camera\n"] * 3 + [b"flood\n"] * 3


def test_a_connection_is_not_read_ahead(place: Place) -> None:
    """What is sent faster than it is answered waits in the system's buffers, which are full."""
    flood = place.connect()
    flood.setblocking(False)
    sent = 0
    with suppress(BlockingIOError):
        for sent in range(10_000):
            flood.send(b"x" * 1023 + b"\n")
            if not sent % 100:
                take(place)
    assert sent < 2000


def test_who_does_not_take_answers_waits_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, camera = place.connect(), place.connect()
    slow.sendall(b"slow\n" * 100)
    place.turns.get(timeout=WAIT).peer.write(MUCH)
    camera.sendall(b"camera\n" * 3)
    assert [one.raw for one in take(place, 3)] == [b"camera\n"] * 3
    look(place)  # none of the other 99
    received: list[Received] = []
    while not received:  # until the answer is gone
        slow.recv(2**20)
        with suppress(queue.Empty):
            received.append(place.turns.get(timeout=0))
    assert received[0].raw == b"slow\n"
    received[0].peer.write(MUCH)
    monkeypatch.setattr(stream_turns, "SECONDS_TO_TAKE", 0.0)
    look(place)
    assert place.counts == {"connections": 2, "slow readers hung up on": 1, "answers lost": 1}
    camera.sendall(b"camera\n")
    assert take(place)[0].raw == b"camera\n"
    with pytest.raises(BrokenPipeError):
        received[0].peer.write(b"too late")


def test_who_is_gone_is_closed(place: Place) -> None:
    client, other = place.connect(), place.connect()
    client.sendall(b"one\ntwo\n")
    received = place.turns.get(timeout=WAIT)
    client.close()
    with pytest.raises(BrokenPipeError):
        received.peer.write(b"answer")
    look(place)
    other.sendall(b"three\n")
    assert take(place)[0].raw == b"three\n"


def test_a_line_that_is_too_long_is_the_last(place: Place) -> None:
    client = place.connect()
    client.settimeout(0.0)
    left = memoryview(b"x" * (LONGEST_LINE + 2) + b"\nnext\n")
    received: list[Received] = []
    while not received:
        with suppress(BlockingIOError):
            left = left[client.send(left) :]
        with suppress(queue.Empty):
            received.append(place.turns.get(timeout=0))
    assert received[0].raw == b"x" * (LONGEST_LINE + 1)
    received[0].peer.write(b"too long")
    look(place)
    client.settimeout(WAIT)
    assert client.recv(100) == b"too long"
    assert last_words(client) == ""


def test_a_line_of_just_the_longest_is_none_too_many(place: Place) -> None:
    client = place.connect()
    client.settimeout(0.0)
    left = memoryview(b"x" * (LONGEST_LINE - 1) + b"\nnext\n")
    received: list[Received] = []
    while len(received) < 2:
        with suppress(BlockingIOError):
            left = left[client.send(left) :]
        with suppress(queue.Empty):
            received.append(place.turns.get(timeout=0))
    assert [len(one.raw or b"") for one in received] == [LONGEST_LINE, 5]


def test_only_so_many_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path, most=2) as place:
        silent, camera = place.connect(), place.connect()
        silent.sendall(b"half a li")
        camera.sendall(b"camera\n")
        take(place)
        refused = place.connect()
        look(place)
        assert last_words(refused).startswith("as many programs are connected as --max_connec")
        monkeypatch.setattr(stream_turns, "SILENT", 0.0)
        welcome = place.connect()
        look(place)
        assert last_words(silent).startswith("sent no whole line for 10 s or more")
        welcome.sendall(b"welcome\n")
        assert take(place)[0].raw == b"welcome\n"
        assert lines_of(camera, 1) == [b"to camera\n"]
        hung_up = {"connections refused": 1, "silent connections hung up on": 1}
        assert place.counts == {"connections": 4, **hung_up}
    assert place.counts == {"connections": 4, **hung_up, "connections at the end": 2}


def test_who_waits_for_a_turn_is_not_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_turns, "SILENT", 0.0)
    with opened(tmp_path, most=2) as place:
        first, second = place.connect(), place.connect()
        look(place)
        for client in (first, second):
            client.sendall(b"line\n")
        refused = place.connect()
        assert [one.raw for one in take(place, 2)] == [b"line\n"] * 2
        assert last_words(refused).startswith("as many programs are connected")
        assert place.counts == {"connections": 3, "connections refused": 1}


def test_lines_that_never_end_are_bounded_together(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_turns, "MOST_HELD", 1000)
    first, second, camera = place.connect(), place.connect(), place.connect()
    first.sendall(b"x" * 600)
    look(place)
    second.sendall(b"x" * 401)
    look(place)
    assert last_words(first).startswith("sent more than any other that is not ans")
    camera.sendall(b"x" * 597 + b"\n")
    assert len(take(place)[0].raw or b"") == 598
    assert place.counts == {"connections": 3, "connections hung up on for what they hold": 1}


def test_hundreds_of_bad_neighbours(tmp_path: Path) -> None:
    """A camera among half-open connections, floods and slow readers gets all of its answers."""
    with opened(tmp_path, most=400) as place:
        for i in range(300):
            client = place.connect()
            if i % 3:
                client.sendall(b"half a line" if i % 3 == 1 else b"flood\n" * 500)
        camera, answered = place.connect(), 0
        take(place, 100)  # and all are accepted
        for number in range(20):
            camera.sendall(b"camera %d\n" % number)
            turns = 0
            while answered == number:
                received = place.turns.get(timeout=WAIT)
                turns += 1
                answered += received.raw == b"camera %d\n" % number
                received.peer.write(received.raw or b"")
            assert turns <= 101  # once around
        assert lines_of(camera, 20) == [b"camera %d\n" % number for number in range(20)]
        assert place.counts == {"connections": 301}


def test_tcp() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        listen(f"tcp://127.0.0.1:{port}") as server,
        closing(Turns(server, 1, Counter())) as turns,
        socket.create_connection(("127.0.0.1", port), timeout=WAIT) as client,
    ):
        client.sendall(b"one\n")
        turns.get(timeout=WAIT).peer.write(b"two\n")
        assert client.recv(100) == b"two\n"


def test_the_system_allows_so_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    allow_connections(1024 - OTHER_FILES)
    assert asked == []
    allow_connections(4096 - OTHER_FILES)
    assert asked == [(4096, 4096)]
    with pytest.raises(
        InputError,
        match=r"^--max_connections: is 4096, which needs 4224 open files, .* 4096: raise",
    ):
        allow_connections(4096)
