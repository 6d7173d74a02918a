"""What a training tells as it goes on, to all that listen: logs, summary, progress."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import jax

from stgnf_jax.distributed import leads
from stgnf_jax.optimizer import make_schedule
from stgnf_jax.program import Program, num_parameters
from stgnf_jax.progress import training_progress
from stgnf_jax.run_log import Record, run_log
from stgnf_jax.run_summary import Achieved, Summary, summarised, versions
from stgnf_jax.sampling import steps_per_epoch
from stgnf_jax.stopping import Stopped

# Steps from one record to the next.
EVERY = 20


class Watch(NamedTuple):
    """Who listens to a training.

    Attributes:
      tell: takes what is known after a step; speed and learning rate are put in here.
      achieve: takes how far the training is, whenever that is saved.
    """

    tell: Callable[[Record], None]
    achieve: Callable[[Achieved], None]


@contextmanager
def watched(program: Program, workdir: str | os.PathLike[str], first_step: int) -> Iterator[Watch]:
    """Opens the logs of a run, its summary and its progress; of several processes only in one.

    Args:
      program: the training.
      workdir: the run's folder.
      first_step: steps done before.

    Raises:
      InputError: something cannot be written.
    """
    if not leads():
        yield Watch(lambda _: None, lambda _: None)
        return
    epochs = program.config.training.epochs
    per_epoch = steps_per_epoch(program.examples, program.config.training.batch_size)
    with (
        summarised(workdir, _summary(program), Stopped) as achieve,
        run_log(workdir, first_step) as log,
        training_progress(epochs, per_epoch, first_step) as show,
    ):
        speed = _speedometer(program, first_step)
        schedule = make_schedule(program.config.training, per_epoch)

        def tell(record: Record) -> None:
            whole = record._replace(
                learning_rate=float(schedule(record.step)),
                windows_per_second=speed(record.step + 1),
            )
            log(whole)
            show(whole)

        yield Watch(tell, achieve)


def windows_seen(program: Program, steps: int) -> int:
    """How many windows all members together have learned from in so many steps."""
    size = program.config.training.batch_size
    epochs, rest = divmod(steps, steps_per_epoch(program.examples, size))
    return program.config.ensemble * (epochs * program.examples.num_examples + rest * size)


def _speedometer(program: Program, first_step: int) -> Callable[[int], float | None]:
    """A function from the steps done to the windows a second since it was last asked."""
    seen, began = windows_seen(program, first_step), time.monotonic()

    def speed(steps: int) -> float | None:
        nonlocal seen, began
        more, now = windows_seen(program, steps) - seen, time.monotonic()
        rate = more / (now - began) if more and now > began else None
        seen, began = seen + more, now
        return rate

    return speed


def _summary(program: Program) -> Summary:
    config, examples = program.config, program.examples
    normal = int((examples.label > 0).sum()) * len(examples.matrices)
    return Summary(
        config=json.loads(config.to_json_best_effort()),
        data_hash=examples.content_hash,
        windows=len(examples.start),
        examples=examples.num_examples,
        normal_examples=normal,
        abnormal_examples=examples.num_examples - normal,
        seed=config.seed,
        members=config.ensemble,
        parameters=num_parameters(program.flow),
        device=jax.devices()[0].device_kind,
        devices=jax.device_count(),
        processes=jax.process_count(),
        versions=versions(),
    )
