"""What all bijectors here share: events of shape (T, V, C), any batch shape before it."""

import jax
import jax.numpy as jnp

EVENT_NDIMS = 3


def check_event(x: jax.Array, channels: int | None = None) -> None:
    """Raises ValueError unless `x` is (..., T, V, C), with C = `channels` when that is known."""
    if x.ndim < EVENT_NDIMS:
        raise ValueError(f"expected an event of shape (T, V, C), got shape {x.shape}")
    if channels is not None and x.shape[-1] != channels:
        raise ValueError(f"expected {channels} channels, got shape {x.shape}")


def constant_log_det(x: jax.Array, log_det_per_joint: jax.Array) -> jax.Array:
    """The same log-determinant at each of the T * V joints of every event; has the batch shape."""
    frames, joints = x.shape[-3], x.shape[-2]
    return jnp.broadcast_to(frames * joints * log_det_per_joint, x.shape[:-EVENT_NDIMS])
