"""A well-behaved camera among bad neighbours: milliseconds from its line to its answer, and memory.

    python benchmarks/stream_load.py --config=configs/custom.py --checkpoint=RUN

`stgnf stream` listens on a socket. A camera sends 25 frames a second with 3 people and waits for
each answer, alone and beside each kind of neighbours, which are processes of their own. Prints a
Markdown table for docs/live.md, and what the stream itself counted.
"""

import contextlib
import json
import multiprocessing
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import app, flags

FLAGS = flags.FLAGS
flags.DEFINE_string("config", None, "gives the kind of score")
flags.DEFINE_string("checkpoint", None, "the model, of COCO's 17 joints")
flags.DEFINE_float(
    "seconds", 20.0, "of a measurement, of which the first does not count", lower_bound=2
)
flags.mark_flags_as_required(["config", "checkpoint"])

MAIN = "from stgnf_jax.cli import main; main()"
MOST = 1100  # connections, and cameras
PEOPLE, RATE = 3, 25
SPAWN = multiprocessing.get_context("spawn")


class Neighbours(NamedTuple):
    """Programs that are connected too.

    Attributes:
      count: how many.
      sends: a part of a line, once; all the lines that are taken; or nothing and connects anew.
      pause: seconds between two lines of one.
      reads: whether it takes answers.
    """

    count: int
    sends: str
    pause: float = 0.0
    reads: bool = True


IDLE, HALF = Neighbours(500, "nothing"), Neighbours(500, "half a line")
CAMERAS = Neighbours(1000, "lines", pause=10.0)
FLOODS = Neighbours(20, "lines")
SLOW = Neighbours(50, "lines", reads=False)
COMER = Neighbours(1, "connects")
MIX = (IDLE._replace(count=200), HALF._replace(count=200), CAMERAS._replace(count=600))
STAGES = {
    "alone": (),
    "500 that send nothing, 500 half a line": (IDLE, HALF),
    "1000 cameras, 100 lines a second": (CAMERAS,),
    "20 that send all they can": (FLOODS,),
    "50 more of them that take no answers": (FLOODS, SLOW),
    "1 that connects and hangs up all the time": (COMER,),
    "1071 of all kinds": (*MIX, FLOODS, SLOW, COMER),
}


def frame_line(camera: str, frame: int, poses: list[str]) -> bytes:
    """A line of people who walk about."""
    people = poses[frame % len(poses)]
    return f'{{"camera":"{camera}","frame":{frame},"people":{people}}}\n'.encode()


def walkers() -> list[str]:
    """People as JSON, frame by frame."""
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 3, (250, PEOPLE, 17, 3)).cumsum(0)
    poses = (rng.uniform(100, 400, (PEOPLE, 17, 3)) + steps).round(2).reshape(250, PEOPLE, 51)
    return [
        json.dumps([{"id": i, "keypoints": one} for i, one in enumerate(frame)])
        for frame in poses.tolist()
    ]


def connect(path: str) -> socket.socket:
    """A new connection."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    return client


def behave(path: str, kind: Neighbours, name: str) -> None:
    """Goes on for ever as neighbours do; a process."""
    if kind.sends == "connects":
        while True:
            connect(path).close()
    clients = [connect(path) for _ in range(kind.count)]
    if kind.sends == "lines":
        push_all(path, kind, name, clients)
    for client in clients:
        client.sendall(frame_line(name, 0, walkers())[:1000] if kind.sends != "nothing" else b"")
    time.sleep(1e6)


def push_all(path: str, kind: Neighbours, name: str, clients: list[socket.socket]) -> None:
    """Sends lines of as many cameras whenever they are due and taken."""
    poses, selector, now = walkers(), selectors.DefaultSelector(), time.monotonic()
    for i, client in enumerate(clients):
        due = now + kind.pause * i / kind.count
        watch(selector, client, {"camera": f"{name}{i}", "frame": 0, "left": b"", "due": due})
    while True:
        for key, events in selector.select(0.1):
            try:
                if events & selectors.EVENT_READ and kind.reads and not key.fileobj.recv(2**16):  # type: ignore[union-attr]
                    raise ConnectionResetError
                if events & selectors.EVENT_WRITE:
                    push(key.fileobj, key.data, kind.pause, poses)
            except BlockingIOError:
                pass
            except OSError:  # hung up on
                selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
                with contextlib.suppress(OSError):
                    watch(selector, connect(path), {**key.data, "left": b""})
        if kind.pause:
            time.sleep(0.02)


def watch(selector: selectors.BaseSelector, client: socket.socket, state: dict[str, Any]) -> None:
    """Registers a connection."""
    client.setblocking(False)
    selector.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE, state)


def push(client: Any, state: dict[str, Any], pause: float, poses: list[str]) -> None:
    """Sends what is left of a line, or if it is due, of the next."""
    if not state["left"]:
        if time.monotonic() < state["due"]:
            return
        state["left"] = frame_line(state["camera"], state["frame"], poses)
        state["frame"] += 1
        state["due"] += pause
    state["left"] = state["left"][client.send(state["left"]) :]


def measure(client: socket.socket, answers: Any, first: int, poses: list[str]) -> list[float]:
    """Milliseconds of a camera's frames from number `first` on."""
    times, due = [], time.monotonic()
    for frame in range(first, first + int(RATE * FLAGS.seconds)):
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / RATE, time.monotonic())
        began = time.perf_counter()
        client.sendall(frame_line("camera", frame, poses))
        answer = json.loads(answers.readline())
        times.append(1000 * (time.perf_counter() - began))
        assert (answer["camera"], answer["frame"], answer["use"]) == ("camera", frame, "scored")
    return times


@contextmanager
def neighbours(path: str, kinds: tuple[Neighbours, ...], stage: int) -> Iterator[None]:
    """Processes of them."""
    started = [
        SPAWN.Process(target=behave, args=(path, kind, f"{stage}-{i}-"), daemon=True)
        for i, kind in enumerate(kinds)
    ]
    for one in started:
        one.start()
    time.sleep(5 if started else 0)  # they have begun
    try:
        yield
    finally:
        assert all(one.is_alive() for one in started)
        for one in started:
            one.kill()
            one.join()


def memory(process: Any) -> float:
    """Resident, in MB."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    return int(match[1]) / 1024 if match else float("nan")


def main(_: list[str]) -> None:
    """Prints the table."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and leaves no process behind
    with ExitStack() as stack:
        path = f"{stack.enter_context(tempfile.TemporaryDirectory())}/socket"
        command = [
            *(sys.executable, "-c", MAIN, "stream", f"--config={FLAGS.config}"),
            *(f"--checkpoint={FLAGS.checkpoint}", f"--input=unix:{path}", "--max_people=8"),
            *(f"--max_connections={MOST}", f"--max_cameras={MOST}", "--report_every=0"),
        ]
        process = stack.enter_context(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        stack.callback(process.kill)
        assert process.stderr is not None
        assert "listening" in process.stderr.readline()
        client, poses = stack.enter_context(connect(path)), walkers()
        answers = client.makefile("rb")
        print("| neighbours | median ms | 99 % | most | resident MB |\n|---|---|---|---|---|")
        for stage, (name, kinds) in enumerate(STAGES.items()):
            with neighbours(path, kinds, stage):
                times = measure(client, answers, stage * 10**6, poses)[RATE:]
                cells = [*np.quantile(times, (0.5, 0.99)), max(times), memory(process)]
            print(f"| {name} | {' | '.join(f'{cell:.1f}' for cell in cells)} |", flush=True)
        process.send_signal(signal.SIGTERM)
        print(process.stderr.read())


if __name__ == "__main__":
    app.run(main)
