"""Invertible 1x1 convolution in LU form (Glow section 3.2; paper section 3.2)."""

from typing import NamedTuple

import distrax
import jax
import jax.numpy as jnp
from jax.scipy.linalg import lu, solve_triangular
from jax.typing import DTypeLike

from stgnf_jax.bijectors.dense_conv1x1 import apply_matrix
from stgnf_jax.bijectors.event import EVENT_NDIMS, check_event, constant_log_det


class LUFactors(NamedTuple):
    """W = permutation (tril(lower, -1) + I) (triu(upper, 1) + diag(sign * exp(log_s))).

    `lower`, `upper` (C, C) and `log_s` (C,) are learned; `permutation` (C, C) and `sign` (C,)
    stay as they are.
    """

    lower: jax.Array
    upper: jax.Array
    log_s: jax.Array
    permutation: jax.Array
    sign: jax.Array


def rotation(key: jax.Array, channels: int, dtype: DTypeLike = float) -> jax.Array:
    """A random (C, C) orthogonal matrix of a type, by QR of a Gaussian one."""
    return jnp.linalg.qr(jax.random.normal(key, (channels, channels), dtype))[0]


def lu_factors(weight: jax.Array) -> LUFactors:
    """The factors of an invertible W (C, C)."""
    permutation, lower, upper = lu(weight)
    diagonal = jnp.diag(upper)
    return LUFactors(
        lower, jnp.triu(upper, 1), jnp.log(jnp.abs(diagonal)), permutation, jnp.sign(diagonal)
    )


class InvertibleConv1x1(distrax.Bijector):
    """A linear map of the channels, the same at every joint, W in LU form (`LUFactors`).

    forward:          y = W x
    inverse:          x = W^-1 y, by two triangular solves
    forward log_det:  T * V * sum(log_s)
    inverse log_det: -T * V * sum(log_s)
    """

    def __init__(self, factors: LUFactors) -> None:
        super().__init__(event_ndims_in=EVENT_NDIMS, is_constant_jacobian=True)
        channels = factors.log_s.shape[-1]
        for name, array in factors._asdict().items():
            shape = (channels,) if name in ("log_s", "sign") else (channels, channels)
            if array.shape != shape:
                raise ValueError(f"{name} must be {shape}, got {array.shape}")
        self._factors = factors

    def _triangles(self) -> tuple[jax.Array, jax.Array]:
        factors = self._factors
        eye = jnp.eye(factors.log_s.shape[0], dtype=factors.lower.dtype)
        diagonal = jnp.diag(factors.sign * jnp.exp(factors.log_s))
        return jnp.tril(factors.lower, -1) + eye, jnp.triu(factors.upper, 1) + diagonal

    def forward_and_log_det(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Computes y = W x and its log-determinant."""
        check_event(x, self._factors.log_s.shape[0])
        lower, upper = self._triangles()
        weight = jnp.linalg.multi_dot(
            [self._factors.permutation, lower, upper], precision=jax.lax.Precision.HIGHEST
        )
        return apply_matrix(weight, x), constant_log_det(x, jnp.sum(self._factors.log_s))

    def inverse_and_log_det(self, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Computes x = W^-1 y and its log-determinant."""
        check_event(y, self._factors.log_s.shape[0])
        lower, upper = self._triangles()
        columns = apply_matrix(self._factors.permutation.T, y).reshape(-1, y.shape[-1]).T
        columns = solve_triangular(lower, columns, lower=True, unit_diagonal=True)
        x = solve_triangular(upper, columns).T.reshape(y.shape)
        return x, constant_log_det(y, -jnp.sum(self._factors.log_s))
