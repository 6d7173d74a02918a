"""`stgnf stream`, from a shell's side, fed by `stgnf replay`."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stgnf_jax import checkpoint
from stgnf_jax.evaluation import score
from tests.small import random_model, small_config, write_clip, write_data
from tests.test_cli import CUSTOM, MAIN, NO_CACHE, ROOT

Running = subprocess.Popen[bytes]


class Place(NamedTuple):
    """A data set, a model, and the lines of the data set's test clips."""

    root: Path
    run: Path
    lines: bytes


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("live")
    root = write_data(folder / "data")
    write_clip(root / "pose/test/c.json", [])
    checkpoint.save(folder / "run", random_model())
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "replay", CUSTOM, f"--config.data.root={root}", NO_CACHE],
        cwd=ROOT,
        capture_output=True,
        timeout=200,
        check=True,
    )
    return Place(root, folder / "run", done.stdout)


@contextmanager
def streaming(place: Place, *flags: str) -> Iterator[Running]:
    """A stream as a process; the compiled functions of one serve the next."""
    command = [
        *(sys.executable, "-c", MAIN, "stream", CUSTOM, f"--checkpoint={place.run}"),
        *(f"--config.data.cache_dir={place.root / 'cache'}", "--max_people=4", *flags),
    ]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def answers(raw: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in raw.splitlines()]


def test_a_pipe(place: Place, tmp_path: Path) -> None:
    """Replayed clips through a stream come to the scores of `stgnf score`."""
    first, *others = place.lines.splitlines(keepends=True)
    with streaming(place, "--report_every=0.001") as process:
        found, errors = process.communicate(b"".join([first, b"{\n", first, *others]), timeout=200)
    assert process.returncode == 0, errors
    lines = answers(found)
    assert lines[1]["line"] == 2
    assert lines[1]["error"].startswith("is not JSON (")
    assert lines[2]["use"] == "duplicate"
    scored = score(small_config(place.root), place.run, tmp_path / "out")
    clips = scored.frames.clips
    expected = {
        (clips[clip], int(person), int(frame)): pytest.approx(float(one), rel=1e-4)
        for clip, person, frame, one in zip(*scored.people, strict=True)
    }
    live = {
        (line["camera"], one["id"], one["frame"]): one["score"]
        for line in lines
        for one in line.get("people", [])
    }
    assert live == expected
    settled = [(line["camera"], one["frame"]) for line in lines for one in line.get("frames", [])]
    assert settled == [(clip, frame) for clip in "ab" for frame in range(4, 24)]
    reports = errors.decode().splitlines()
    assert len(reports) > 2
    assert all(report.startswith("stgnf stream: ") for report in reports)
    assert "latency median" in reports[-1]
    for part in ("1 bad lines", "2 cameras ended", "1 frames duplicate", "48 frames scored"):
        assert part in reports[-1]


def test_a_socket_and_sigterm(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with streaming(place, f"--input=unix:{path}") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"stgnf stream: listening on unix:{path}\n".encode()
        with socket.socket(socket.AF_UNIX) as client, client.makefile("rb") as file:
            client.settimeout(60)
            client.connect(str(path))
            for line in place.lines.splitlines(keepends=True)[:24]:
                client.sendall(line)  # and waits, as a camera does
                assert json.loads(file.readline())["use"] == "scored"
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
            assert file.read() == b""
        assert b"24 frames scored" in process.stderr.read()
    assert not path.exists()


def test_a_file_that_grows_and_sigint(place: Place, tmp_path: Path) -> None:
    lines = place.lines.splitlines(keepends=True)
    path = tmp_path / "lines.jsonl"
    path.write_bytes(lines[0] + lines[1][:50])
    with streaming(place, f"--input={path}", "--follow") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["frame"] == 0
        with open(path, "ab") as file:
            file.write(lines[1][50:])
        assert json.loads(process.stdout.readline())["frame"] == 1
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"2 frames scored" in errors
    assert b"Traceback" not in errors


def test_no_one_reads_any_more(place: Place) -> None:
    with streaming(place) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(place.lines.splitlines(keepends=True)[0])
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(place.lines)
        process.stdin.flush()
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read().count(b"\n") == 1
