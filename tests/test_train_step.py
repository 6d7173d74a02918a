import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from ml_collections import ConfigDict

from stgnf_jax.config import default_config
from stgnf_jax.optimizer import make_optimizer
from stgnf_jax.train_step import (
    Batch,
    TrainState,
    averaged,
    choose,
    initial_state,
    make_step,
    windows_maker,
)
from stgnf_jax.training_likelihood import training_nll
from tests.small import FLOW

RESOLUTION = (856.0, 480.0)
TINY = FLOW._replace(num_steps=1)


def batch_of(size: int = 12, seed: int = 0) -> Batch:
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform(0, 400, (size, 8, 18, 3)).astype(np.float32)
    return Batch(
        jnp.asarray(keypoints),
        jnp.broadcast_to(jnp.eye(2), (size, 2, 2)),
        jnp.where(jnp.arange(size) % 3 > 0, 1.0, -1.0),
        jnp.asarray(rng.uniform(0.5, 1.5, size), jnp.float32),
    )


def training_of(**fields: float) -> ConfigDict:
    training = default_config().training
    training.update(fields)
    return training


@functools.cache
def compiled(**fields: float) -> tuple[Callable[..., TrainState], Callable[..., Any]]:
    """The first state of a batch, and a step from there; compiled once for all tests."""
    training = training_of(**fields)
    make_windows = windows_maker(TINY, RESOLUTION, training)
    optimizer = make_optimizer(training, 10)
    start = jax.jit(lambda batch: initial_state(TINY, make_windows, optimizer, 0, batch))
    return start, jax.jit(make_step(TINY, make_windows, optimizer, training))


def run(
    steps: int = 1, batch: Batch | None = None, **fields: float
) -> tuple[TrainState, list[tuple[Any, Any]]]:
    """The state after some steps on one batch, and what each told with the parameters after it."""
    batch = batch or batch_of()
    start, step = compiled(**fields)
    state = start(batch)
    told = [(None, state.variables["params"])]
    for _ in range(steps):
        state, result = step(state, batch)
        told.append((result, state.variables["params"]))
    return state, told


def test_the_loss_is_the_weighted_mean() -> None:
    _, (_, (result, _)) = run()
    weight = batch_of().weight
    assert result.loss == pytest.approx(float(jnp.average(result.nll, weights=weight)), rel=1e-5)
    assert result.gradient_norm > 0


@pytest.mark.parametrize(("normal", "left_out"), [(20, 5), (8, 2), (3, 0)])
def test_the_least_likely_normal_windows_are_not_learned_from(normal: int, left_out: int) -> None:
    batch = batch_of(size=20)._replace(label=jnp.where(jnp.arange(20) < normal, 1.0, -1.0))
    _, (_, (plain, _)) = run(batch=batch)
    _, (_, (trimmed, params)) = run(trim=0.25, batch=batch)
    np.testing.assert_array_equal(trimmed.nll, plain.nll)
    order = np.argsort(plain.nll[:normal])
    kept = np.concatenate([order[: normal - left_out], np.arange(normal, 20)])
    expected = np.average(plain.nll[kept], weights=batch.weight[kept])
    assert trimmed.loss == pytest.approx(expected, rel=1e-5)
    heavier = batch.weight.at[order[normal - left_out :]].set(100.0)
    _, (_, (_, same)) = run(trim=0.25, batch=batch._replace(weight=heavier))
    jax.tree.map(np.testing.assert_array_equal, params, same)


def test_the_moving_average() -> None:
    state, told = run(steps=3, average_decay=0.15)
    average = told[0][1]
    for step, (_, params) in enumerate(told[1:]):
        decay = min(0.15, (1 + step) / (10 + step))
        average = jax.tree.map(lambda old, new, d=decay: d * old + (1 - d) * new, average, params)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), state.average, average
    )
    moved = optax.tree.norm(jax.tree.map(jnp.subtract, state.average, told[-1][1]))
    assert moved > 1e-5
    assert averaged(state)["params"] is state.average


def test_without_an_average_the_last_weights_are_kept() -> None:
    state, told = run(steps=2)
    jax.tree.map(np.testing.assert_array_equal, state.average, told[-1][1])


def test_the_best_epoch_is_chosen() -> None:
    state, _ = run()

    def at(state: TrainState, value: float) -> TrainState:
        average = jax.tree.map(lambda leaf: jnp.full_like(leaf, value), state.average)
        return state._replace(average=average)

    for epoch, nll in enumerate((3.0, 1.0, 2.0)):
        state = choose(at(state, nll), nll, epoch)
    assert state.chosen.epoch == 1
    assert state.chosen.held_out_nll == 1
    for leaf in jax.tree.leaves(state.chosen.variables["params"]):
        np.testing.assert_array_equal(leaf, np.ones(leaf.shape))
    state = choose(at(state, 9.0), -np.inf, 3)  # nothing held out: the last is the best
    state = choose(at(state, 8.0), -np.inf, 4)
    assert state.chosen.epoch == 4


def test_noise_comes_from_seed_and_step() -> None:
    noisy = functools.partial(run, steps=2, keypoint_noise=0.1, keypoint_drop=0.1)
    first, again = (noisy()[1] for _ in range(2))
    assert first[1][0].loss == again[1][0].loss
    assert first[2][0].loss == again[2][0].loss
    _, (_, (one, _), (two, _)) = noisy(learning_rate=1e-30)
    assert abs(one.loss - two.loss) > 1e-4


def test_labels_draw_windows_apart() -> None:
    """After a supervised training abnormal windows are unlikely under N(+R, I) (section 3.3)."""
    batch = batch_of(size=24)
    abnormal = batch.label < 0
    noise = 200 * jax.random.normal(jax.random.key(3), batch.keypoints.shape)
    calm = batch.keypoints[:1] + noise / 20
    wild = batch.keypoints[:1] + noise
    batch = batch._replace(
        keypoints=jnp.where(abnormal[:, None, None, None], wild, calm), weight=jnp.ones(24)
    )
    x = windows_maker(TINY, RESOLUTION, training_of())(batch, jax.random.key(0))
    judge = jax.jit(functools.partial(training_nll, TINY))

    def gap(labels: Batch) -> float:
        """How much less likely the abnormal windows are than the normal ones, in bits."""
        state, _ = run(steps=40, batch=labels, learning_rate=0.02)
        nll, _ = judge(state.variables, x, jnp.full(24, TINY.radius))
        return float(nll[abnormal].mean() - nll[~abnormal].mean())

    assert gap(batch) > 0.1 > gap(batch._replace(label=jnp.ones(24)))
