"""A configuration as what it trains on and the compiled functions that do it."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from ml_collections import ConfigDict
from numpy.typing import NDArray
from rich.console import Console

from stgnf_jax.config import flow_config
from stgnf_jax.distributed import leads
from stgnf_jax.errors import InputError
from stgnf_jax.flow import abstract_variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.held_out import held_out_nll
from stgnf_jax.mesh import by_member, check_batch_size, everywhere, make_mesh, map_members
from stgnf_jax.optimizer import make_optimizer
from stgnf_jax.sampling import BALANCE, draws, example_weights, load_batch, steps_per_epoch
from stgnf_jax.set_scoring import WindowSource
from stgnf_jax.train_step import (
    Batch,
    StepResult,
    TrainState,
    averaged,
    choose,
    initial_state,
    make_step,
    windows_maker,
)
from stgnf_jax.training_set import (
    TrainingSet,
    is_supervised,
    label_counts,
    load_training_set,
    split_held_out,
)


class Standing(NamedTuple):
    """How far a state is, on this process.

    Attributes:
      step: steps done.
      best_epoch: the last epoch that was the best of a member; -1 before the first has ended.
      held_out_nll: (members,) of the members' best epochs, in bits per dimension; minus infinity
        where nothing is held out.
    """

    step: Any
    best_epoch: Any
    held_out_nll: Any


class Program(NamedTuple):
    """What a configuration trains on, and the compiled functions that do it.

    Attributes:
      config: the configuration.
      flow: the flow.
      examples: what is trained on.
      held_out: what is not.
      mesh: the devices.
      load: a batch of drawn examples (members, B), on the devices.
      start: the state before the first step, (members, ...).
      step: from a state and a batch to the next state and what it tells.
      standing: of a state.
      end_epoch: from a state and the epoch's number to the state with its weights chosen or not,
        and its held-out nll, see `held_out.held_out_nll`.
    """

    config: ConfigDict
    flow: FlowConfig
    examples: TrainingSet
    held_out: TrainingSet
    mesh: Mesh
    load: Callable[[NDArray[np.int64]], Batch]
    start: Callable[[], TrainState]
    step: Callable[[TrainState, Batch], tuple[TrainState, StepResult]]
    standing: Callable[[TrainState], Standing]
    end_epoch: Callable[[TrainState, int], tuple[TrainState, NDArray[np.float32]]]


def make_program(config: ConfigDict) -> Program:
    """Reads the training poses and compiles nothing yet.

    Raises:
      InputError: anything wrong with the configuration or the poses.
    """
    flow, training, members = flow_config(config.model), config.training, config.ensemble
    if training.balance not in BALANCE:
        raise InputError(
            f"must be one of {', '.join(BALANCE)}, got {training.balance!r}",
            field="config.training.balance",
        )
    mesh = make_mesh(members)
    check_batch_size(mesh, training.batch_size)
    examples = load_training_set(config.data, flow, config.seed)
    if is_supervised(config.data) and leads():
        Console(stderr=True).print(f"supervised: {label_counts(examples)}", soft_wrap=True)
    examples, held_out = split_held_out(examples, training.held_out, config.seed)
    optimizer = make_optimizer(training, steps_per_epoch(examples, training.batch_size))
    width, height = config.data.resolution
    resolution = (width, height)
    make_windows = windows_maker(flow, resolution, training)
    if training.balance != "none" and len(np.unique(examples.label)) < 2:
        raise InputError(
            f"{training.balance} needs windows of both labels, and all are of one",
            field="config.training.balance",
        )
    weight = example_weights(examples, training.balance)
    place = by_member(mesh)

    def load(drawn: NDArray[np.int64]) -> Batch:
        return load_batch(examples, drawn, weight, flow.segment_length, mesh)

    def start() -> TrainState:
        seeds = jnp.arange(config.seed, config.seed + members)
        first = next(draws(examples, config, 0))

        def init(seed: jax.Array, batch: Batch) -> TrainState:
            return initial_state(flow, make_windows, optimizer, seed, batch)

        return jax.jit(map_members(init, mesh), out_shardings=place)(seeds, load(first.examples))

    step = map_members(make_step(flow, make_windows, optimizer, training), mesh)
    compiled = jax.jit(step, out_shardings=(place, everywhere(mesh)), donate_argnums=0)
    choosing = jax.jit(map_members(choose, mesh), out_shardings=place, donate_argnums=0)
    gather_average = jax.jit(averaged, out_shardings=everywhere(mesh))

    def end_epoch(state: TrainState, epoch: int) -> tuple[TrainState, NDArray[np.float32]]:
        source = WindowSource(held_out.keypoints, held_out.start, resolution)
        nll = held_out_nll(flow, jax.device_get(gather_average(state)), source)
        return choosing(state, nll, jnp.full(members, epoch, jnp.int32)), nll

    @functools.partial(jax.jit, out_shardings=everywhere(mesh))
    def gather_standing(state: TrainState) -> Standing:
        return Standing(state.step.max(), state.chosen.epoch.max(), state.chosen.held_out_nll)

    def standing(state: TrainState) -> Standing:
        return jax.device_get(gather_standing(state))

    return Program(
        config, flow, examples, held_out, mesh, load, start, compiled, standing, end_epoch
    )


def num_parameters(flow: FlowConfig) -> int:
    """How many numbers a flow learns."""
    params = abstract_variables(flow)["params"]
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params))
