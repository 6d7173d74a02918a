import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.batch_norm import BatchNorm
from stgnf_jax.skeleton import OPENPOSE_18
from stgnf_jax.stgcn import STGCN, Graph, temporal_band

X = jax.random.normal(jax.random.key(0), (5, 6, 18, 2))


def test_band_matrix_is_a_zero_padded_convolution() -> None:
    kernel = np.random.default_rng(0).normal(size=(5, 1, 1)).astype(np.float32)
    x = np.random.default_rng(1).normal(size=7)
    band = temporal_band(jnp.asarray(kernel), 7)[..., 0, 0]
    # A layer's convolution is a correlation: the kernel is not turned round.
    expected = np.convolve(x, kernel[::-1, 0, 0], mode="same")
    np.testing.assert_allclose(x @ band, expected, rtol=1e-5)


def test_a_kernel_longer_than_the_window_works() -> None:
    kernel = jnp.arange(9.0).reshape(9, 1, 1)
    np.testing.assert_array_equal(temporal_band(kernel, 2)[..., 0, 0], [[4, 3], [5, 4]])


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("features", [2, 4])
def test_rank_one_adjacency_equals_the_general_path(
    residual: bool, features: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = Graph(OPENPOSE_18, "uniform", 8, edge_importance=False)
    assert graph.is_rank_one
    module = STGCN(features, 3, 3, graph, residual)
    variables = jax.jit(functools.partial(module.init, train=True))(jax.random.key(1), X)
    train = functools.partial(module.apply, train=True, mutable=["batch_stats"])
    short, short_stats = jax.jit(train)(variables, X)
    monkeypatch.setattr(Graph, "is_rank_one", False)
    full, full_stats = jax.jit(train)(variables, X)
    np.testing.assert_allclose(short, full, atol=1e-5)
    for a, b in zip(jax.tree.leaves(short_stats), jax.tree.leaves(full_stats), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize(
    ("partition", "max_hop", "edge_importance"),
    [("uniform", 1, False), ("distance", 8, False), ("spatial", 1, False), ("uniform", 8, True)],
)
def test_other_adjacencies_are_not_rank_one(
    partition: str, max_hop: int, edge_importance: bool
) -> None:
    graph = Graph(OPENPOSE_18, partition, max_hop, edge_importance)  # type: ignore[arg-type]
    assert not graph.is_rank_one


def test_batch_norm_keeps_the_unbiased_variance() -> None:
    module = BatchNorm()
    variables = module.init(jax.random.key(0), X, train=True)
    fresh = variables["batch_stats"]
    np.testing.assert_array_equal(fresh["mean"], [0, 0])
    np.testing.assert_array_equal(fresh["var"], [1, 1])
    y, updated = module.apply(variables, X, train=True, mutable=["batch_stats"])
    flat = np.asarray(X).reshape(-1, 2)
    np.testing.assert_allclose(updated["batch_stats"]["mean"], 0.1 * flat.mean(0), atol=1e-6)
    expected = 0.9 + 0.1 * flat.var(0, ddof=1)
    np.testing.assert_allclose(updated["batch_stats"]["var"], expected, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(y).reshape(-1, 2).mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(np.asarray(y).reshape(-1, 2).std(0), 1, rtol=1e-4)


def test_batch_norm_counts_values_that_were_left_out() -> None:
    whole, short = BatchNorm(), BatchNorm(repeats=4)
    variables = whole.init(jax.random.key(0), X, train=True)
    small = X[:, :, :1]
    repeated = jnp.broadcast_to(small, (*small.shape[:2], 4, 2))
    _, expected = whole.apply(variables, repeated, train=True, mutable=["batch_stats"])
    _, updated = short.apply(variables, small, train=True, mutable=["batch_stats"])
    np.testing.assert_allclose(
        updated["batch_stats"]["var"], expected["batch_stats"]["var"], rtol=1e-6
    )


def test_batch_norm_of_a_single_value_stays_finite() -> None:
    module = BatchNorm()
    one = jnp.ones((1, 2))
    variables = module.init(jax.random.key(0), one, train=True)
    y, updated = module.apply(variables, one, train=True, mutable=["batch_stats"])
    np.testing.assert_array_equal(y, [[0, 0]])
    np.testing.assert_allclose(updated["batch_stats"]["var"], [0.9, 0.9])
