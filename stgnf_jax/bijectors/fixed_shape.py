"""A guard that lets events of one shape through."""

import distrax
import jax
import jax.numpy as jnp

from stgnf_jax.bijectors.event import EVENT_NDIMS


class FixedShape(distrax.Bijector):
    """The identity, on events of one shape only.

    forward:          y = x
    inverse:          x = y
    forward log_det:  0
    inverse log_det:  0

    Args:
      event_shape: (T, V, C).
    """

    def __init__(self, event_shape: tuple[int, int, int]) -> None:
        super().__init__(event_ndims_in=EVENT_NDIMS, is_constant_jacobian=True)
        self._event_shape = event_shape

    def forward_and_log_det(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Gives x back; ValueError for another event shape."""
        if x.shape[-EVENT_NDIMS:] != self._event_shape:
            raise ValueError(f"expected events of shape {self._event_shape}, got shape {x.shape}")
        return x, jnp.zeros(x.shape[:-EVENT_NDIMS], x.dtype)

    def inverse_and_log_det(self, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Gives y back; ValueError for another event shape."""
        return self.forward_and_log_det(y)
