"""Windows scored in a second, beside any other program, in turn in one run.

    python benchmarks/scoring.py --peer="python other_program.py" --rounds=5

The peer must print `windows/s: NUMBER`; without one only our own figures are printed. Machines
are noisy: the ratio of each pair is what to quote.
"""

import re
import shlex
import statistics
import subprocess
import time
from collections.abc import Sequence

import jax
import numpy as np
from absl import app, flags

from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model, score_windows

FLAGS = flags.FLAGS
flags.DEFINE_string("peer", "", "command to measure in turn with ours")
flags.DEFINE_integer("rounds", 5, "pairs of measurements", lower_bound=1)
flags.DEFINE_integer("windows", 65536, "windows to score", lower_bound=1)


def ours(model: Model, x: np.ndarray) -> float:
    """Windows a second of `score_windows`."""
    began = time.perf_counter()
    score_windows(model, x)
    return len(x) / (time.perf_counter() - began)


def peers(command: str) -> float:
    """Windows a second that a command prints."""
    printed = subprocess.run(
        shlex.split(command), check=True, capture_output=True, text=True
    ).stdout
    match = re.search(r"windows/s: ([\d.]+)", printed)
    if match is None:
        raise ValueError(f"{command!r} must print `windows/s: NUMBER`, got {printed!r}")
    return float(match[1])


def main(_: Sequence[str]) -> None:
    """Measures and prints a Markdown table."""
    config = FlowConfig()
    x = np.random.default_rng(0).normal(size=(FLAGS.windows, *config.event_shape))
    x = x.astype(np.float32)
    variables = STGNF(config).init(jax.random.key(0), x[:256], train=True)
    model = Model(config, variables, (856.0, 480.0))
    ours(model, x)  # compiles
    print("| round | ours, windows/s | peer, windows/s | ratio |\n|---|---|---|---|")
    ratios = []
    for number in range(1, FLAGS.rounds + 1):
        mine = ours(model, x)
        theirs = peers(FLAGS.peer) if FLAGS.peer else float("nan")
        ratios.append(mine / theirs)
        print(f"| {number} | {mine:,.0f} | {theirs:,.0f} | {ratios[-1]:.1f} |")
    print(f"\nmedian ratio {statistics.median(ratios):.1f}")


if __name__ == "__main__":
    app.run(main)
