"""The short way to the training likelihood and its gradient, against Flax's, in float64."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.likelihood import nll
from stgnf_jax.training_likelihood import training_nll

SMALL = FlowConfig(segment_length=8, num_steps=3)
FLOWS = {
    "reverse": SMALL,
    "one step": SMALL._replace(num_steps=1),
    "shuffle": SMALL._replace(permutation="shuffle"),
    "lu": SMALL._replace(permutation="invertible_1x1"),
    "dense": SMALL._replace(permutation="dense_1x1"),
    "kernel": SMALL._replace(temporal_kernel=3),
    "confidence": SMALL._replace(channels=3, num_steps=1),
    "additive": SMALL._replace(coupling="additive", num_steps=1),
    "spatial": SMALL._replace(partition="spatial", max_hop=1, num_steps=1),
    "convolution": SMALL._replace(conditioner="convolution", num_steps=1),
}


def both_ways(flow: FlowConfig, dtype: Any) -> list[Any]:
    """nll, statistics and gradients: by the short way, and by Flax."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(6, *flow.event_shape)), dtype)
    label = jnp.asarray([1, -1, 1, 1, -1, 1], dtype)
    weight = jnp.asarray(rng.uniform(size=6), dtype)
    variables = jax.jit(lambda key: STGNF(flow).init(key, x, train=True))(jax.random.key(0))
    stirred = jax.tree.map(
        lambda leaf: jnp.asarray(leaf + rng.uniform(0.01, 0.1, leaf.shape), dtype),
        {name: tree for name, tree in variables.items() if name != "constants"},
    )
    variables = {**variables, **stirred}

    def by_flax(params: Any) -> Any:
        latent, updated = STGNF(flow).apply(
            {**variables, "params": params}, x, train=True, mutable=["batch_stats"]
        )
        values = nll(latent, flow.radius * label)
        return (weight * values).sum(), (values, updated["batch_stats"])

    def by_us(params: Any) -> Any:
        values, batch_stats = training_nll(
            flow, {**variables, "params": params}, x, flow.radius * label
        )
        return (weight * values).sum(), (values, batch_stats)

    return [
        jax.device_get(jax.jit(jax.value_and_grad(way, has_aux=True))(variables["params"]))
        for way in (by_us, by_flax)
    ]


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_equal_to_flax_in_float64(flow: FlowConfig) -> None:
    with jax.enable_x64():
        (ours, gradient), (expected, expected_gradient) = both_ways(flow, jnp.float64)
    assert str(jax.tree.structure(ours)) == str(jax.tree.structure(expected))
    largest = max(np.abs(leaf).max() for leaf in jax.tree.leaves(expected_gradient))
    for a, b in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected_gradient), strict=True):
        np.testing.assert_allclose(a / largest, b / largest, rtol=0, atol=1e-7)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-7), ours, expected)


def test_close_to_flax_in_float32() -> None:
    (ours, gradient), (expected, expected_gradient) = both_ways(SMALL, jnp.float32)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4), ours, expected)
    for a, b in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected_gradient), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)
