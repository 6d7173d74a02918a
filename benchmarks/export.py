"""Windows scored in a second by what `stgnf export --onnx` wrote, beside the model itself.

    python benchmarks/export.py --checkpoint=RUN --export=EXPORT --threads=1

In turn in one process, bound to so many cores. Windows are in pixels for all; the ratio is to the
model's own compiled scoring, the median of rounds.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import numpy as np
import onnxruntime
from absl import app, flags, logging

from stgnf_jax import load_export
from stgnf_jax.checkpoint import load
from stgnf_jax.set_scoring import window_scorer

FLAGS = flags.FLAGS
flags.DEFINE_string("checkpoint", None, "the model", required=True)
flags.DEFINE_string("export", None, "what was written of it", required=True)
flags.DEFINE_integer("threads", 1, "cores to run on", lower_bound=1)
flags.DEFINE_integer("rounds", 7, "measurements of each", lower_bound=1)

SIZES = (1, 32, 1024, 8192)


def onnx_scorer() -> Callable[[np.ndarray], np.ndarray]:
    """Scores by onnxruntime, as many windows at once as the loader of StableHLO takes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = FLAGS.threads
    session = onnxruntime.InferenceSession(
        Path(FLAGS.export) / "scorer.onnx", options, providers=["CPUExecutionProvider"]
    )

    def score(x: np.ndarray) -> np.ndarray:
        firsts = range(0, len(x), load_export.MOST)
        parts = [x[first : first + load_export.MOST] for first in firsts]
        return np.concatenate([session.run(None, {"windows": part})[0] for part in parts])

    return score


def seconds(score: Callable[[np.ndarray], object], x: np.ndarray) -> float:
    """Of one call, over as many as take a twentieth of a second."""
    began, calls = time.perf_counter(), 0
    while calls == 0 or time.perf_counter() - began < 0.05:
        score(x)
        calls += 1
    return (time.perf_counter() - began) / calls


def main(_: Sequence[str]) -> None:
    """Compares scores, measures, prints a Markdown table."""
    logging.set_verbosity(logging.WARNING)
    os.sched_setaffinity(0, range(FLAGS.threads))
    model, exported = load(FLAGS.checkpoint), load_export.load(FLAGS.export)
    ours = jax.jit(window_scorer("nll", [model]))
    shape = (max(SIZES), *model.config.event_shape)
    x = np.random.default_rng(0).normal(400, 50, shape).astype(np.float32)
    scorers = {
        "the model": lambda x: np.asarray(ours(x)),
        "load_export.py": exported.score,
        "onnxruntime": onnx_scorer(),
    }
    expected = scorers["the model"](x)
    print(
        "| windows a call | scored by | windows/s | ratio | largest difference |\n"
        + "|---" * 5
        + "|"
    )
    for size in SIZES:
        for score in scorers.values():
            score(x[:size])  # compiles
        times: dict[str, list[float]] = {name: [] for name in scorers}
        for _round in range(FLAGS.rounds):
            for name, score in scorers.items():
                times[name].append(seconds(score, x[:size]))
        for name, score in scorers.items():
            ratios = [a / b for a, b in zip(times["the model"], times[name], strict=True)]
            error = np.abs(score(x[:size]) - expected[:size]).max() / np.abs(expected[:size]).max()
            rate = size / statistics.median(times[name])
            ratio = statistics.median(ratios)
            print(f"| {size} | {name} | {rate:.3g} | {ratio:.2f} | {error:.1e} |")


if __name__ == "__main__":
    app.run(main)
