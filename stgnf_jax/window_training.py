"""Training on windows in memory: no files, no checkpoints, one flow."""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.config import default_config
from stgnf_jax.flow import Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.optimizer import make_optimizer
from stgnf_jax.train_step import Batch, StepResult, TrainState, initial_state, make_step

# Compiled trainings that are kept.
PROGRAMS = 16


class WindowTraining(NamedTuple):
    """How long and how fast; all else is as `default_config` has it."""

    epochs: int = 8
    batch_size: int = 256
    learning_rate: float = 5e-4


class _Compiled(NamedTuple):
    start: Callable[[int, Batch], TrainState]
    step: Callable[[TrainState, Batch], tuple[TrainState, StepResult]]


def fit_windows(
    flow: FlowConfig, x: NDArray[np.float32], training: WindowTraining, seed: int
) -> Variables:
    """Trains a flow on normal windows.

    All batches have one size: the last of an epoch begins the epoch's order anew.

    Args:
      flow: the flow.
      x: (N, T, V, C) normalised windows, N at least 1.
      training: how.
      seed: of the first weights and the order.

    Returns:
      The flow's variables, NumPy arrays.

    Raises:
      ValueError: a number of `training` is out of its range, or a weight is not finite in the end.
    """
    if min(training.epochs, training.batch_size) < 1 or not training.learning_rate > 0:
        raise ValueError(
            f"epochs and batch_size must be at least 1, learning_rate above 0, got {training}"
        )
    steps = math.ceil(len(x) / training.batch_size)
    compiled = _compile(flow, training, steps)
    order = _order(len(x), steps, training, seed)
    state = compiled.start(seed, _batch(x[order[0]]))
    for chosen in order:
        state, _ = compiled.step(state, _batch(x[chosen]))
    variables = jax.device_get(state.variables)
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(variables)):
        raise ValueError("training came to weights that are not finite; lower the learning rate")
    return variables


def _order(count: int, steps: int, training: WindowTraining, seed: int) -> NDArray[np.int64]:
    """Which windows each step sees, (steps of all epochs, batch_size)."""
    rng = np.random.default_rng(seed)
    epochs = [
        np.resize(rng.permutation(count), (steps, training.batch_size))
        for _ in range(training.epochs)
    ]
    return np.concatenate(epochs)


@functools.lru_cache(maxsize=PROGRAMS)
def _compile(flow: FlowConfig, training: WindowTraining, steps_per_epoch: int) -> _Compiled:
    config = default_config().training
    config.update(training._asdict())
    optimizer = make_optimizer(config, steps_per_epoch)

    def windows(batch: Batch, _: jax.Array) -> jax.Array:
        return batch.keypoints

    def start(seed: int, batch: Batch) -> TrainState:
        return initial_state(flow, windows, optimizer, seed, batch)

    return _Compiled(jax.jit(start), jax.jit(make_step(flow, windows, optimizer, config)))


def _batch(x: NDArray[np.float32]) -> Batch:
    one = jnp.ones(len(x))
    return Batch(jnp.asarray(x), jnp.zeros((len(x), 2, 2)), label=one, weight=one)
