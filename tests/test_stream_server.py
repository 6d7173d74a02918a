"""`stgnf stream`, from a shell's side, fed by `stgnf replay`."""

import fcntl
import json
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stgnf_jax import checkpoint
from stgnf_jax.alarm_request import AlarmRequest
from stgnf_jax.evaluation import score
from stgnf_jax.normal_calibration import calibrate_scores
from stgnf_jax.raised_alarms import raise_alarms
from tests.small import random_model, small_config, walk, write_clip, write_data
from tests.test_cli import CUSTOM, MAIN, NO_CACHE, ROOT

Running = subprocess.Popen[bytes]


class Place(NamedTuple):
    """A data set, a model that is calibrated by scene, and the lines of its test clips."""

    root: Path
    run: Path
    lines: bytes


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("live")
    root = write_data(folder / "data")
    write_clip(root / "pose/test/c.json", [])
    checkpoint.save(folder / "run", random_model())
    config = small_config(root)
    config.data.calibration_poses = "pose/normal"
    for scene, seed in (("a", 40), ("b", 90)):
        write_clip(root / f"pose/normal/{scene}.json", [walk(seed + i) for i in range(4)])
    calibrate_scores(config, folder / "run", fps=24.0, scene_pattern="^.")
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


def test_alarms(place: Place, tmp_path: Path) -> None:
    """Those of `stgnf alarms`, also when no line says that the last camera has ended."""
    request = AlarmRequest(per_hour=4000, hysteresis=0.003, min_frames=2)
    asked = ("--per_hour=4000", "--hysteresis=0.003", "--min_frames=2")
    lines = place.lines.splitlines(keepends=True)
    assert [json.loads(line).get("end") for line in lines[-2:]] == [True, True]
    with streaming(place, *asked) as process:
        found, errors = process.communicate(b"".join(lines[:-2]), timeout=200)
    events = [
        {"camera": line["camera"], **one}
        for line in answers(found)
        for one in line.get("alarms", [])
    ]
    config, out = small_config(place.root), tmp_path / "out"
    scored = score(config, place.run, out)
    raised = raise_alarms(out, request)
    expected = [
        {
            "camera": raised.clips[alarm.clip],
            "start": alarm.span.start,
            "end": alarm.span.end,
            "frame": alarm.frame,
            "person": alarm.person,
            "score": pytest.approx(alarm.score, rel=1e-4),
            "threshold": raised.rules.clips[alarm.clip].threshold,
        }
        for alarm in raised.alarms
    ]
    names = ("camera", "start", "end", "frame", "person", "score", "threshold")
    ends = [{name: one[name] for name in names} for one in events if one["state"] == "ends"]
    assert ends == expected
    assert {alarm["camera"] for alarm in expected} == {"a", "b"}
    begins = [(one["camera"], one["start"]) for one in events if one["state"] == "begins"]
    assert begins == [(one["camera"], one["start"]) for one in expected]
    people = [one for line in answers(found) for one in line.get("people", [])]
    assert len(people) == len(scored.people.score)
    assert all(0 < one["p"] <= 1 for one in people)
    told = errors.decode().splitlines()
    promised = [line for line in told if "false alarms an hour in the mean over cal" in line]
    assert len(promised) == 2
    assert f"{len(expected)} alarms; 2 cameras ended" in told[-1]


def test_frames_that_are_not_settled_are_counted(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with streaming(place, f"--input=unix:{path}", "--threshold=99") as process:
        assert process.stderr is not None
        process.stderr.readline()
        with socket.socket(socket.AF_UNIX) as client, client.makefile("rb") as file:
            client.settimeout(60)
            client.connect(str(path))
            client.sendall(b"".join(place.lines.splitlines(keepends=True)[:20]))
            for _ in range(20):
                file.readline()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        reports = process.stderr.read()
    # Frame 19 settles 14.
    for part in (b" 1 alarms; 1 alarms not ended; ", b"; 5 frames not settled; 20 frames scored"):
        assert part in reports


def test_one_signal_is_enough_when_stdout_takes_nothing(place: Place) -> None:
    frame = {**json.loads(place.lines.splitlines()[0]), "people": []}
    with streaming(place) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
        for first, end in ((0, 1), (1, 200)):
            lines = (json.dumps({**frame, "frame": number}) for number in range(first, end))
            process.stdin.write("".join(f"{line}\n" for line in lines).encode())
            process.stdin.flush()
            # The first answer is taken, of the others no more than fit.
            assert select.select([process.stdout], [], [], 60)[0]
            if not first:
                process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert b"; 1 answers lost; " in process.stderr.read()


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
            with socket.socket(socket.AF_UNIX) as browser, browser.makefile("rb") as page:
                browser.settimeout(60)
                browser.connect(str(path))
                browser.sendall(b"POST / HTTP/1.1\r\n\r\n" + b'{"camera": "a", "end": true}\n')
                assert json.loads(page.readline())["error"].startswith("is not JSON")
                with suppress(ConnectionResetError):  # since not all that it sent was read
                    assert page.read() == b""
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
            assert file.read() == b""
        report = process.stderr.read()
    for part in (b" 2 connections; ", b" 24 frames scored", b"1 programs hung up on that send no"):
        assert part in report
    assert b"cameras ended" not in report
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
