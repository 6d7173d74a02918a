import io
import socket
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stgnf_jax import stream_sockets
from stgnf_jax.errors import InputError
from stgnf_jax.stream_input import LONGEST_LINE, Lines, Received, open_input, split_lines

WAIT = 30  # seconds, for what takes none


def split(raw: bytes) -> list[bytes]:
    return list(split_lines(io.BufferedReader(io.BytesIO(raw))))


@given(st.lists(st.sampled_from([b"", b"a", b"bc\r", b"d" * 9000]), max_size=6), st.booleans())
def test_lines_are_split_as_everywhere(parts: list[bytes], ends: bool) -> None:
    raw = b"\n".join(parts) + b"\n" * ends
    assert split(raw) == raw.splitlines(keepends=True) or b"\r" in raw
    assert b"".join(split(raw)) == raw


def test_of_a_line_that_is_too_long_no_more_than_that_is_kept() -> None:
    fits = b"a" * (LONGEST_LINE - 1) + b"\n"
    found = split(fits + b"b" * 3 * LONGEST_LINE + b"\nc\n" + b"d" * (LONGEST_LINE + 1))
    assert [(line[:1], len(line)) for line in found] == [
        (b"a", LONGEST_LINE),
        (b"b", LONGEST_LINE + 1),
        (b"c", 2),
        (b"d", LONGEST_LINE + 1),
    ]
    # The newline does not fit, so the next line is not lost with it.
    assert [len(line) for line in split(b"e" * LONGEST_LINE + b"\nf\n")] == [LONGEST_LINE + 1, 2]


def test_a_file_that_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntw")
    more = [b"o\nthr", b"ee\n", b"four\n"]

    def grow(_: float) -> None:
        with open(path, "ab") as file:
            file.write(more.pop(0))

    monkeypatch.setattr("stgnf_jax.stream_input.time.sleep", grow)
    with open(path, "rb") as file:
        lines = split_lines(file, follow=True)
        assert [next(lines) for _ in range(4)] == [b"one\n", b"two\n", b"three\n", b"four\n"]


def take(lines: Lines) -> Received:
    return lines.get(timeout=WAIT)


def test_a_file_and_its_end(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"one\ntwo")
    stopped = threading.Event()
    with open_input(str(tmp_path / "lines"), False, stopped) as lines:
        found = [take(lines) for _ in range(3)]
        assert [(one.number, one.raw) for one in found] == [(1, b"one\n"), (2, b"two"), (3, None)]
        assert not stopped.is_set()
        found[2].peer.close()
        assert stopped.is_set()


def test_a_reader_waits_when_many_lines_are_under_way(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"x\n" * 500)
    with open_input(str(tmp_path / "lines"), False, threading.Event()) as lines:
        raw = [take(lines).raw for _ in range(501)]
        assert lines.maxsize == 64
    assert raw == [b"x\n"] * 500 + [None]


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"unix:{tmp_path / 'socket'}"


def hang_up(lines: Lines) -> None:
    """Takes the end of a connection, and ends it on this side too."""
    end = take(lines)
    assert end.raw is None
    end.peer.close()


def connect(address: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(WAIT)
    client.connect(address.removeprefix("unix:"))
    return client


def test_connections_are_answered_each(address: str) -> None:
    with (
        open_input(address, False, threading.Event()) as lines,
        connect(address) as first,
        connect(address) as second,
    ):
        assert stat.S_IMODE(Path(address[5:]).stat().st_mode) == 0o600
        for client, line in ((first, b"one\n"), (second, b"two\n"), (first, b"three\n")):
            client.sendall(line)
            received = take(lines)
            assert received.raw == line
            received.peer.write(b"to " + line)
        assert received.number == 2
        first.shutdown(socket.SHUT_WR)
        end = take(lines)
        assert end.raw is None
        end.peer.write(b"bye\n")
        end.peer.close()
        with first.makefile("rb") as file:
            assert file.read() == b"to one\nto three\nbye\n"
        assert second.recv(100) == b"to two\n"
        second.close()
        hang_up(lines)
    assert not Path(address[5:]).exists()


def write_much(received: Received) -> None:
    for _ in range(1000):
        received.peer.write(b"x" * 100_000)


def test_who_is_gone_is_closed(address: str) -> None:
    with open_input(address, False, threading.Event()) as lines:
        with connect(address) as client:
            client.sendall(b"one\n")
            received = take(lines)
        with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
            write_much(received)
        hang_up(lines)


def test_who_does_not_take_answers_is_closed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_sockets, "SECONDS_TO_TAKE", 0.01)
    with open_input(address, False, threading.Event()) as lines, connect(address) as client:
        client.sendall(b"one\n")
        received = take(lines)
        with pytest.raises(OSError, match="temporarily unavailable"):
            write_much(received)
        hang_up(lines)


def test_only_so_many_connections(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_sockets, "MOST_CONNECTIONS", 1)
    with open_input(address, False, threading.Event()) as lines:
        with connect(address) as first:
            first.sendall(b"one\n")
            take(lines)
            with connect(address) as second:
                assert second.recv(1) == b""
        hang_up(lines)
        with connect(address) as third:
            third.sendall(b"three\n")
            assert take(lines).raw == b"three\n"
        hang_up(lines)


def test_tcp() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        open_input(f"tcp://127.0.0.1:{port}", False, threading.Event()) as lines,
        socket.create_connection(("127.0.0.1", port), timeout=WAIT) as client,
    ):
        client.sendall(b"one\n")
        received = take(lines)
        received.peer.write(b"two\n")
        assert client.recv(100) == b"two\n"
        client.close()
        hang_up(lines)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tcp://0.0.0.0:80", "--input: is tcp://0.0.0.0:80, expected tcp://127.0.0.1:PORT: other"),
        ("tcp://example.org:80", "expected tcp://127.0.0.1:PORT"),
        ("tcp://127.0.0.1", "expected tcp://127.0.0.1:PORT"),
        ("tcp://127.0.0.1:99999", "expected tcp://127.0.0.1:PORT"),
        ("tcp://127.0.0.1:x", "expected tcp://127.0.0.1:PORT"),
        ("unix:{tmp}/none/socket", "none/socket cannot be opened (No such file or directory)"),
        ("unix:{tmp}/file", "(Address already in use); remove it, unless another stream listens"),
        ("unix:{tmp}/" + "x" * 200, "cannot be opened (AF_UNIX path too long)"),
        ("{tmp}/none", "none: cannot be read (No such file or directory)"),
        ("{tmp}", "cannot be read (Is a directory)"),
    ],
)
def test_what_cannot_be_opened(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError) as caught,
        open_input(name.replace("{tmp}", str(tmp_path)), False, threading.Event()),
    ):
        pass
    assert message in str(caught.value)
    assert (tmp_path / "file").exists()


def test_a_socket_cannot_be_followed(address: str) -> None:
    with (
        pytest.raises(InputError, match=r"^--follow: is for files, not for unix:"),
        open_input(address, True, threading.Event()),
    ):
        pass
