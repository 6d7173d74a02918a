"""Windows scored in a second, beside any other program, in turn in one run.

    python benchmarks/scoring.py --threads=1 --peer="python other_program.py" --out=scoring.json

The peer must print `windows/s: NUMBER`. A peer that has `{partition}` in its command is measured
once for each adjacency, and rows with that adjacency are compared with it. Machines are noisy: the
ratio of each pair is what to quote. `--threads` binds this program and the peer to so many cores.
"""

import functools
import json
import os
import re
import shlex
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from absl import app, flags

from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model, score_members, score_windows, window_statistics

FLAGS = flags.FLAGS
flags.DEFINE_string("peer", "", "command to measure in turn with ours")
flags.DEFINE_integer("rounds", 5, "measurements of each", lower_bound=1)
flags.DEFINE_integer("windows", 16384, "windows to score", lower_bound=1)
flags.DEFINE_integer("threads", 0, "cores to run on, 0 for all", lower_bound=0)
flags.DEFINE_string("out", "", "JSON file for all measurements")

MEMBERS = 8
Score = Callable[[Model, np.ndarray], object]


class Row(NamedTuple):
    """What is measured: a name, a flow, how it scores, and how often each window counts."""

    name: str
    config: FlowConfig
    score: Score = score_windows
    times: int = 1


def ensemble(model: Model, x: np.ndarray) -> object:
    """Scores with members that are all alike."""
    stacked = jax.tree.map(lambda leaf: np.stack([leaf] * MEMBERS), model.variables)
    return score_members(model.config, stacked, x)


PLAIN = FlowConfig()
ROWS = (
    Row("default", PLAIN),
    Row("default, with statistics", PLAIN, window_statistics),
    Row(f"default, ensemble of {MEMBERS}, windows times members", PLAIN, ensemble, MEMBERS),
    Row("LU 1x1 convolution", PLAIN._replace(permutation="invertible_1x1")),
    Row("adjacency distance", PLAIN._replace(partition="distance")),
    Row("adjacency spatial", PLAIN._replace(partition="spatial")),
    Row("edge importance", PLAIN._replace(edge_importance=True)),
)


def random_model(config: FlowConfig, x: np.ndarray) -> Model:
    """A flow as training starts it."""
    init = jax.jit(functools.partial(STGNF(config).init, train=True))
    return Model(config, init(jax.random.key(0), x), (856.0, 480.0))


def ours(row: Row, model: Model, x: np.ndarray) -> float:
    """Windows a second."""
    began = time.perf_counter()
    row.score(model, x)
    return row.times * len(x) / (time.perf_counter() - began)


def peers(command: str) -> float:
    """Windows a second that a command prints."""
    printed = subprocess.run(
        shlex.split(command), check=True, capture_output=True, text=True
    ).stdout
    match = re.search(r"windows/s: ([\d.]+)", printed)
    if match is None:
        raise ValueError(f"{command!r} must print `windows/s: NUMBER`, got {printed!r}")
    return float(match[1])


def measure(x: np.ndarray) -> list[dict[str, object]]:
    """Every row and its peer, in turn, so many rounds; one dict a row."""
    models = [random_model(row.config, x[:256]) for row in ROWS]
    for row, model in zip(ROWS, models, strict=True):
        row.score(model, x)  # compiles
    found = [{"name": row.name, "ours": [], "peer": []} for row in ROWS]
    for _ in range(FLAGS.rounds):
        theirs: dict[str, float] = {}
        for row, model, rates in zip(ROWS, models, found, strict=True):
            command = FLAGS.peer.replace("{partition}", row.config.partition)
            if command and command not in theirs:
                theirs[command] = peers(command)
            rates["ours"].append(ours(row, model, x))
            rates["peer"].append(theirs.get(command, float("nan")))
    return found


def table(found: list[dict[str, object]]) -> str:
    """A Markdown table of medians, ratios of pairs with their lowest and highest."""
    lines = [
        "| | ours, windows/s | peer, windows/s | ratio (lowest to highest) |",
        "|---|---|---|---|",
    ]
    for row in found:
        ratios = np.divide(row["ours"], row["peer"])
        theirs, ratio = "", ""
        if not np.isnan(ratios).any():
            theirs = f"{statistics.median(row['peer']):,.0f}"
            ratio = f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        mine = f"{statistics.median(row['ours']):,.0f}"
        lines.append(f"| {row['name']} | {mine} | {theirs} | {ratio} |")
    return "\n".join(lines)


def main(_: Sequence[str]) -> None:
    """Measures, prints a Markdown table and writes JSON."""
    if FLAGS.threads:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: FLAGS.threads])
    x = np.random.default_rng(0).normal(size=(FLAGS.windows, *PLAIN.event_shape))
    found = measure(x.astype(np.float32))
    print(table(found))
    if FLAGS.out:
        Path(FLAGS.out).write_text(json.dumps({"threads": FLAGS.threads, "rows": found}, indent=1))


if __name__ == "__main__":
    app.run(main)
