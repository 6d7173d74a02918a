"""Feeds readers with inputs that nobody would write, guided by the lines that they reach.

    python -m fuzz.run --inputs=1000000 --out=OUT [--targets=pose_file,config]

Each target runs in a process of its own, with libFuzzer by way of atheris. OUT/fuzz.md says how
many inputs each was given and what came of them; inputs of findings lie beside it. Inputs are
shared out by how long a target takes for one.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from absl import app, flags

from fuzz.one_target import CORPUS, fuzz_target
from fuzz.shares import SHARES

FLAGS = flags.FLAGS
flags.DEFINE_integer("inputs", 1_000_000, "in total", lower_bound=1)
flags.DEFINE_integer("seed", 1, "of the mutations", lower_bound=1)
flags.DEFINE_integer("processes", 1, "targets at a time", lower_bound=1)
flags.DEFINE_string("out", None, "folder for findings, inputs that reach more, and figures")
flags.DEFINE_list("targets", [], "names; all where none is given")
flags.DEFINE_bool("alone", False, "run the one target in this process")
flags.mark_flag_as_required("out")


class Row(NamedTuple):
    """What came of a target: inputs, kinds of outcome, lines and branches reached, findings."""

    target: str
    inputs: int
    outcomes: int
    reached: int
    findings: tuple[str, ...]


def measure(name: str, inputs: int) -> Row:
    """Runs a target in a process of its own."""
    out, log = Path(FLAGS.out), Path(FLAGS.out, f"{name}.log")
    command = [sys.executable, "-m", "fuzz.run", f"--targets={name}", f"--inputs={inputs}"]
    with open(log, "wb") as told:
        done = subprocess.run(
            [*command, f"--out={out}", f"--seed={FLAGS.seed}", "--alone"], stderr=told, check=False
        )
    outcomes: dict[str, int] = dict(json.loads((out / f"{name}.json").read_bytes()))
    reached = re.findall(rb"cov: (\d+)", log.read_bytes())
    findings = [one for one in outcomes if one.startswith("finding")]
    if done.returncode:
        findings.append(f"ended with {done.returncode}, see {log.name}")
    total = sum(outcomes.values())
    row = Row(name, total, len(outcomes), int(reached[-1]) if reached else 0, tuple(findings))
    print(*row, flush=True)
    return row


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = ["| target | inputs | outcomes | reached | findings |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.target} | {row.inputs:,} | {row.outcomes} | {row.reached:,} "
        f"| {'; '.join(row.findings) or 'none'} |"
        for row in rows
    ]
    return "\n".join([*lines, f"| all | {sum(row.inputs for row in rows):,} | | | |"]) + "\n"


def main(_: Sequence[str]) -> None:
    """Runs one target or all."""
    out = Path(FLAGS.out)
    out.mkdir(parents=True, exist_ok=True)
    if FLAGS.alone:
        fuzz_target(FLAGS.targets[0], FLAGS.inputs, out, FLAGS.seed)
        return
    names = FLAGS.targets or sorted(path.name for path in CORPUS.iterdir())
    shares = [SHARES.get(name, 1.0) for name in names]
    inputs = [round(FLAGS.inputs * share / sum(shares)) + 1 for share in shares]
    with ThreadPoolExecutor(FLAGS.processes) as pool:
        rows = list(pool.map(measure, names, inputs))
    (out / "fuzz.md").write_text(table(rows), "utf-8")
    sys.exit(any(row.findings for row in rows))


if __name__ == "__main__":
    app.run(main)
