"""Windows scored in a second, beside any other program, in turn in one run.

    python benchmarks/scoring.py --threads=1 --out=scoring.json \
        --peer="python peer_scoring.py FILE {adjacency} score --threads {threads}"

The peer must print `windows/s: NUMBER`. It is measured once a round for each adjacency, which it
gets as an NPY file (S, V, V). Both are bound to so many cores.
"""

import functools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from absl import app, flags
from pairs import Row, rate, report

from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model, score_members, score_windows, window_statistics
from stgnf_jax.skeleton import adjacency

FLAGS = flags.FLAGS
flags.DEFINE_string("peer", "", "command to measure in turn with ours")
flags.DEFINE_integer("rounds", 2, "measurements of each", lower_bound=1)
flags.DEFINE_integer("windows", 16384, "windows to score", lower_bound=1)
flags.DEFINE_integer("threads", 1, "cores to run on", lower_bound=1)
flags.DEFINE_string("out", "", "JSON file for all measurements")

MEMBERS, REPEATS = 8, 5


class Subject(NamedTuple):
    """What is measured: a name, a flow, how it scores, and how often each window counts."""

    name: str
    config: FlowConfig
    score: Callable[[Model, np.ndarray], object] = score_windows
    times: int = 1


def ensemble(model: Model, x: np.ndarray) -> object:
    """Scores with members that are all alike."""
    stacked = jax.tree.map(lambda leaf: np.stack([leaf] * MEMBERS), model.variables)
    return score_members(model.config, stacked, x)


PLAIN = FlowConfig()
SUBJECTS = (
    Subject("scoring", PLAIN),
    Subject("with density of states' statistics", PLAIN, window_statistics),
    Subject(f"ensemble of {MEMBERS}, a member's windows", PLAIN, ensemble, MEMBERS),
    Subject("LU 1x1 convolution", PLAIN._replace(permutation="invertible_1x1")),
    Subject("adjacency by distance", PLAIN._replace(partition="distance")),
    Subject("spatial adjacency", PLAIN._replace(partition="spatial")),
    Subject("edge importance", PLAIN._replace(edge_importance=True)),
)


def random_model(config: FlowConfig, x: np.ndarray) -> Model:
    """A flow as training starts it."""
    init = jax.jit(functools.partial(STGNF(config).init, train=True))
    return Model(config, init(jax.random.key(0), x), (856.0, 480.0))


def ours(subject: Subject, model: Model, x: np.ndarray) -> float:
    """Windows a second: the median of some goes after one that warms up, as peers measure."""
    times = []
    for _ in range(1 + REPEATS):
        began = time.perf_counter()
        subject.score(model, x)
        times.append(time.perf_counter() - began)
    return subject.times * len(x) / statistics.median(times[1:])


def peers(config: FlowConfig) -> float:
    """Windows a second of the other program with a flow's adjacency; NaN where there is none."""
    if not FLAGS.peer:
        return float("nan")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "adjacency.npy"
        np.save(file, adjacency(config.skeleton, config.partition, config.max_hop))
        return rate(FLAGS.peer.format(adjacency=file, threads=FLAGS.threads), FLAGS.threads)


def measure(x: np.ndarray) -> list[Row]:
    """Every subject and its peer, in turn, so many rounds."""
    models = [random_model(subject.config, x[:256]) for subject in SUBJECTS]
    for subject, model in zip(SUBJECTS, models, strict=True):
        subject.score(model, x)  # compiles
    rows = [Row(subject.name, [], []) for subject in SUBJECTS]
    for _ in range(FLAGS.rounds):
        theirs: dict[str, float] = {}
        for subject, model, row in zip(SUBJECTS, models, rows, strict=True):
            if subject.config.partition not in theirs:
                theirs[subject.config.partition] = peers(subject.config)
            row.ours.append(ours(subject, model, x))
            row.peer.append(theirs[subject.config.partition])
    return rows


def main(_: Sequence[str]) -> None:
    """Measures, prints a Markdown table and writes JSON."""
    os.sched_setaffinity(0, range(FLAGS.threads))
    x = np.random.default_rng(0).normal(size=(FLAGS.windows, *PLAIN.event_shape))
    rows = measure(x.astype(np.float32))
    report(f"Scoring, windows in memory, {FLAGS.threads} core(s)", rows, FLAGS.out)


if __name__ == "__main__":
    app.run(main)
