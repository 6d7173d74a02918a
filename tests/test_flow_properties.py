"""Laws of flows of any make: invertible, with the log-determinant of the Jacobian, a density."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from stgnf_jax.fast_scoring import normality
from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.flow_step import Latent
from stgnf_jax.folding import fold
from stgnf_jax.likelihood import nll
from stgnf_jax.skeleton import Skeleton, make_skeleton
from tests.profiles import examples
from tests.small import random_model

DOT = make_skeleton("dot", 1, [])
PLANE = FlowConfig(1, DOT, 2, num_steps=4, radius=1.0)


@st.composite
def skeletons(draw: st.DrawFn) -> Skeleton:
    """Trees of 1 to 5 joints."""
    joints = draw(st.integers(1, 5))
    edges = [(draw(st.integers(0, child - 1)), child) for child in range(1, joints)]
    return make_skeleton("tree", joints, edges, center=draw(st.integers(0, joints - 1)))


@st.composite
def flows(draw: st.DrawFn) -> FlowConfig:
    """Configurations that `check` lets pass."""
    kind = draw(st.sampled_from(["stgcn", "stgcn", "convolution", "fully_connected"]))
    levels = draw(st.integers(1, 2))
    graph: dict[str, Any] = {}
    if kind == "stgcn":
        graph = {
            "partition": draw(st.sampled_from(["uniform", "distance", "spatial"])),
            "max_hop": draw(st.integers(0, 3)),
            "edge_importance": draw(st.booleans()),
        }
    config = FlowConfig(
        segment_length=draw(st.integers(1, 3)) * levels,
        skeleton=draw(skeletons()),
        channels=draw(st.integers(2, 4)),
        num_steps=draw(st.integers(1, 3)),
        num_levels=levels,
        permutation=draw(st.sampled_from(["reverse", "shuffle", "invertible_1x1", "dense_1x1"])),
        coupling=draw(st.sampled_from(["affine", "additive"])),
        conditioner=kind,  # type: ignore[arg-type]
        hidden_channels=draw(st.sampled_from([0, 0, 3])),
        temporal_kernel=0 if kind == "fully_connected" else draw(st.sampled_from([0, 1, 3])),
        radius=draw(st.floats(-5, 5)),
        **graph,
    )
    try:
        return config.check()
    except ValueError:
        assume(False)
        raise


def in_float64(config: FlowConfig, seed: int) -> tuple[Any, jax.Array]:
    """Variables of a flow, none of them at its start, and windows (2, 3, T, V, C)."""
    variables = jax.tree.map(
        lambda leaf: (
            jnp.asarray(leaf, jnp.promote_types(leaf.dtype, jnp.int64))
            if jnp.issubdtype(leaf.dtype, jnp.integer)
            else jnp.asarray(leaf, jnp.float64)
        ),
        random_model.__wrapped__(config, seed).variables,
    )
    return variables, jax.random.normal(jax.random.key(seed), (2, 3, *config.event_shape))


@examples(6)
@given(config=flows(), seed=st.integers(0, 2**16))
def test_flows_are_invertible_with_the_log_det_of_their_jacobian(
    config: FlowConfig, seed: int
) -> None:
    with jax.enable_x64(True):
        variables, x = in_float64(config, seed)
        bijector = STGNF(config).bijector(variables)
        z, log_det = jax.jit(bijector.forward_and_log_det)(x)
        back, inverse_log_det = jax.jit(bijector.inverse_and_log_det)(z)
        np.testing.assert_allclose(back, x, rtol=0, atol=1e-8)
        np.testing.assert_allclose(inverse_log_det, -log_det, rtol=0, atol=1e-8)
        flat = x[1, 2].ravel()
        jacobian = jax.jit(
            jax.jacfwd(lambda one: bijector.forward(one.reshape(config.event_shape)).ravel())
        )(flat)
        np.testing.assert_allclose(
            np.linalg.slogdet(jacobian)[1], log_det[1, 2], rtol=1e-9, atol=1e-9
        )


@examples(6)
@given(config=flows(), seed=st.integers(0, 2**16))
def test_scores_are_the_density_of_the_chain(config: FlowConfig, seed: int) -> None:
    with jax.enable_x64(True):
        variables, x = in_float64(config, seed)
        x = x.reshape(-1, *config.event_shape)
        flow = STGNF(config)
        chain = jax.jit(
            lambda x: nll(Latent(*flow.apply(variables, x)), jnp.full(len(x), config.radius))
        )(x)
        fast = normality(config, fold(config, variables), x)
        # The chain's adjacency is float32, in which a fifth is off by 1.5e-8 of itself.
        np.testing.assert_allclose(fast, -chain, rtol=1e-7, atol=1e-7)
        log_prob = jax.jit(flow.distribution(variables).log_prob)(x)
        np.testing.assert_allclose(log_prob / np.log(2) / x[0].size, -chain, rtol=1e-9, atol=1e-9)
    single = normality(
        config,
        fold(config, jax.tree.map(_single, variables)),
        np.asarray(x, np.float32),
    )
    # The terms of a score are larger than the score: rounding is measured by them.
    np.testing.assert_allclose(single, fast, rtol=2e-5, atol=2e-5)


def _single(leaf: jax.Array) -> np.ndarray:
    return np.asarray(leaf, np.int32 if jnp.issubdtype(leaf.dtype, jnp.integer) else np.float32)


@functools.cache
def plane(permutation: str) -> Any:
    """A density of two dimensions: one frame of one joint."""
    config = PLANE._replace(permutation=permutation)  # type: ignore[arg-type]
    return STGNF(config).distribution(random_model(config, seed=3).variables)


EDGES = np.linspace(-6, 9, 301)


def cells(permutation: str) -> tuple[np.ndarray, np.ndarray]:
    """The density at the middles of a grid's cells, times their areas, (300, 300)."""
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    grid = np.stack(np.meshgrid(middle, middle, indexing="ij"), -1).astype(np.float32)
    density = np.exp(jax.jit(plane(permutation).log_prob)(grid[:, :, None, None]))
    return middle, np.asarray(density, np.float64) * np.diff(EDGES)[0] ** 2


def counts(sample: np.ndarray) -> np.ndarray:
    """How many of a sample (N, 1, 1, 2) lie in each block of ten by ten cells, (30, 30)."""
    x, y = sample[:, 0, 0].T
    return np.histogram2d(x, y, bins=[EDGES[::10], EDGES[::10]])[0]


PERMUTATIONS = ("reverse", "shuffle", "invertible_1x1", "dense_1x1")


@pytest.mark.parametrize("permutation", PERMUTATIONS)
def test_a_density_integrates_to_one(permutation: str) -> None:
    _, mass = cells(permutation)
    edge = max(mass[0].max(), mass[-1].max(), mass[:, 0].max(), mass[:, -1].max())
    assert edge < 1e-5 * mass.max()  # all of it is on the grid
    np.testing.assert_allclose(mass.sum(), 1, atol=1e-3)


@pytest.mark.parametrize("permutation", PERMUTATIONS)
def test_samples_follow_the_density(permutation: str) -> None:
    """A chi-square test; with a right sampler one seed in a million would fail, and this is one."""
    count = 50_000
    sample = np.asarray(plane(permutation).sample(seed=jax.random.key(0), sample_shape=count))
    _, mass = cells(permutation)
    coarse = mass.reshape(30, 10, 30, 10).sum((1, 3))
    found = counts(sample)
    often = coarse * count >= 10
    expected = np.append(coarse[often], coarse[~often].sum()) * count
    seen = np.append(found[often], count - found[often].sum())
    assert len(expected) > 30
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 1e-6
    # And it is no test that passes anything: moved by a tenth, it does not.
    moved = counts(sample + 0.1)
    seen = np.append(moved[often], count - moved[often].sum())
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue < 1e-6
