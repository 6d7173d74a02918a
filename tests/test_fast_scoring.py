"""Scores by the short way equal those of the plain flow, whatever the flow is made of."""

import functools
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.fast_scoring import normality
from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.flow_step import Latent
from stgnf_jax.folding import fold
from stgnf_jax.likelihood import nll
from stgnf_jax.skeleton import make_skeleton
from tests.goldens import CHECKPOINTS, MODELS, read_golden

STICK = make_skeleton("stick", 5, [(0, 1), (1, 2), (2, 3), (2, 4)], center=2)
SMALL = FlowConfig(segment_length=8, skeleton=STICK, num_steps=2)
GOLDENS = [f"models/{name}" for name in MODELS] + [f"checkpoints/{name}" for name in CHECKPOINTS]


def both_ways(config: FlowConfig, variables: Any, x: Any) -> tuple[np.ndarray, np.ndarray]:
    def plain(variables: Any, x: jax.Array) -> jax.Array:
        latent: Latent = STGNF(config).apply(variables, x)  # type: ignore[assignment]
        return -nll(latent, config.radius)

    fast = normality(config, fold(config, variables), x)
    return np.asarray(fast), np.asarray(jax.jit(plain)(variables, x))


def random_variables(config: FlowConfig, x: jax.Array) -> Any:
    """Parameters and statistics that are nowhere what they start as."""
    flow = STGNF(config)
    variables = jax.jit(functools.partial(flow.init, train=True))(jax.random.key(0), x)
    constants = variables.pop("constants", {})
    leaves, tree = jax.tree.flatten(variables)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    noise = [0.1 * jax.random.uniform(k, a.shape) for k, a in zip(keys, leaves, strict=True)]
    moved = jax.tree.unflatten(tree, [a + n for a, n in zip(leaves, noise, strict=True)])
    return {**moved, "constants": constants} if constants else moved


@pytest.mark.reference
@pytest.mark.parametrize("name", GOLDENS)
def test_every_golden(shared: Path, name: str) -> None:
    golden = read_golden(shared / f"goldens/{name}.npz")
    fast, plain = both_ways(golden.config, golden.variables(), golden.windows("x"))
    np.testing.assert_allclose(fast, plain, rtol=1e-5)


@pytest.mark.parametrize(
    "config",
    [
        SMALL._replace(num_steps=1),
        SMALL._replace(num_steps=12),
        SMALL._replace(num_steps=3, permutation="shuffle", channels=3),
        SMALL._replace(permutation="invertible_1x1", channels=3),
        SMALL._replace(permutation="dense_1x1"),
        SMALL._replace(coupling="additive"),
        SMALL._replace(coupling="additive", channels=3, partition="spatial", max_hop=1),
        SMALL._replace(num_levels=2, permutation="invertible_1x1"),
        SMALL._replace(num_levels=3, squeeze_first_at_level=3, partition="distance", max_hop=2),
        SMALL._replace(hidden_channels=4, temporal_kernel=3, edge_importance=True),
    ],
    ids=lambda config: (
        f"{config.permutation}-{config.coupling}-K{config.num_steps}"
        f"-L{config.num_levels}-C{config.channels}-{config.partition}-h{config.hidden_channels}"
    ),
)
@pytest.mark.parametrize("count", [1, 300])
def test_flows_of_all_kinds(config: FlowConfig, count: int) -> None:
    x = jax.random.normal(jax.random.key(2), (count, *config.event_shape))
    variables = random_variables(config, jnp.concatenate([x, -x]))
    fast, plain = both_ways(config, variables, x)
    assert fast.shape == (count,)
    np.testing.assert_allclose(fast, plain, rtol=1e-5)


def test_float64_stays_float64() -> None:
    with jax.enable_x64():
        x = jax.random.normal(jax.random.key(2), (3, *SMALL.event_shape), jnp.float64)
        variables = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), random_variables(SMALL, x))
        fast, plain = both_ways(SMALL, variables, x)
    assert fast.dtype == np.float64
    # The plain flow multiplies by 1/V as rounded to float32, which is what A holds.
    np.testing.assert_allclose(fast, plain, rtol=1e-8)
