"""Coupling of two halves of the channels (RealNVP, Glow; paper section 3.2)."""

from collections.abc import Callable
from typing import Literal

import distrax
import jax
import jax.numpy as jnp

from stgnf_jax.bijectors.event import EVENT_NDIMS, check_event

Conditioner = Callable[[jax.Array], jax.Array]
Coupling = Literal["affine", "additive"]


def split_channels(channels: int) -> tuple[int, int]:
    """How many channels condition (z1, the first half) and how many are transformed (z2)."""
    return channels // 2, channels - channels // 2


def conditioner_channels(channels: int, coupling: Coupling) -> int:
    """How many channels a conditioner must give: shift and scale, or shift alone, per z2."""
    transformed = split_channels(channels)[1]
    return 2 * transformed if coupling == "affine" else transformed


class STGCNCoupling(distrax.Bijector):
    """Transforms z2, the second half of the channels, by what a conditioner makes of z1.

    With shift = h[..., 0::2], scale = sigmoid(h[..., 1::2] + 2) + 1e-6 and h = conditioner(z1):

    forward:          z1, z2 -> z1, (z2 + shift) * scale
    inverse:          z1, z2 -> z1, z2 / scale - shift
    forward log_det:  sum(log(scale))
    inverse log_det: -sum(log(scale))

    An additive coupling has shift = h and scale = 1. An odd channel goes to z2.

    Args:
      conditioner: any function from (..., T, V, C1) to (..., T, V, channels), C1 the channels of
        z1 and `channels` as `conditioner_channels` says; the paper's is an ST-GCN.
      coupling: `affine` or `additive`.
    """

    def __init__(self, conditioner: Conditioner, coupling: Coupling = "affine") -> None:
        super().__init__(event_ndims_in=EVENT_NDIMS)
        if coupling not in ("affine", "additive"):
            raise ValueError(f"coupling must be affine or additive, got {coupling!r}")
        self._conditioner = conditioner
        self._coupling = coupling

    def _split(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        check_event(x)
        if x.shape[-1] < 2:
            raise ValueError(f"expected at least 2 channels to split, got shape {x.shape}")
        conditioning = split_channels(x.shape[-1])[0]
        return x[..., :conditioning], x[..., conditioning:]

    def _shift_and_scale(self, z1: jax.Array, z2: jax.Array) -> tuple[jax.Array, jax.Array | None]:
        h = self._conditioner(z1)
        channels = z2.shape[-1] * (2 if self._coupling == "affine" else 1)
        expected = (*z2.shape[:-1], channels)
        if h.shape != expected:
            raise ValueError(f"the conditioner must give shape {expected}, got {h.shape}")
        if self._coupling == "additive":
            return h, None
        return h[..., 0::2], jax.nn.sigmoid(h[..., 1::2] + 2) + 1e-6

    def log_scale(self, x: jax.Array) -> jax.Array:
        """What `forward` multiplies each element of x by, its logarithm: (..., T, V, C), 0 for z1.

        Its sum over an event is the log-determinant.
        """
        z1, z2 = self._split(x)
        _, scale = self._shift_and_scale(z1, z2)
        log_scale = jnp.zeros_like(z2) if scale is None else jnp.log(scale)
        return jnp.concatenate([jnp.zeros_like(z1), log_scale], -1)

    def forward_and_log_det(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Transforms z2 by shift and scale of z1."""
        z1, z2 = self._split(x)
        shift, scale = self._shift_and_scale(z1, z2)
        if scale is None:
            return jnp.concatenate([z1, z2 + shift], -1), jnp.zeros(x.shape[:-3], x.dtype)
        y = jnp.concatenate([z1, (z2 + shift) * scale], -1)
        return y, jnp.sum(jnp.log(scale), (-3, -2, -1))

    def inverse_and_log_det(self, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Takes shift and scale of z1 back from z2."""
        z1, z2 = self._split(y)
        shift, scale = self._shift_and_scale(z1, z2)
        if scale is None:
            return jnp.concatenate([z1, z2 - shift], -1), jnp.zeros(y.shape[:-3], y.dtype)
        x = jnp.concatenate([z1, z2 / scale - shift], -1)
        return x, -jnp.sum(jnp.log(scale), (-3, -2, -1))
