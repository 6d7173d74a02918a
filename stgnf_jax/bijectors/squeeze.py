"""Squeeze of time into channels, between the levels of a multi-level flow."""

import distrax
import jax
import jax.numpy as jnp

from stgnf_jax.bijectors.event import EVENT_NDIMS, check_event


class Squeeze(distrax.Bijector):
    """(T, V, C) -> (T / 2, V, 2 C): pairs of frames become pairs of channels.

    forward:          y[t, v, 2 c + k] = x[2 t + k, v, c] for k = 0, 1
    inverse:          x[2 t + k, v, c] = y[t, v, 2 c + k]
    forward log_det:  0
    inverse log_det:  0
    """

    def __init__(self) -> None:
        super().__init__(event_ndims_in=EVENT_NDIMS, is_constant_jacobian=True)

    def forward_and_log_det(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Halves the frames and doubles the channels; log_det is zero."""
        check_event(x)
        *batch, frames, joints, channels = x.shape
        if frames % 2:
            raise ValueError(f"expected an even number of frames, got shape {x.shape}")
        y = x.reshape(*batch, frames // 2, 2, joints, channels)
        y = jnp.moveaxis(y, -3, -1)  # (..., T / 2, V, C, 2)
        return y.reshape(*batch, frames // 2, joints, 2 * channels), jnp.zeros(batch, x.dtype)

    def inverse_and_log_det(self, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Doubles the frames and halves the channels; log_det is zero."""
        check_event(y)
        *batch, frames, joints, channels = y.shape
        if channels % 2:
            raise ValueError(f"expected an even number of channels, got shape {y.shape}")
        x = y.reshape(*batch, frames, joints, channels // 2, 2)
        x = jnp.moveaxis(x, -1, -3)  # (..., T, 2, V, C / 2)
        return x.reshape(*batch, 2 * frames, joints, channels // 2), jnp.zeros(batch, y.dtype)
