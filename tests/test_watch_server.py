"""`stgnf watch`, from a shell's side."""

import json
import os
import pty
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

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


def test_what_the_stream_answers_is_on_the_page(place: Path) -> None:
    lines = list(replay(small_config(place / "data"), 0))[:24]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process: Any
    with subprocess.Popen(
        command(place, "--port=0", "--threshold=1000"), cwd=ROOT, **pipes
    ) as process:  # type: ignore[call-overload]
        try:
            told = process.stderr.readline().decode()
            assert told.startswith("stgnf watch: open http://127.0.0.1:")
            process.stdin.write(b"".join(lines))
            process.stdin.flush()
            answers = [json.loads(process.stdout.readline()) for _ in lines]
            with urllib.request.urlopen(f"{told.split()[-1]}events", timeout=20) as events:
                shown = next_message(events)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert b"24 frames scored" in errors
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
