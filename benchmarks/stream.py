"""Milliseconds from a frame to its scores, and memory, of a live stream.

    python benchmarks/stream.py --config=configs/custom.py --checkpoint=RUN

People walk about at random, all in view all the time. `update` is a call of `StreamScorer.update`.
`line` is the way of a line into `stgnf stream` and of its answer back through pipes, one line
after the other. Prints a Markdown table for docs/live.md, and the memory of that process: of one
camera, of 64, which are as many as it remembers, and of 64 others thereafter.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import app, flags, logging
from ml_collections import config_flags
from numpy.typing import NDArray

from stgnf_jax.checkpoint import load_members
from stgnf_jax.live_scores import Frame
from stgnf_jax.stream import stream_scorer

FLAGS = flags.FLAGS
CONFIG = config_flags.DEFINE_config_file("config", None, "gives the kind of score")
flags.DEFINE_string("checkpoint", None, "the model, of COCO's 17 joints")
flags.DEFINE_integer("frames", 1000, "frames of a measurement", lower_bound=100)
flags.DEFINE_integer("cameras", 8, "cameras in turn", lower_bound=1)
flags.mark_flags_as_required(["config", "checkpoint"])

MAIN = "from stgnf_jax.cli import main; main()"
PEOPLE = (1, 5, 20)


def walkers(people: int) -> NDArray[np.floating]:
    """(F, P, 17, 3), in pixels."""
    rng = np.random.default_rng(people)
    steps = rng.normal(0, 3, (FLAGS.frames, people, 17, 3)).cumsum(0)
    return (rng.uniform(100, 400, (people, 17, 3)) + steps).round(2)


def measure(answer: Callable[[int], Any]) -> tuple[float, float]:
    """Median and 99th percentile of the frames' milliseconds, the first fifty left out."""
    times = []
    for frame in range(FLAGS.frames):
        began = time.perf_counter()
        answer(frame)
        times.append(1000 * (time.perf_counter() - began))
    return float(np.median(times[50:])), float(np.quantile(times[50:], 0.99))


def updates(people: int) -> tuple[float, float]:
    """Of calls in this process."""
    stream = stream_scorer(load_members(FLAGS.checkpoint), CONFIG.value.scoring.score)
    camera, poses, person = stream.init(), walkers(people), np.arange(people)

    def answer(frame: int) -> None:
        nonlocal camera
        camera, _ = stream.update(camera, Frame(frame, person, poses[frame]))

    return measure(answer)


def lines(process: Any, people: int, name: str, cameras: int) -> tuple[float, float]:
    """Of lines to and from a process."""
    poses = walkers(people).reshape(FLAGS.frames, people, 51).tolist()

    def answer(frame: int) -> None:
        seen = [{"id": i, "keypoints": pose} for i, pose in enumerate(poses[frame])]
        camera = f"{name}{frame % cameras}"
        line = {"camera": camera, "frame": frame // cameras, "people": seen}
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()

    return measure(answer)


def memory(process: Any) -> float:
    """Resident, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(match[1]) / 1024 if match else float("nan")


def main(_: list[str]) -> None:
    """Prints the table."""
    logging.set_verbosity(logging.WARNING)
    jax.config.update("jax_cpu_enable_async_dispatch", False)  # as `stgnf stream` does
    config = [word for word in sys.argv[1:] if word.startswith("--config")]
    command = [sys.executable, "-c", MAIN, "stream", *config, f"--checkpoint={FLAGS.checkpoint}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    print("| people | update, median ms | 99 % | line, median ms | 99 % | 8 cameras | 99 % |")
    print("|---|---|---|---|---|---|---|")
    with subprocess.Popen(command, **pipes) as process:
        lines(process, 1, "first", 1)
        first = memory(process)
        for people in PEOPLE:
            turns = (1, FLAGS.cameras)
            measured = [updates(people)]
            measured += [lines(process, people, f"{people}-{n}-", n) for n in turns]
            cells = [f"{figure:.2f}" for pair in measured for figure in pair]
            print(f"| {people} | {' | '.join(cells)} |", flush=True)
        for repeat in range(64 // FLAGS.cameras):  # so many cameras as are remembered
            lines(process, PEOPLE[-1], f"more-{repeat}-", FLAGS.cameras)
        full = memory(process)
        for repeat in range(64 // FLAGS.cameras):
            lines(process, PEOPLE[-1], f"others-{repeat}-", FLAGS.cameras)
        print(f"resident MB: {first:.0f}, 64 cameras {full:.0f}, 64 others {memory(process):.0f}")
        process.stdin.close()


if __name__ == "__main__":
    app.run(main)
