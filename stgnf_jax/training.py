"""Training: windows in, a checkpoint an epoch out (paper sections 3.2, 3.3 and 10)."""

import functools
import math
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import optax
from absl import logging
from ml_collections import ConfigDict
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from stgnf_jax import checkpoint
from stgnf_jax.augment import augment
from stgnf_jax.config import check_config, flow_config
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import Evaluation, evaluate, load_test_set
from stgnf_jax.files import write_atomically
from stgnf_jax.flow import STGNF, Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.likelihood import nll
from stgnf_jax.model import Model
from stgnf_jax.optimizer import make_optimizer
from stgnf_jax.training_set import Batch, batches, load_training_set
from stgnf_jax.windows import gather, normalise

CONFIG_FILE = "config.json"
REPORT_EVERY = 20


class TrainState(NamedTuple):
    """What a training step changes."""

    variables: Variables
    optimizer: optax.OptState


MakeWindows = Callable[[jax.Array, Batch], jax.Array]
Step = Callable[[TrainState, jax.Array, Batch], tuple[TrainState, jax.Array]]


def train_and_evaluate(config: ConfigDict, workdir: str | os.PathLike[str]) -> Evaluation | None:
    """Trains, keeps a checkpoint per epoch in `workdir`, and evaluates where there is a test set.

    Raises:
      InputError: anything wrong with the configuration, the poses, the masks or `workdir`.
    """
    check_config(config)
    checkpoint.check_free(workdir)
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


def train(config: ConfigDict, workdir: str | os.PathLike[str]) -> Model:
    """Trains a flow and keeps a checkpoint per epoch in `workdir`.

    Raises:
      InputError: anything wrong with the configuration or the poses, a `workdir` that cannot be
        written or holds a run already, or a loss that is no longer finite.
    """
    check_config(config)
    checkpoint.check_free(workdir)
    flow, training = flow_config(config.model), config.training
    examples = load_training_set(config.data, flow)
    resolution = tuple(config.data.resolution)
    start_run(config, Model(flow, {}, resolution), workdir)
    steps_per_epoch = -(-examples.num_examples // training.batch_size)
    optimizer = make_optimizer(training, steps_per_epoch)
    make_windows = windows_maker(flow, resolution)
    step = jax.jit(make_step(flow, make_windows, optimizer), donate_argnums=0)
    keypoints = jax.device_put(examples.keypoints)
    first = next(batches(examples, training.batch_size, config.seed, 0))
    state = initial_state(config.seed, flow, optimizer, make_windows(keypoints, first))
    with _progress() as progress, checkpoint.manager(workdir) as epochs:
        for epoch in range(training.epochs):
            name = f"epoch {epoch + 1}/{training.epochs}"
            task = progress.add_task(name, total=steps_per_epoch, report="")
            order = batches(examples, training.batch_size, config.seed, epoch)
            report = functools.partial(_report, progress, task)
            state = _run_epoch(step, state, keypoints, progress.track(order, task_id=task), report)
            checkpoint.save_epoch(epochs, epoch, state.variables)
    return Model(flow, state.variables, resolution)


def windows_maker(flow: FlowConfig, resolution: tuple[float, float]) -> MakeWindows:
    """A function that makes the normalised windows (B, T, V, C) of a batch."""

    def make_windows(keypoints: jax.Array, batch: Batch) -> jax.Array:
        x = augment(gather(keypoints, batch.start, flow.segment_length), batch.matrix)
        return normalise(x[..., : flow.channels], resolution)

    return make_windows


def make_step(
    flow: FlowConfig, make_windows: MakeWindows, optimizer: optax.GradientTransformation
) -> Step:
    """One step of the optimiser on the mean nll of a batch (equation 4): new state and loss."""

    def step(state: TrainState, keypoints: jax.Array, batch: Batch) -> tuple[TrainState, jax.Array]:
        x = make_windows(keypoints, batch)
        variables = state.variables

        def loss(params: Variables) -> tuple[jax.Array, Variables]:
            latent, updated = STGNF(flow).apply(
                {**variables, "params": params}, x, train=True, mutable=["batch_stats"]
            )
            return nll(latent, flow.radius * batch.label).mean(), updated

        (value, updated), gradient = jax.value_and_grad(loss, has_aux=True)(variables["params"])
        change, optimizer_state = optimizer.update(gradient, state.optimizer, variables["params"])
        params = optax.apply_updates(variables["params"], change)
        return TrainState({**variables, **updated, "params": params}, optimizer_state), value

    return step


def initial_state(
    seed: int, flow: FlowConfig, optimizer: optax.GradientTransformation, x: jax.Array
) -> TrainState:
    """Random weights, ActNorm from the first batch x, and an optimiser that has seen nothing."""

    def init(key: jax.Array, x: jax.Array) -> Variables:
        return STGNF(flow).init(key, x, train=True)

    variables = jax.jit(init)(jax.random.key(seed), x)
    return TrainState(variables, optimizer.init(variables["params"]))


def start_run(config: ConfigDict, model: Model, workdir: str | os.PathLike[str]) -> None:
    """Writes the configuration and the model's description into a folder without a run."""
    checkpoint.save_description(workdir, model)
    with write_atomically(Path(workdir) / CONFIG_FILE) as path:
        path.write_text(config.to_json_best_effort(indent=2) + "\n", encoding="utf-8")


def _run_epoch(
    step: Step,
    state: TrainState,
    keypoints: jax.Array,
    order: Iterable[Batch],
    report: Callable[[float, float], None],
) -> TrainState:
    began, losses, sizes = time.monotonic(), [], []
    for batch in order:
        state, loss = step(state, keypoints, batch)
        losses.append(loss)
        sizes.append(len(batch.start))
        if len(losses) % REPORT_EVERY == 0:
            report(float(loss), sum(sizes) / (time.monotonic() - began))
    mean_loss = float(np.average(np.array(losses), weights=sizes))
    report(mean_loss, sum(sizes) / (time.monotonic() - began))
    if not math.isfinite(mean_loss):
        raise InputError(
            f"the loss of an epoch is {mean_loss}, so training stops, and the epochs before it "
            "are kept; try a lower config.training.learning_rate"
        )
    return state


def _report(progress: Progress, task: TaskID, loss: float, windows_per_second: float) -> None:
    text = f"loss {loss:.4f} bits/dim, {windows_per_second:,.0f} windows/s"
    progress.update(task, report=text)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[report]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
