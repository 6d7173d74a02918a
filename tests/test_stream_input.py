import io
import queue
import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stgnf_jax.errors import InputError
from stgnf_jax.stream_input import open_input, split_lines
from stgnf_jax.stream_received import LONGEST_LINE, Lines, Received

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
    with open_input(str(tmp_path / "lines"), False, 9, stopped, Counter()) as lines:
        found = [take(lines) for _ in range(3)]
        assert [(one.number, one.raw) for one in found] == [(1, b"one\n"), (2, b"two"), (3, None)]
        assert not stopped.is_set()
        found[2].peer.close()
        assert stopped.is_set()


def test_a_reader_waits_when_many_lines_are_under_way(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"x\n" * 500)
    with open_input(str(tmp_path / "lines"), False, 9, threading.Event(), Counter()) as lines:
        assert isinstance(lines, queue.Queue)
        raw = [take(lines).raw for _ in range(501)]
        assert lines.maxsize == 64
    assert raw == [b"x\n"] * 500 + [None]


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
        open_input(name.replace("{tmp}", str(tmp_path)), False, 9, threading.Event(), Counter()),
    ):
        pass
    assert message in str(caught.value)
    assert (tmp_path / "file").exists()


def test_a_socket_cannot_be_followed() -> None:
    with (
        pytest.raises(InputError, match=r"^--follow: is for files, not for unix:"),
        open_input("unix:x", True, 9, threading.Event(), Counter()),
    ):
        pass
