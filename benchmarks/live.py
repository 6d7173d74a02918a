"""Milliseconds from a frame's keypoints to its scores, beside any other program.

    python benchmarks/live.py --peer="python other_program.py {people}" --out=live.json

A window is kept of every person; each frame adds a detection to all of them, and scores them. The
peer does the same for so many people and prints `median ms: NUMBER p99 ms: NUMBER`.
"""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Sequence

import jax
import numpy as np
from absl import app, flags
from pairs import Row, report

from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model
from stgnf_jax.set_scoring import pixel_scorer

FLAGS = flags.FLAGS
flags.DEFINE_string("peer", "", "command to measure in turn with ours")
flags.DEFINE_list("people", ["1", "5", "20"], "people in a frame")
flags.DEFINE_integer("frames", 500, "frames of a measurement", lower_bound=1)
flags.DEFINE_integer("rounds", 3, "measurements of each", lower_bound=1)
flags.DEFINE_string("out", "", "JSON file for all measurements")

FLOW = FlowConfig()
MOST = 32
PRINTED = re.compile(r"median ms: ([\d.]+) p99 ms: ([\d.]+)")


def detections(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Made up, (..., V, 3)."""
    return rng.uniform(0, 400, (*shape, FLOW.skeleton.num_joints, 3)).astype(np.float32)


def random_model() -> Model:
    """A flow as training starts it."""
    x = np.random.default_rng(0).normal(size=(256, *FLOW.event_shape)).astype(np.float32)
    init = jax.jit(lambda key: STGNF(FLOW).init(key, x, train=True))
    return Model(FLOW, init(jax.random.key(0)), (856.0, 480.0))


def ours(people: int) -> tuple[float, float]:
    """Median and 99th percentile of the frames' milliseconds."""
    rng, times = np.random.default_rng(0), []
    score = pixel_scorer(random_model(), MOST)
    windows = detections(rng, people, FLOW.segment_length)
    for _ in range(FLAGS.frames):
        seen = detections(rng, people, 1)
        began = time.perf_counter()
        windows = np.concatenate([windows[:, 1:], seen], 1)
        score(windows)
        times.append(1000 * (time.perf_counter() - began))
    return float(np.median(times)), float(np.quantile(times, 0.99))


def peers(people: int) -> tuple[float, float]:
    """The same, as a command prints it."""
    if not FLAGS.peer:
        return float("nan"), float("nan")
    command = shlex.split(FLAGS.peer.replace("{people}", str(people)))
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    match = PRINTED.search(printed)
    if match is None:
        raise ValueError(f"{command} must print `{PRINTED.pattern}`, got {printed!r}")
    return float(match[1]), float(match[2])


def compilations_of_changing_crowds() -> int:
    """How often anything is compiled when other numbers of people come, frame by frame."""
    score, compiled = pixel_scorer(random_model(), MOST), []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: compiled.append(name)
    )
    for people in range(3 * MOST):
        score(detections(np.random.default_rng(people), people, FLOW.segment_length))
    jax.monitoring.clear_event_listeners()
    return len(compiled)


def main(_: Sequence[str]) -> None:
    """Measures, prints a Markdown table and writes JSON."""
    os.sched_setaffinity(0, {0})  # the peer's too
    jax.config.update("jax_cpu_enable_async_dispatch", False)  # as `stgnf stream` does
    rows = []
    for people in map(int, FLAGS.people):
        measured = [(ours(people), peers(people)) for _ in range(FLAGS.rounds)]
        for i, figure in enumerate(("median", "99th percentile")):
            mine, theirs = ([one[who][i] for one in measured] for who in (0, 1))
            rows.append(Row(f"{people} people, {figure}", mine, theirs))
    compilations = compilations_of_changing_crowds()
    report(
        "Frame by frame, from keypoints to scores, 1 core",
        rows,
        FLAGS.out,
        "ms a frame",
        faster_is="less",
        compilations=compilations,
    )
    print(f"compiled while 0 to {3 * MOST - 1} people came: {compilations} times")


if __name__ == "__main__":
    app.run(main)
