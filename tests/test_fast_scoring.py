"""Scores by the short way equal those of the plain flow, whatever the flow is made of."""

from pathlib import Path
from typing import Any

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.bijectors import Squeeze
from stgnf_jax.fast_scoring import (
    CHUNK,
    FlowStatistics,
    flow_statistics,
    member_scores,
    normality,
)
from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.flow_step import Latent
from stgnf_jax.folding import fold, fold_members
from stgnf_jax.likelihood import gaussian_prior, nll
from stgnf_jax.skeleton import make_skeleton
from tests.goldens import CHECKPOINTS, MODELS, distance, read_golden
from tests.small import random_model

STICK = make_skeleton("stick", 5, [(0, 1), (1, 2), (2, 3), (2, 4)], center=2)
SMALL = FlowConfig(segment_length=8, skeleton=STICK, num_steps=2)
GOLDENS = [f"models/{name}" for name in MODELS] + [f"checkpoints/{name}" for name in CHECKPOINTS]
CONFIGS = [
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
    SMALL._replace(conditioner="convolution"),
    SMALL._replace(conditioner="convolution", hidden_channels=3, num_levels=2, channels=3),
    SMALL._replace(conditioner="fully_connected"),
    SMALL._replace(conditioner="fully_connected", hidden_channels=3, coupling="additive"),
    SMALL._replace(conditioner="fully_connected", num_levels=2, channels=3),
]


def plain_statistics(config: FlowConfig, variables: Any, x: Any) -> FlowStatistics:
    """The flow's steps one after the other."""
    z, log_dets = jnp.asarray(x), []
    for step in STGNF(config).steps(variables):
        z, log_det = step.forward_and_log_det(z)
        if not isinstance(step, Squeeze):
            log_dets.append(log_det)
    log_det = jnp.stack(log_dets, -1)
    residual = z - config.radius
    prior: distrax.Distribution = gaussian_prior(config.latent_shape, config.radius, z.dtype)
    return FlowStatistics(
        -nll(Latent(z, log_det.sum(-1)), config.radius),
        prior.log_prob(z),
        log_det,
        -0.5 * jnp.sum(residual**2, (1, 2)),
        residual.mean(1),
    )


def windows_of(config: FlowConfig, count: int) -> jax.Array:
    return jax.random.normal(jax.random.key(2), (count, *config.event_shape))


@pytest.mark.reference
@pytest.mark.parametrize("name", GOLDENS)
def test_every_golden(shared: Path, name: str) -> None:
    golden = read_golden(shared / f"goldens/{name}.npz")
    x, variables = golden.windows("x"), golden.variables()
    latent: Latent = jax.jit(golden.flow.apply)(variables, x)
    fast = normality(golden.config, fold(golden.config, variables), x)
    assert distance(fast, np.asarray(-nll(latent, golden.config.radius))) < 2e-6


@pytest.mark.parametrize(
    "config",
    CONFIGS,
    ids=lambda config: (
        f"{config.conditioner}-{config.permutation}-{config.coupling}-K{config.num_steps}"
        f"-L{config.num_levels}-C{config.channels}-{config.partition}-h{config.hidden_channels}"
    ),
)
def test_statistics_of_flows_of_all_kinds(config: FlowConfig) -> None:
    x, variables = windows_of(config, CHUNK + 6), random_model(config).variables
    fast = flow_statistics(config, fold(config, variables), x)
    plain = jax.jit(plain_statistics, static_argnums=0)(config, variables, x)
    for name, found, expected in zip(FlowStatistics._fields, fast, plain, strict=True):
        assert found.shape == expected.shape, name
        assert distance(found, np.asarray(expected)) < 5e-6, name


@pytest.mark.parametrize(
    "weight", [[[1e-7, 1], [1, 0.5]], [[0, -1], [1, 0]], [[1, 1e-7], [0.5, 1]], [[1, -1], [1, 1]]]
)
def test_channels_that_hardly_depend_on_one_another(weight: list[list[float]]) -> None:
    config = SMALL._replace(num_steps=3, permutation="dense_1x1")
    variables = jax.tree_util.tree_map_with_path(
        lambda path, leaf: (
            jnp.broadcast_to(jnp.array(weight, leaf.dtype), leaf.shape)
            if jax.tree_util.keystr(path).endswith("['permute']['weight']")
            else leaf
        ),
        random_model(config).variables,
    )
    x = windows_of(config, 9)
    fast = flow_statistics(config, fold(config, variables), x)
    plain = jax.jit(plain_statistics, static_argnums=0)(config, variables, x)
    assert distance(fast.score, np.asarray(plain.score)) < 5e-6
    assert distance(fast.residual, np.asarray(plain.residual)) < 5e-6


@pytest.mark.parametrize("count", [1, CHUNK, CHUNK + 1])
def test_scores_are_those_of_the_statistics(count: int) -> None:
    x, folded = windows_of(SMALL, count), fold(SMALL, random_model(SMALL).variables)
    scores = normality(SMALL, folded, x)
    assert scores.shape == (count,)
    np.testing.assert_allclose(scores, flow_statistics(SMALL, folded, x).score, rtol=1e-6)


def test_members_score_as_each_does_alone() -> None:
    flows = [random_model(SMALL, seed).variables for seed in range(3)]
    members = fold_members(SMALL, jax.tree.map(lambda *leaves: jnp.stack(leaves), *flows))
    x = windows_of(SMALL, CHUNK + 1)
    alone = [normality(SMALL, fold(SMALL, variables), x) for variables in flows]
    np.testing.assert_allclose(
        member_scores(SMALL, (members, ()), x), np.stack(alone, -1), rtol=1e-6
    )


def test_more_is_prepared_than_there_are_channels() -> None:
    folded = fold(SMALL, random_model(SMALL).variables)
    x = jax.random.normal(jax.random.key(3), (CHUNK + 1, *SMALL.event_shape[:2], 3))
    prepared = normality(SMALL, folded, x, jnp.sin)
    np.testing.assert_allclose(prepared, normality(SMALL, folded, jnp.sin(x[..., :2])), rtol=1e-5)


def test_float64_stays_float64() -> None:
    variables = random_model(SMALL).variables
    with jax.enable_x64():
        x = windows_of(SMALL, 3).astype(jnp.float64)
        variables = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), variables)
        fast = normality(SMALL, fold(SMALL, variables), x)
        plain = plain_statistics(SMALL, variables, x).score
    assert fast.dtype == np.float64
    # The plain flow multiplies by 1/V as rounded to float32, which is what A holds.
    np.testing.assert_allclose(fast, plain, rtol=1e-8)
