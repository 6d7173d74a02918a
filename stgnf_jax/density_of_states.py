"""Density of states: how usual the flow's own statistics of a window are among normal windows.

Morningstar et al., "Density of States Estimation for Out-of-Distribution Detection", AISTATS 2021.
A flow gives high likelihood to what is simpler than its training data; here too likely is as odd
as too unlikely. What the statistics are and why: docs/robust_scores.md.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from stgnf_jax.fast_scoring import FlowStatistics

# Squared distances beyond so many times that of a normal window count less and less.
BEND = 10.0


class DensityOfStates(NamedTuple):
    """A Gaussian over D statistics of normal windows.

    Attributes:
      mean: (D,).
      whitening: (D, D), which makes statistics less the mean N(0, I).
    """

    mean: jax.Array
    whitening: jax.Array


def state(statistics: FlowStatistics) -> jax.Array:
    """The D = L K + V C statistics: log_det of each step, mean latent of each joint; (N, D)."""
    residual = statistics.residual
    return jnp.concatenate([statistics.log_det, residual.reshape(residual.shape[0], -1)], -1)


def log_density(density: DensityOfStates, statistics: FlowStatistics) -> jax.Array:
    """Log density of windows' statistics but for a constant, (N,); higher is more normal.

    It is -m / 2 for squared Mahalanobis distances m near those of normal windows, which are D in
    the mean, and bends beyond, as Student's t does: else one wild window outweighs its clip when
    scores are smoothed over time.
    """
    centred = state(statistics) - density.mean
    white = jnp.dot(centred, density.whitening, precision=jax.lax.Precision.HIGHEST)
    bend = BEND * white.shape[-1]
    return -0.5 * bend * jnp.log1p(jnp.sum(white * white, -1) / bend)
