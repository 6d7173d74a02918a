"""How far a training is and how long it still takes, for people."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeRemainingColumn,
)

from stgnf_jax.run_log import Record

# Where there is no terminal, seconds from one line to the next: a share of the time so far, so that
# a quick run shows where it is and a long one does not fill a file.
SHORTEST, SHARE, LONGEST = 10.0, 0.02, 600.0
# Speed is taken over the last seconds.
SPEED_PERIOD = 600.0


@contextmanager
def training_progress(
    epochs: int, steps_per_epoch: int, first_step: int = 0
) -> Iterator[Callable[[Record], None]]:
    """Shows a training's progress on stderr; gives a function that takes what is known of a step.

    In a terminal it is a bar. Elsewhere it is a line now and then: at first every ten seconds, with
    time at longer intervals, and in any case after the last step.

    Args:
      epochs: in the whole training.
      steps_per_epoch: in each.
      first_step: as many steps were done by earlier processes.
    """
    console = Console(stderr=True)
    total = epochs * steps_per_epoch
    with _progress(console) as progress:
        progress.add_task("", completed=first_step, total=total, report="")
        (task,) = progress.tasks
        began = shown = time.monotonic()

        def report(record: Record) -> None:
            nonlocal shown
            name, now = f"epoch {record.epoch + 1}/{epochs}", time.monotonic()
            done, text = record.step + 1, _text(record)
            progress.update(task.id, description=name, completed=done, report=text)
            interval = min(max(SHORTEST, SHARE * (now - began)), LONGEST)
            if progress.disable and (now - shown >= interval or done == total):
                shown = now
                print(_line(task), file=console.file, flush=True)

        yield report


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=10),
        MofNCompleteColumn(),
        TextColumn("{task.fields[report]}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        get_time=time.monotonic,
        speed_estimate_period=SPEED_PERIOD,
    )


def _text(record: Record) -> str:
    parts = []
    if record.loss is not None:
        parts.append(f"loss {_mean(record.loss):.4f}")
    if record.held_out_nll is not None:
        parts.append(f"held out {_mean(record.held_out_nll):.4f}")
    if record.windows_per_second is not None:
        parts.append(f"{record.windows_per_second:,.0f} windows/s")
    return ", ".join(parts)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _line(task: Task) -> str:
    left = TimeRemainingColumn().render(task)
    report = task.fields["report"]
    return f"{task.description}, step {task.completed:.0f}/{task.total:.0f}, {report}, {left} left"
