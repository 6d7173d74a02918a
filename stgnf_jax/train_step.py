"""One step of training: the state it changes, and what it tells (paper sections 3.2 and 3.3)."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from ml_collections import ConfigDict

from stgnf_jax.augment import add_noise, augment, drop
from stgnf_jax.flow import STGNF, Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.training_likelihood import training_nll
from stgnf_jax.windows import normalise


class Batch(NamedTuple):
    """B windows to learn from.

    Attributes:
      keypoints: (B, T, V, 3), [x, y, confidence], x and y in pixels.
      matrix: (B, 2, 2), the augmentation of each.
      label: (B,) +1 for a normal window, -1 for an abnormal one (section 3.3).
      weight: (B,) in the loss; of mean 1 over an epoch.
    """

    keypoints: jax.Array
    matrix: jax.Array
    label: jax.Array
    weight: jax.Array


class Chosen(NamedTuple):
    """The best that training has come to so far, which is what is scored with.

    Attributes:
      variables: of the flow.
      held_out_nll: () bits per dimension; infinite before the end of the first epoch.
      epoch: () int32, the one that gave them; -1 before the end of the first.
    """

    variables: Variables
    held_out_nll: jax.Array
    epoch: jax.Array


class TrainState(NamedTuple):
    """All that training changes, so all that a checkpoint needs for it to go on.

    Attributes:
      step: () int32, steps done; with the seed it decides the order of the windows.
      key: the random state, (2,) uint32: that of a step is folded from it and the step.
      variables: of the flow.
      optimizer: the optimiser's state.
      average: moving average of `params`.
      chosen: see there.
    """

    step: jax.Array
    key: jax.Array
    variables: Variables
    optimizer: optax.OptState
    average: Variables
    chosen: Chosen


class StepResult(NamedTuple):
    """What a step tells.

    Attributes:
      loss: () bits per dimension.
      nll: (B,) of each window.
      gradient_norm: () global norm before clipping.
    """

    loss: jax.Array
    nll: jax.Array
    gradient_norm: jax.Array


MakeWindows = Callable[[Batch, jax.Array], jax.Array]
Step = Callable[[TrainState, Batch], tuple[TrainState, StepResult]]


def windows_maker(
    flow: FlowConfig, resolution: tuple[float, float], training: ConfigDict
) -> MakeWindows:
    """A function that makes the normalised windows (B, T, V, C) of a batch, with a random key."""

    def make_windows(batch: Batch, key: jax.Array) -> jax.Array:
        x = augment(batch.keypoints[..., : flow.channels], batch.matrix)
        drop_key, noise_key = jax.random.split(key)
        if training.keypoint_drop:
            x = drop(x, drop_key, training.keypoint_drop)
        x = normalise(x, resolution)
        if training.keypoint_noise:
            x = add_noise(x, noise_key, training.keypoint_noise)
        return x

    return make_windows


def initial_state(
    flow: FlowConfig,
    make_windows: MakeWindows,
    optimizer: optax.GradientTransformation,
    seed: ArrayLike,
    batch: Batch,
) -> TrainState:
    """Random weights, ActNorm from the first batch, and an optimiser that has seen nothing."""
    key = jax.random.key(seed)
    variables = STGNF(flow).init(key, make_windows(batch, jax.random.fold_in(key, 0)), train=True)
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        key=jax.random.key_data(key),
        variables=variables,
        optimizer=optimizer.init(variables["params"]),
        average=variables["params"],
        chosen=Chosen(variables, jnp.array(jnp.inf), jnp.array(-1, jnp.int32)),
    )


def make_step(
    flow: FlowConfig,
    make_windows: MakeWindows,
    optimizer: optax.GradientTransformation,
    training: ConfigDict,
) -> Step:
    """One step of the optimiser on the mean nll of a batch (equation 4)."""

    def loss(
        params: Variables, variables: Variables, batch: Batch, x: jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, Variables]]:
        mean = flow.radius * batch.label
        nll, batch_stats = training_nll(flow, {**variables, "params": params}, x, mean)
        weight = batch.weight
        if training.trim:
            weight = jnp.where(_likely(jax.lax.stop_gradient(nll), training.trim), weight, 0)
        return jnp.sum(weight * nll) / jnp.sum(weight), (nll, batch_stats)

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, StepResult]:
        key = jax.random.fold_in(jax.random.wrap_key_data(state.key), state.step)
        x = make_windows(batch, key)
        params = state.variables["params"]
        gradient_of = jax.value_and_grad(loss, has_aux=True)
        (value, (nll, batch_stats)), gradient = gradient_of(params, state.variables, batch, x)
        change, optimizer_state = optimizer.update(gradient, state.optimizer, params)
        params = optax.apply_updates(params, change)
        moved = state._replace(
            step=state.step + 1,
            variables={**state.variables, "batch_stats": batch_stats, "params": params},
            optimizer=optimizer_state,
            average=_average(state, params, training.average_decay),
        )
        return moved, StepResult(value, nll, optax.tree.norm(gradient))

    return step


def _likely(nll: jax.Array, trim: float) -> jax.Array:
    """Which windows are not among the share `trim` with the highest nll, (B,)."""
    kept = len(nll) - int(trim * len(nll))
    return nll <= jnp.sort(nll)[kept - 1]


def _average(state: TrainState, params: Variables, decay: float) -> Variables:
    """The moving average; over the first steps it forgets faster, or the start would stay."""
    kept = jnp.minimum(decay, (1 + state.step) / (10 + state.step))
    return jax.tree.map(lambda old, new: kept * old + (1 - kept) * new, state.average, params)


def averaged(state: TrainState) -> Variables:
    """The flow's variables with averaged weights."""
    return {**state.variables, "params": state.average}


def choose(state: TrainState, held_out_nll: ArrayLike, epoch: ArrayLike) -> TrainState:
    """At the end of an epoch: keeps its averaged weights when they are the best so far.

    Without held-out windows `held_out_nll` is minus infinity, and every epoch is.
    """
    latest = Chosen(averaged(state), jnp.asarray(held_out_nll), jnp.asarray(epoch, jnp.int32))
    better = latest.held_out_nll <= state.chosen.held_out_nll
    chosen = jax.tree.map(lambda new, old: jnp.where(better, new, old), latest, state.chosen)
    return state._replace(chosen=chosen)
