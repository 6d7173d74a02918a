"""Training: windows in, checkpoints out (paper sections 3.2, 3.3 and 10)."""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from absl import logging
from ml_collections import ConfigDict

from stgnf_jax import checkpoint
from stgnf_jax.config import check_config, flow_config
from stgnf_jax.evaluation import Evaluation, evaluate, load_test_set
from stgnf_jax.failed_batch import fail
from stgnf_jax.mesh import by_member
from stgnf_jax.model import Model
from stgnf_jax.program import Program, make_program
from stgnf_jax.run_folder import locked, open_run
from stgnf_jax.sampling import Draw, draws, steps_per_epoch
from stgnf_jax.stopping import Stopped, stop_requested
from stgnf_jax.train_step import StepResult, TrainState, averaged

# Steps under way before the result of the first of them is looked at.
AHEAD = 2


def train_and_evaluate(config: ConfigDict, workdir: str | os.PathLike[str]) -> Evaluation | None:
    """Trains, keeps checkpoints in `workdir`, and evaluates where there is a test set.

    Raises:
      InputError: anything wrong with the configuration, the poses, the masks or `workdir`.
      Stopped: on SIGTERM, when all is saved.
    """
    check_config(config)
    evaluated = _has_test_set(config.data)
    if evaluated:  # what is wrong with the test set is better known before the training
        load_test_set(config.data, flow_config(config.model))
    train(config, workdir)
    return evaluate(config, workdir, workdir) if evaluated else None


def _has_test_set(data: ConfigDict) -> bool:
    missing = [name for name in (data.test_poses, data.masks) if not Path(data.root, name).is_dir()]
    for name in missing:
        logging.warning("there will be no evaluation: there is no folder %s/%s", data.root, name)
    return not missing


def train(config: ConfigDict, workdir: str | os.PathLike[str]) -> tuple[Model, ...]:
    """Trains an ensemble of flows, one by default, and keeps checkpoints in `workdir`.

    A run that has been stopped or killed goes on from its last checkpoint, and ends with the very
    weights it would have had. One that is finished is left as it is.

    Returns:
      The members of the ensemble.

    Raises:
      InputError: anything wrong with the configuration or the poses, a `workdir` that cannot be
        written or holds another run, or a loss or gradient that is not finite.
      Stopped: on SIGTERM, when all is saved.
    """
    check_config(config)
    program = make_program(config)
    flow, resolution = program.flow, tuple(config.data.resolution)
    with locked(workdir):
        open_run(config, checkpoint.Description(flow, resolution, config.ensemble), workdir)
        with checkpoint.manager(workdir) as steps, stop_requested() as stop:
            like = jax.eval_shape(program.start)
            state = checkpoint.restore_state(steps, like, by_member(program.mesh))
            if state is None:
                state = program.start()
            _go(program, _Run(Path(workdir), steps, stop), state)
    return checkpoint.load_members(workdir)


class _Pending(NamedTuple):
    """A step whose result nobody has looked at yet."""

    step: int
    draw: Draw
    result: StepResult


class _Run(NamedTuple):
    """Where a training is kept: its folder, the manager of its checkpoints, and when to stop."""

    workdir: Path
    steps: Any
    stop: Callable[[int], bool]


def _go(program: Program, run: _Run, state: TrainState) -> None:
    """From a state to the end of the training."""
    training = program.config.training
    per_epoch = steps_per_epoch(program.examples, training.batch_size)
    step = int(state.step[0])
    pending: deque[_Pending] = deque()
    if step and _patience_is_over(state, step // per_epoch - 1, training.patience):
        return
    for draw in draws(program.examples, program.config, step):
        state, result = program.step(state, program.load(draw.examples))
        pending.append(_Pending(step, draw, result))
        step += 1
        _check(pending, AHEAD, program, run.workdir)
        ended, stopped = step % per_epoch == 0, run.stop(step)
        if ended or stopped or step % training.checkpoint_every == 0:
            _check(pending, 0, program, run.workdir)
            if ended:
                state = program.end_epoch(state, draw.epoch)
            served = state.chosen.variables if training.held_out else averaged(state)
            checkpoint.save_step(run.steps, step, served, state)
        if stopped:
            raise Stopped(f"stopped after step {step}; the same command goes on from there")
        if ended and _patience_is_over(state, draw.epoch, training.patience):
            return


def _check(pending: deque[_Pending], ahead: int, program: Program, workdir: Path) -> None:
    """Looks at results until only `ahead` of them are pending."""
    while len(pending) > ahead:
        step, draw, result = pending.popleft()
        finite = np.isfinite(result.loss) & np.isfinite(result.gradient_norm)
        for member in np.flatnonzero(~finite)[:1]:
            fail(
                workdir,
                step,
                program.examples,
                drawn=draw.examples[member],
                nll=np.asarray(result.nll)[member],
                length=program.flow.segment_length,
            )


def _patience_is_over(state: TrainState, epoch: int, patience: int) -> bool:
    """Whether no member has had its best epoch within the last `patience` ones."""
    return bool(patience) and epoch - int(np.max(jax.device_get(state.chosen.epoch))) >= patience
