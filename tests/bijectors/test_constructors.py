"""What bijectors refuse when they are made, and what their parts do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax import bijectors as bij


def test_actnorm_wants_two_vectors_of_one_length() -> None:
    with pytest.raises(ValueError, match=r"bias and log_scale .* got \(2,\) and \(3,\)"):
        bij.ActNorm(jnp.zeros(2), jnp.zeros(3))


def test_dense_wants_a_square() -> None:
    with pytest.raises(ValueError, match=r"weight must be \(C, C\), got \(2, 3\)"):
        bij.DenseConv1x1(jnp.zeros((2, 3)))


def test_lu_names_the_factor_of_another_shape() -> None:
    factors = bij.lu_factors(jnp.eye(3))
    with pytest.raises(ValueError, match=r"upper must be \(3, 3\), got \(2, 2\)"):
        bij.InvertibleConv1x1(factors._replace(upper=jnp.eye(2)))


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((2, 2), int)])
def test_permutation_wants_integers(wrong: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match=r"permutation must be \(C,\) integers"):
        bij.ChannelPermutation(jnp.asarray(wrong))


def test_coupling_names_the_kind_got() -> None:
    with pytest.raises(ValueError, match="affine or additive, got 'linear'"):
        bij.STGCNCoupling(lambda z1: z1, "linear")  # type: ignore[arg-type]


def test_coupling_says_what_its_conditioner_must_give() -> None:
    coupling = bij.STGCNCoupling(lambda z1: z1)
    with pytest.raises(ValueError, match=r"must give shape \(4, 3, 2\), got \(4, 3, 1\)"):
        coupling.forward(jnp.zeros((4, 3, 2)))


def test_lu_factors_multiply_to_the_matrix() -> None:
    weight = bij.rotation(jax.random.key(4), 5)
    np.testing.assert_allclose(weight @ weight.T, np.eye(5), atol=1e-6)
    x = jax.random.normal(jax.random.key(5), (2, 3, 5))
    by_lu = bij.InvertibleConv1x1(bij.lu_factors(weight)).forward(x)
    np.testing.assert_allclose(by_lu, x @ weight.T, atol=1e-5)


def test_squeeze_puts_pairs_of_frames_side_by_side() -> None:
    x = jnp.arange(4 * 1 * 2).reshape(4, 1, 2)
    expected = [[[0, 2, 1, 3]], [[4, 6, 5, 7]]]
    np.testing.assert_array_equal(bij.Squeeze().forward(x), expected)


def test_an_odd_channel_is_transformed() -> None:
    def conditioner(z1: jax.Array) -> jax.Array:
        assert z1.shape == (4, 3, 1)
        return jnp.ones((4, 3, 4))

    x = jnp.zeros((4, 3, 3))
    y = bij.STGCNCoupling(conditioner).forward(x)
    scale = 1 / (1 + np.exp(-3)) + 1e-6
    np.testing.assert_allclose(y[0, 0], [0, scale, scale], rtol=1e-6)


@pytest.mark.parametrize(
    ("channels", "affine", "additive"), [(2, 2, 1), (3, 4, 2), (4, 4, 2), (5, 6, 3)]
)
def test_how_many_channels_a_conditioner_must_give(
    channels: int, affine: int, additive: int
) -> None:
    assert bij.conditioner_channels(channels, "affine") == affine
    assert bij.conditioner_channels(channels, "additive") == additive
