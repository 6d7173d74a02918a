"""Invertible 1x1 convolution with a full matrix (Glow; paper section 3.2)."""

import distrax
import jax
import jax.numpy as jnp

from stgnf_jax.bijectors.event import EVENT_NDIMS, check_event, constant_log_det


def apply_matrix(matrix: jax.Array, x: jax.Array) -> jax.Array:
    """Multiplies the channels of x (..., C) by a matrix (C, C), at full precision."""
    return jnp.einsum("oi,...i->...o", matrix, x, precision=jax.lax.Precision.HIGHEST)


class DenseConv1x1(distrax.Bijector):
    """A linear map of the channels, the same at every joint.

    forward:          y = W x
    inverse:          x = W^-1 y
    forward log_det:  T * V * log|det W|
    inverse log_det: -T * V * log|det W|

    Args:
      weight: W, (C, C), invertible.
    """

    def __init__(self, weight: jax.Array) -> None:
        super().__init__(event_ndims_in=EVENT_NDIMS, is_constant_jacobian=True)
        if weight.ndim != 2 or weight.shape[0] != weight.shape[1]:
            raise ValueError(f"weight must be (C, C), got {weight.shape}")
        self._weight = weight

    def forward_and_log_det(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Computes y = W x and its log-determinant."""
        check_event(x, self._weight.shape[0])
        log_det = jnp.linalg.slogdet(self._weight).logabsdet
        return apply_matrix(self._weight, x), constant_log_det(x, log_det)

    def inverse_and_log_det(self, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Computes x = W^-1 y and its log-determinant."""
        check_event(y, self._weight.shape[0])
        log_det = jnp.linalg.slogdet(self._weight).logabsdet
        return apply_matrix(jnp.linalg.inv(self._weight), y), constant_log_det(y, -log_det)
