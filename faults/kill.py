"""Kills and hinders commands at every call that changes a file, and looks at what is left.

    python -m faults.kill --folder=FOLDER --points=40
    python -m faults.kill --folder=FOLDER --faults=full,denied --commands=score,export

Every command runs undisturbed first, while preload.c counts its calls. Then it runs again, meets
the fault at one of them, and once more without. Checked are: each file that is left is the one of
before or that of the undisturbed run; scores, figures and their origin are of one and the same run;
all readers read what is there; and the run after that gives what the undisturbed one gave, byte for
byte but for times. FOLDER must be a new one. Prints a Markdown table, and exits with 1 when
something was wrong.
"""

import argparse
import importlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from faults.hook import FAULTS, arm, disarm, with_hook

ROOT = Path(__file__).parents[1]


class Point(NamedTuple):
    """A call that changes a file: the how-manieth, which, and of which file."""

    at: int
    call: str
    path: str


class Whole(NamedTuple):
    """An undisturbed run: what was there before, what afterwards, and the calls between."""

    before: Path
    old: dict[str, bytes]
    new: dict[str, bytes]
    weights: Any
    points: list[Point]


class Outcome(NamedTuple):
    """What became of one fault."""

    command: str
    fault: str
    point: Point
    status: int
    problems: list[str]


def in_child(function: Callable[[], Any], output: Path) -> tuple[int, Any, str]:
    """Status, result and output of a function in a forked process; a signal is negative."""
    result = output.with_suffix(".json")
    result.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        _child(function, output, result)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = json.loads(result.read_bytes()) if result.exists() else None
    return status, found, output.read_text(errors="replace")


def _child(function: Callable[[], Any], output: Path, result: Path) -> None:
    status = 70
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    try:
        found = function()
        disarm()
        result.write_text(json.dumps(found))
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def stgnf(words: tuple[str, ...], work: Path, fault: str = "none", at: int = 0) -> list[list[str]]:
    """A command line in this process, its stdout kept in `work`; the calls it made."""
    from stgnf_jax.cli import main  # noqa: PLC0415

    log = work.with_name("calls.txt")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    work.mkdir(parents=True, exist_ok=True)
    stdout = os.open(work / f"{words[0]}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stdout, 1)
    sys.argv = ["stgnf", *words]
    arm(work, fault, at, descriptor)
    try:
        main()
    except SystemExit as error:
        if error.code:
            raise
    sys.stdout.flush()
    disarm()
    return [line.split(" ", 2) for line in log.read_text().splitlines()]


def import_commands() -> None:
    """Imports what commands import, so that not every process has to; no backend starts by it."""
    for name in ("training", "replay", "stream_server", "report", "export", "label_masks"):
        importlib.import_module(f"stgnf_jax.{name}")
    for name in ("normal_calibration", "kept_windows", "raised_alarms", "watched_drift"):
        importlib.import_module(f"stgnf_jax.{name}")
    importlib.import_module("stgnf_jax.pose_formats.convert_poses")


class Trial:
    """Everything that runs of commands share: places, and undisturbed runs by command."""

    def __init__(self, folder: Path) -> None:
        from faults.commands import Place, commands, write_inputs  # noqa: PLC0415

        import_commands()
        self.folder, self.output = folder, folder / "output.txt"
        self.place = Place(folder / "data", folder / "work")
        self.commands = commands(self.place)
        self.run(lambda: write_inputs(self.place))
        replayed = self.run(lambda: stgnf(("replay", *self.place.config()), self.place.work))
        assert replayed is not None
        (self.place.work / "replay.txt").rename(self.place.data / "lines.jsonl")
        self.results: dict[str, Path] = {}

    def run(self, function: Callable[[], Any]) -> Any:
        """What a function gives in a process of its own that must not fail."""
        status, found, output = in_child(function, self.output)
        if status:
            raise RuntimeError(f"status {status}: {output}")
        return found

    def lay(self, before: Path | None) -> None:
        """Makes the folder what it was before a command."""
        shutil.rmtree(self.place.work, ignore_errors=True)
        if before is None:
            self.place.work.mkdir()
        else:
            shutil.copytree(before, self.place.work)

    def before(self, names: tuple[str, ...]) -> Path:
        """A folder in which these commands have run, one after the other."""
        kept = self.folder / "-".join(("before", *names))
        if not kept.exists():
            self.lay(self.before(names[:-1]) if names else None)
            if names:
                words = self.commands[names[-1]].words
                self.run(lambda: stgnf(words, self.place.work))
            shutil.copytree(self.place.work, kept)
        return kept

    def undisturbed(self, name: str) -> Whole:
        """A command without faults."""
        from faults.contents import visible, weights  # noqa: PLC0415

        command, work = self.commands[name], self.place.work
        before = self.before(command.after)
        self.lay(before)
        old = visible(work)
        calls = self.run(lambda: stgnf(command.words, work))
        points = [Point(int(at), call, path) for at, call, path in calls]
        return Whole(before, old, visible(work), self.run(lambda: weights(work)), points)

    def disturbed(self, name: str, whole: Whole, fault: str, point: Point) -> Outcome:
        """A command with a fault, and the same without after it."""
        from faults.contents import litter, read_all, visible, weights  # noqa: PLC0415

        words, work = self.commands[name].words, self.place.work
        self.lay(whole.before)
        status, _, output = in_child(lambda: stgnf(words, work, fault, point.at), self.output)
        problems = _of_ending(fault, status, output) + _of_files(whole, visible(work))

        def again() -> Any:
            read_all(work)
            stgnf(words, work)
            return weights(work)

        repeated, found, output = in_child(again, self.output)
        is_there = name == "export" and "exists already" in output
        if repeated and not is_there:
            problems.append(f"the next run ends with {repeated}: {output.strip()[-300:]}")
        if not is_there and found != whole.weights:
            problems.append("the next run has other weights")
        now = visible(work)
        if is_there:  # it refuses, and says less than the first time
            now["export.txt"] = whole.new["export.txt"]
        problems += _differences(whole.new, now)
        problems += [f"{path} stays" for path in litter(work)]
        return Outcome(name, fault, point, status, problems)


def _of_ending(fault: str, status: int, output: str) -> list[str]:
    """A killed command is gone; one that is refused something says so in a line, or goes on."""
    if fault in ("kill", "tear"):
        return [] if status in (0, -signal.SIGKILL) else [f"ends with {status}: {output[-300:]}"]
    if status not in (0, 1) or "Traceback" in output:
        return [f"ends with {status}: {output[-300:]}"]
    if status == 1 and "cannot be" not in output.strip().splitlines()[-1]:
        return [f"does not say what cannot be written: {output[-300:]}"]
    return []


def _of_files(whole: Whole, left: dict[str, bytes]) -> list[str]:
    """Files that are neither old nor new, and scores beside files of another run."""
    growing = ("run/log.jsonl", "run/summary.json")
    problems = []
    for name, content in left.items():
        known = content in (whole.old.get(name), whole.new.get(name))
        if not known and name not in growing and not name.endswith(".txt"):
            problems.append(f"{name} is half-written")
    scores = "out/scores.npz"
    if scores in left and whole.old.get(scores) != whole.new.get(scores):
        beside = {name: left.get(name) for name in whole.new if name.startswith("out/")}
        sides = (whole.old, whole.new)
        if not any(all(side.get(n) == content for n, content in beside.items()) for side in sides):
            problems.append("scores.npz is not of one run with the files beside it")
    return problems


def _differences(expected: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    names = sorted(expected.keys() | found.keys())
    differ = [name for name in names if expected.get(name) != found.get(name)]
    return [f"the next run leaves another {name}" for name in differ]


def chosen(points: list[Point], fault: str, count: int, rng: random.Random) -> list[Point]:
    """At most so many of the calls at which a fault can come, in their order."""
    possible = [point for point in points if fault != "tear" or "write" in point.call]
    return sorted(rng.sample(possible, min(count, len(possible))))


def table(outcomes: list[Outcome], wholes: dict[str, Whole]) -> str:
    """A row a command and fault, for docs/faults.md."""
    rows = ["| command | calls | fault | runs | ended by it | with problems |", "|" + "---|" * 6]
    for name, whole in wholes.items():
        for fault in FAULTS:
            some = [one for one in outcomes if (one.command, one.fault) == (name, fault)]
            if some:
                ended = sum(one.status != 0 for one in some)
                wrong = sum(bool(one.problems) for one in some)
                figures = (name, len(whole.points), fault, len(some), ended, wrong)
                rows.append(f"| {' | '.join(map(str, figures))} |")
    return "\n".join(rows)


def main() -> None:
    """Runs what the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--commands", default="")
    parser.add_argument("--faults", default="kill,tear")
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=600, help="of faults, at most")
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    folder = flags.folder.absolute()
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder / "compiled")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    # An exported program says from which lines it was called, and these differ here.
    os.environ["JAX_TRACEBACK_IN_LOCATIONS_LIMIT"] = "0"
    with_hook(folder)
    os.chdir(ROOT)
    trial, rng = Trial(folder), random.Random(flags.seed)
    names = flags.commands.split(",") if flags.commands else list(trial.commands)
    wholes = {name: trial.undisturbed(name) for name in names}
    faults = [
        (name, fault, point)
        for name in names
        for fault in flags.faults.split(",")
        for point in chosen(wholes[name].points, fault, flags.points, rng)
    ]
    rng.shuffle(faults)
    outcomes, began = list[Outcome](), time.monotonic()
    for name, fault, point in faults:
        if time.monotonic() - began > 60 * flags.minutes:
            break
        outcomes.append(trial.disturbed(name, wholes[name], fault, point))
        for problem in outcomes[-1].problems:
            print(name, fault, *point, problem, sep=": ", flush=True)
    print(table(outcomes, wholes))
    sys.exit(any(outcome.problems for outcome in outcomes))


if __name__ == "__main__":
    main()
