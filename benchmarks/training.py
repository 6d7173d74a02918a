"""Windows a second in training, of one flow and of an ensemble, beside any other program.

    python benchmarks/training.py --threads=1,2 --peer="python other_program.py --threads {threads}"

The peer must print `windows/s: NUMBER`. Ours is `training_steps.py`; both are bound to the same
cores, in turn, in one run. The windows of an ensemble count once for each member.
"""

import shlex
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import app, flags
from pairs import Row, rate, report

FLAGS = flags.FLAGS
flags.DEFINE_string("peer", "", "command to measure in turn with ours")
flags.DEFINE_integer("rounds", 4, "measurements of each", lower_bound=1)
flags.DEFINE_list("threads", ["1", "2"], "numbers of cores to run on")
flags.DEFINE_integer("members", 8, "flows of the ensemble", lower_bound=2)
flags.DEFINE_string("out", "", "JSON file for all measurements")

STEPS = shlex.join([sys.executable, str(Path(__file__).with_name("training_steps.py"))])


def measure(threads: int) -> list[Row]:
    """One flow, an ensemble and the peer, in turn."""
    rows = [
        Row(f"{name}, {threads} core(s)", [], [])
        for name in ("one flow", f"ensemble of {FLAGS.members}, a member's windows")
    ]
    for _ in range(FLAGS.rounds):
        command = FLAGS.peer.replace("{threads}", str(threads))
        theirs = rate(command, threads) if command else float("nan")
        for row, members in zip(rows, (1, FLAGS.members), strict=True):
            row.ours.append(rate(f"{STEPS} --members={members}", threads))
            row.peer.append(theirs)
    return rows


def main(_: Sequence[str]) -> None:
    """Measures, prints a Markdown table and writes JSON."""
    rows = []
    for threads in map(int, FLAGS.threads):
        one, ensemble = measure(threads)
        rows += [one, ensemble]
        costs = [FLAGS.members * a / b for a, b in zip(one.ours, ensemble.ours, strict=True)]
        print(
            f"{threads} core(s): {FLAGS.members} members cost {statistics.median(costs):.2f} "
            "times what one does"
        )
    report("Training, batches of 256, whole steps", rows, FLAGS.out)


if __name__ == "__main__":
    app.run(main)
