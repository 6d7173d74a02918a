"""Seconds from pose files on disk to the AUC, by the command line in a process of its own.

    python benchmarks/cold.py --root=DIR --checkpoint=RUN --peer="python other_program.py" \
        --peer_windows=60000 --peer_start=5

A first run finds no cache, neither of poses nor of compiled functions; a second run finds both. The
peer prints `windows/s: NUMBER`; its seconds are those it needs for `peer_windows`, and to start.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags
from pairs import Row, rate, report

FLAGS = flags.FLAGS
flags.DEFINE_string("root", None, "a data set as configs/shanghaitech.py wants it", required=True)
flags.DEFINE_string("checkpoint", None, "what is scored with", required=True)
flags.DEFINE_string("peer", "", "command to measure in turn with ours")
flags.DEFINE_integer("peer_windows", 60_000, "windows that the peer would score")
flags.DEFINE_float("peer_start", 5, "seconds that it would take to start and to read")
flags.DEFINE_integer("rounds", 6, "measurements of each", lower_bound=1)
flags.DEFINE_string("out", "", "JSON file for all measurements")

CONFIG = Path(__file__).parents[1] / "configs" / "shanghaitech.py"


def evaluate(cache: str, out: str) -> float:
    """Seconds of `stgnf evaluate`."""
    command = [sys.executable, "-c", "from stgnf_jax.cli import main; main()", "evaluate"]
    command += [f"--config={CONFIG}", f"--config.data.root={FLAGS.root}"]
    command += [f"--config.data.cache_dir={cache}", f"--checkpoint={FLAGS.checkpoint}"]
    began = time.perf_counter()
    subprocess.run([*command, f"--out={out}"], check=True, capture_output=True)
    return time.perf_counter() - began


def main(_: Sequence[str]) -> None:
    """Measures, prints a Markdown table and writes JSON."""
    rows = [Row("first run", [], []), Row("second run", [], [])]
    for _ in range(FLAGS.rounds):
        theirs = float("nan")
        if FLAGS.peer:
            theirs = FLAGS.peer_start + FLAGS.peer_windows / rate(FLAGS.peer)
        with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as out:
            for row in rows:
                row.ours.append(evaluate(cache, out))
                row.peer.append(theirs)
    report("From pose files to the AUC", rows, FLAGS.out, "seconds", faster_is="less")


if __name__ == "__main__":
    app.run(main)
