import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from stgnf_jax.config import default_config
from stgnf_jax.errors import InputError
from stgnf_jax.optimizer import SCHEDULES, make_optimizer, make_schedule


def second_change(name: str) -> jax.Array:
    training = default_config().training
    training.optimizer = name
    optimizer = make_optimizer(training, steps_per_epoch=10)
    state = optimizer.init(jnp.zeros(1))
    _, state = optimizer.update(jnp.array([1.0]), state)
    change, _ = optimizer.update(jnp.array([-1.0]), state)
    return change / training.learning_rate


def test_adamax_and_adam_have_their_momentum() -> None:
    # Momentum m after gradients 1, -1, corrected for its start: ((1 - b) b - (1 - b)) / (1 - b^2).
    for name, b in (("adamax", 0.9), ("adam", 0.99)):
        corrected = (1 - b) * (b - 1) / (1 - b**2)
        np.testing.assert_allclose(second_change(name), -corrected, rtol=1e-4)


def test_gradients_are_clipped() -> None:
    training = default_config().training
    optimizer = make_optimizer(training, 10)
    clipped, _ = optax.clip_by_global_norm(training.max_gradient_norm).update(
        jnp.array([3e3, 4e3]), optax.EmptyState()
    )
    np.testing.assert_allclose(clipped, [60, 80], rtol=1e-6)
    states = [
        optimizer.update(gradient, optimizer.init(jnp.zeros(2)))[1]
        for gradient in (jnp.array([3e3, 4e3]), clipped)
    ]
    for a, b in zip(*map(jax.tree.leaves, states), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_an_unknown_optimiser_is_named() -> None:
    training = default_config().training
    training.optimizer = "sgd"
    with pytest.raises(InputError, match=r"config\.training\.optimizer: must be one of adamax"):
        make_optimizer(training, 10)


def test_an_unknown_schedule_is_named() -> None:
    training = default_config().training
    training.schedule = "linear"
    with pytest.raises(InputError, match=r"config\.training\.schedule: must be one of exp_decay"):
        make_optimizer(training, 10)


def test_schedules() -> None:
    training = default_config().training
    training.epochs, steps = 10, 7
    rates = {}
    for name in SCHEDULES:
        training.schedule = name
        schedule = make_schedule(training, steps)
        rates[name] = np.array([schedule(step) for step in range(70)]) / training.learning_rate
    np.testing.assert_allclose(
        rates["exp_decay"], 0.99 ** np.maximum(np.arange(70) // steps - 1, 0), rtol=1e-6
    )
    np.testing.assert_allclose(
        rates["cosine"], (1 + np.cos(np.pi * np.arange(70) / 70)) / 2, atol=1e-6
    )
    assert rates["one_cycle"].max() == pytest.approx(1)
    assert rates["one_cycle"].argmax() == 21
    assert rates["one_cycle"][0] < 0.05
    assert rates["one_cycle"][-1] < 0.01
