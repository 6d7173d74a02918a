"""The steps of a training, one after the other, from any state to the end."""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from stgnf_jax.checkpoint import save_step
from stgnf_jax.failed_batch import fail
from stgnf_jax.program import Program
from stgnf_jax.run_log import Record, read_log
from stgnf_jax.run_summary import Achieved
from stgnf_jax.sampling import Draw, draws, steps_per_epoch
from stgnf_jax.stopping import Stopped
from stgnf_jax.train_step import StepResult, TrainState, averaged
from stgnf_jax.watching import EVERY, Watch, windows_seen

# Steps under way before the result of the first of them is looked at.
AHEAD = 2


class Run(NamedTuple):
    """Where a training is kept, and who has a say in it.

    Attributes:
      workdir: its folder.
      steps: the manager of its checkpoints.
      stop: whether to stop after a step.
      watch: who listens.
    """

    workdir: Path
    steps: Any
    stop: Callable[[int], bool]
    watch: Watch


class _Pending(NamedTuple):
    """A step whose result nobody has looked at yet."""

    step: int
    draw: Draw
    result: StepResult


def is_finished(program: Program, state: TrainState) -> bool:
    """Whether nothing is left to do: all epochs are done, or patience is over."""
    training = program.config.training
    per_epoch = steps_per_epoch(program.examples, training.batch_size)
    standing = program.standing(state)
    epochs, rest = divmod(int(standing.step), per_epoch)
    waited = epochs - 1 - standing.best_epoch
    impatient = bool(training.patience) and waited >= training.patience
    return not rest and (epochs == training.epochs or (epochs > 0 and impatient))


def go_on(program: Program, run: Run, state: TrainState) -> None:
    """From a state to the end of the training.

    Raises:
      InputError: a loss or gradient is not finite, or a checkpoint cannot be written.
      Stopped: on request, when the state is saved.
    """
    training = program.config.training
    per_epoch = steps_per_epoch(program.examples, training.batch_size)
    step = int(program.standing(state).step)
    pending: deque[_Pending] = deque()
    for draw in draws(program.examples, program.config, step):
        state, result = program.step(state, program.load(draw.examples))
        pending.append(_Pending(step, draw, result))
        step += 1
        _look_at(pending, AHEAD, program, run)
        ended, stopped = step % per_epoch == 0, run.stop(step)
        if ended or stopped or step % training.checkpoint_every == 0:
            _look_at(pending, 0, program, run)
            if ended:
                state, nll = program.end_epoch(state, draw.epoch)
                if training.held_out:
                    run.watch.tell(Record(step - 1, draw.epoch, held_out_nll=nll.tolist()))
            _save(program, run, state, result)
        if stopped:
            raise Stopped(f"stopped after step {step}; the same command goes on from there")
        if ended and is_finished(program, state):
            return


def _save(program: Program, run: Run, state: TrainState, result: StepResult) -> None:
    """Writes a checkpoint, and says so."""
    achieved = achieved_by(program, state)
    served = state.chosen.variables if program.config.training.held_out else averaged(state)
    save_step(run.steps, achieved.steps, served, state)
    run.watch.achieve(achieved._replace(loss=float(np.mean(result.loss))))


def achieved_by(program: Program, state: TrainState) -> Achieved:
    """How far a state is; the loss it does not know."""
    training, standing = program.config.training, program.standing(state)
    step = int(standing.step)
    epochs = step // steps_per_epoch(program.examples, training.batch_size)
    best = float(standing.held_out_nll.mean()) if training.held_out and epochs else None
    return Achieved(epochs, step, windows_seen(program, step), held_out_nll=best)


def logged_loss(workdir: str | os.PathLike[str], step: int) -> float | None:
    """The loss of a step, the mean over the members; None where the run's log lacks it."""
    losses = [record.loss for record in read_log(workdir) if record.step == step and record.loss]
    return float(np.mean(np.asarray(losses[-1], np.float32))) if losses else None


def _look_at(pending: deque[_Pending], ahead: int, program: Program, run: Run) -> None:
    """Looks at results until only `ahead` of them are pending."""
    while len(pending) > ahead:
        step, draw, result = pending.popleft()
        loss, norm = jax.device_get((result.loss, result.gradient_norm))
        for member in np.flatnonzero(~(np.isfinite(loss) & np.isfinite(norm)))[:1]:
            fail(
                run.workdir,
                step,
                program.examples,
                drawn=draw.examples[member],
                nll=np.asarray(result.nll)[member],
                length=program.flow.segment_length,
            )
        if (step + 1) % EVERY == 0 or not pending:
            run.watch.tell(Record(step, draw.epoch, loss.tolist(), norm.tolist()))
