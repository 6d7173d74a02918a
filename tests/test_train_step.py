import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.config import default_config
from stgnf_jax.optimizer import make_optimizer
from stgnf_jax.train_step import (
    Batch,
    Step,
    TrainState,
    choose,
    initial_state,
    make_step,
    windows_maker,
)
from tests.small import FLOW, random_model

SIZE = 20
ONE_STEP = FLOW._replace(num_steps=1)


def batch(normal: int = SIZE) -> Batch:
    """So many normal windows, then abnormal ones."""
    place = np.random.default_rng(0).uniform(1, 400, (SIZE, 8, 18, 3))
    label = np.where(np.arange(SIZE) < normal, 1, -1)
    shapes = (place, np.tile(np.eye(2), (SIZE, 1, 1)), label, np.ones(SIZE))
    return Batch(*(jnp.asarray(array, jnp.float32) for array in shapes))


@functools.cache
def training(**fields: Any) -> tuple[TrainState, Step]:
    """A state with random weights and a compiled step."""
    config = default_config().training
    config.update(fields)
    make_windows = windows_maker(ONE_STEP, (856.0, 480.0), config)
    optimizer = make_optimizer(config, 10)
    state = jax.jit(lambda first: initial_state(ONE_STEP, make_windows, optimizer, 0, first))
    variables = random_model(ONE_STEP).variables
    step = jax.jit(make_step(ONE_STEP, make_windows, optimizer, config))
    return state(batch())._replace(variables=variables), step


@pytest.mark.parametrize(("normal", "left_out"), [(20, 4), (10, 2), (4, 0)])
def test_the_least_likely_normal_windows_are_not_learned_from(normal: int, left_out: int) -> None:
    state, step = training(trim=0.2)
    result = step(state, batch(normal))[1]
    nll = np.asarray(result.nll)
    assert (nll[normal:] > nll[:normal].max()).all()  # what is labelled abnormal stays all the same
    learned = np.concatenate([np.sort(nll[:normal])[: normal - left_out], nll[normal:]])
    assert float(result.loss) == pytest.approx(learned.mean(), rel=1e-5)


@pytest.mark.parametrize(("steps", "kept"), [(0, 0.1), (100, 0.5)])
def test_the_average_of_the_weights_forgets_its_start(steps: int, kept: float) -> None:
    state, step = training(average_decay=0.5)
    after = step(state._replace(step=jnp.array(steps)), batch())[0]

    def check(average: jax.Array, old: jax.Array, new: jax.Array) -> None:
        np.testing.assert_allclose(average, kept * old + (1 - kept) * new, rtol=1e-5, atol=1e-7)

    jax.tree.map(check, after.average, state.average, after.variables["params"])


def test_the_best_epoch_is_chosen() -> None:
    state, _ = training(average_decay=0.5)
    first = choose(state, 2.0, 0)
    assert first.chosen.epoch == 0
    jax.tree.map(np.testing.assert_array_equal, first.chosen.variables["params"], state.average)
    assert choose(first, 2.5, 1).chosen.epoch == 0
    assert choose(first, np.nan, 1).chosen.epoch == 0
    assert choose(first, 1.5, 1).chosen.epoch == 1
