"""The prior and the likelihood under it (paper sections 3.1 and 3.3, equations 2, 4 and 5)."""

import math

import distrax
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from stgnf_jax.flow_step import Latent


def gaussian_prior(
    event_shape: tuple[int, int, int], mean: ArrayLike, dtype: jnp.dtype = jnp.float32
) -> distrax.Distribution:
    """N(mean, I) over events (T, V, C); `mean` is one number, or one per window (...)."""
    mean = jnp.asarray(mean, dtype)[..., None, None, None]
    loc = jnp.broadcast_to(mean, (*mean.shape[:-3], *event_shape))
    return distrax.Independent(distrax.Normal(loc, jnp.ones_like(loc)), 3)


def bits_per_dim(log_prob: jax.Array, event_shape: tuple[int, ...]) -> jax.Array:
    """Negative log-likelihood in bits per dimension: -log_prob / (ln 2 * T * V * C)."""
    return -log_prob / (math.log(2) * math.prod(event_shape))


def nll(latent: Latent, mean: ArrayLike) -> jax.Array:
    """Equation 4 in bits per dimension, (...).

    Args:
      latent: z (..., T, V, C) and log_det (...).
      mean: of the prior; +R for a normal window, -R for an abnormal one (section 3.3); a number,
        or one per window (...).
    """
    frames, joints, channels = latent.z.shape[-3:]
    event_shape = (frames, joints, channels)
    log_prior = gaussian_prior(event_shape, mean, latent.z.dtype).log_prob(latent.z)
    return bits_per_dim(log_prior + latent.log_det, event_shape)
