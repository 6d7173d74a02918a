"""`stgnf watch`, from a shell's side."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from stgnf_jax import checkpoint
from stgnf_jax.replay import replay
from tests.small import random_model, small_config, write_data
from tests.test_cli import CUSTOM, MAIN, ROOT
from tests.test_watch_web import next_message


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set and a model."""
    folder = tmp_path_factory.mktemp("watch")
    write_data(folder / "data")
    checkpoint.save(folder / "run", random_model())
    return folder


def command(place: Path, *flags: str) -> list[str]:
    return [
        *(sys.executable, "-c", MAIN, "watch", CUSTOM, f"--checkpoint={place / 'run'}"),
        *(f"--config.data.cache_dir={place / 'cache'}", "--max_people=4", *flags),
    ]


@contextmanager
def watching(place: Path, *flags: str) -> Iterator[tuple[Any, str]]:
    """The program, and the address of its page."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process: Any
    with subprocess.Popen(command(place, "--port=0", *flags), cwd=ROOT, **pipes) as process:  # type: ignore[call-overload]
        try:
            told = process.stderr.readline().decode()
            assert told.startswith("stgnf watch: open http://127.0.0.1:")
            yield process, told.split()[-1]
        finally:
            process.kill()


def answers_to(process: Any, lines: Sequence[bytes]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        process.stdin.write(line)
        process.stdin.flush()
        found.append(json.loads(process.stdout.readline()))
    return found


def test_what_the_stream_answers_is_on_the_page(place: Path) -> None:
    lines = list(replay(small_config(place / "data"), 0))[:24]
    with watching(place, "--threshold=1000") as (process, url):
        answers = answers_to(process, lines)
        with urllib.request.urlopen(f"{url}events", timeout=20) as events:
            shown = next_message(events)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"24 frames scored" in errors
    assert all(line.startswith(b"stgnf watch: ") for line in errors.splitlines())
    camera = shown["cameras"]["a"]
    settled = [(one["frame"], one["score"]) for line in answers for one in line["frames"]]
    assert len(settled) > 10
    assert [(frame, score) for _, frame, score in camera["points"]] == settled
    assert camera["picture"]["frame"] == 23
    last = {str(one["id"]): one["score"] for line in answers for one in line["people"]}
    assert {one["id"]: one["score"] for one in camera["picture"]["people"]} == last
    assert camera["threshold"] == 1000
    (raised,) = [one for line in answers for one in line["alarms"]]
    (told_of,) = shown["alarms"]
    assert told_of.pop("time") == pytest.approx(camera["points"][0][0])
    assert told_of == {"camera": "a", **raised, "person": str(raised["person"])}


@pytest.mark.reference
def test_a_real_camera_in_a_browser(place: Path, shared: Path, browser: Browser) -> None:
    """Poses of a real video, with gaps and wrong ones, arrive on the page as they were answered."""
    poses = place / "real/pose/test/square.json"
    poses.parent.mkdir(parents=True)
    poses.symlink_to(shared / "data/pets300/pets300_tracks.json")
    lines = list(replay(small_config(place / "real"), 0))
    with watching(place) as (process, url):
        page = browser.new_page()
        heard: list[str] = []
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.goto(url)
        answers = answers_to(process, lines)
        expect(page.locator(".tile .facts")).to_have_text(re.compile("^ended"))
        camera = page.evaluate("stgnf.state()")["cameras"]["square"]
        page.close()
    settled = [(one["frame"], one["score"]) for line in answers for one in line["frames"]]
    assert len(settled) > 250
    shown = [(point["frame"], point["score"]) for point in camera["points"]]
    assert [(frame, None if np.isnan(score) else score) for frame, score in shown] == settled
    assert heard == []


def test_it_says_what_is_missing(place: Path) -> None:
    without = f"import sys; sys.modules['uvicorn'] = None; {MAIN}"
    words = [sys.executable, "-c", without, *command(place)[3:]]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert 'needs uvicorn; install it by pip install "stgnf-jax[watch]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_is_spared_the_answers(place: Path) -> None:
    stub = f"""if True:
        import sys
        from stgnf_jax import watch_server
        def watch(*_):
            print("answer", flush=True)
            print("done", file=sys.stderr)
        watch_server.watch = watch
        {MAIN}"""
    words = [sys.executable, "-c", stub, *command(place)[3:]]
    ours, theirs = pty.openpty()
    done = subprocess.run(
        words, cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.set_blocking(ours, False)
    with pytest.raises(BlockingIOError):
        os.read(ours, 100)
    assert done.stderr == b"done\n"
    os.close(ours)
    os.close(theirs)
