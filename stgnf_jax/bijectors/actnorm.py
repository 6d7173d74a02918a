"""Activation normalisation (Glow; paper section 3.2)."""

import distrax
import jax
import jax.numpy as jnp

from stgnf_jax.bijectors.event import EVENT_NDIMS, check_event, constant_log_det


class ActNorm(distrax.Bijector):
    """Shift and scale of each channel.

    forward:          y = (x + bias) * exp(log_scale)
    inverse:          x = y * exp(-log_scale) - bias
    forward log_det:  T * V * sum(log_scale)
    inverse log_det: -T * V * sum(log_scale)

    Args:
      bias: (C,).
      log_scale: (C,).
    """

    def __init__(self, bias: jax.Array, log_scale: jax.Array) -> None:
        super().__init__(event_ndims_in=EVENT_NDIMS, is_constant_jacobian=True)
        if bias.shape != log_scale.shape or bias.ndim != 1:
            raise ValueError(
                f"bias and log_scale must both be (C,), got {bias.shape} and {log_scale.shape}"
            )
        self._bias = bias
        self._log_scale = log_scale

    def forward_and_log_det(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Computes y = (x + bias) * exp(log_scale) and its log-determinant."""
        check_event(x, self._bias.shape[0])
        y = (x + self._bias) * jnp.exp(self._log_scale)
        return y, constant_log_det(x, jnp.sum(self._log_scale))

    def inverse_and_log_det(self, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Computes x = y * exp(-log_scale) - bias and its log-determinant."""
        check_event(y, self._bias.shape[0])
        x = y * jnp.exp(-self._log_scale) - self._bias
        return x, constant_log_det(y, -jnp.sum(self._log_scale))
