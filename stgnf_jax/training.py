"""Training: windows in, checkpoints out (paper sections 3.2, 3.3 and 10)."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import jax
from absl import logging
from ml_collections import ConfigDict

from stgnf_jax import checkpoint
from stgnf_jax.calibration import calibrate
from stgnf_jax.config import check_config, flow_config
from stgnf_jax.distributed import led, wait_for_all
from stgnf_jax.evaluation import Evaluation, evaluate, load_test_set
from stgnf_jax.mesh import by_member
from stgnf_jax.model import Model
from stgnf_jax.program import Program, make_program
from stgnf_jax.run_folder import locked, open_run
from stgnf_jax.run_summary import check_same_poses, note_finished
from stgnf_jax.stopping import stop_requested
from stgnf_jax.track_truth import load_track_truth
from stgnf_jax.train_loop import Run, achieved_by, go_on, is_finished, logged_loss
from stgnf_jax.watching import watched


def train_and_evaluate(config: ConfigDict, workdir: str | os.PathLike[str]) -> Evaluation | None:
    """Trains, keeps checkpoints in `workdir`, and evaluates where there is a test set.

    Raises:
      InputError: anything wrong with the configuration, the poses, the masks or `workdir`.
      Stopped: on SIGTERM, when all is saved.
    """
    check_config(config)
    evaluated = _has_test_set(config.data)
    if evaluated:  # what is wrong with the test set is better known before the training
        window_set, masks = load_test_set(config.data, flow_config(config.model))
        load_track_truth(config.data, window_set.tracks.clips, masks)
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
    with ExitStack() as stack:
        led(lambda: stack.enter_context(_opened(program, workdir)))
        with checkpoint.manager(workdir) as steps, stop_requested() as stop:
            like = jax.eval_shape(program.start)
            state = checkpoint.restore_state(steps, like, by_member(program.mesh))
            if state is None:
                state = program.start()
            if is_finished(program, state):
                achieved = achieved_by(program, state)
                led(lambda: note_finished(workdir, achieved, logged_loss))
            else:
                first_step = int(program.standing(state).step)
                with watched(program, workdir, first_step) as watch:
                    go_on(program, Run(Path(workdir), steps, stop, watch), state)
        wait_for_all("the training is over")
        models = checkpoint.load_members(workdir)
        if models[0].calibration is None:
            models = calibrate(models, program.examples, workdir)
    return models


@contextmanager
def _opened(program: Program, workdir: str | os.PathLike[str]) -> Iterator[None]:
    """Holds the folder of a run, which is new or that of this very training."""
    config = program.config
    resolution = tuple(config.data.resolution)
    with locked(workdir):
        open_run(config, checkpoint.Description(program.flow, resolution, config.ensemble), workdir)
        check_same_poses(workdir, program.examples.content_hash)
        yield
