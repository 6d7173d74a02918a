"""What each keypoint does to a window's nll, by integrated gradients.

Sundararajan et al., "Axiomatic Attribution for Deep Networks", ICML 2017. A second view beside
`decomposition`: that one says at which element of z the nll is, this one which keypoint puts it
there, by way of the conditioners too.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from stgnf_jax.flow import STGNF, Variables, check_windows
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.likelihood import nll
from stgnf_jax.model import Model

# Gradients along the way from the baseline; the rule is exact for polynomials up to twice that.
NUM_STEPS = 256


def mean_pose(windows: jax.Array | np.ndarray) -> jax.Array:
    """A window in which nothing moves: the mean pose of all frames of windows, (T, V, C)."""
    windows = jnp.asarray(windows)
    return jnp.broadcast_to(windows.mean((0, 1)), windows.shape[1:])


def gradient_attribution(
    model: Model,
    windows: jax.Array | np.ndarray,
    baseline: jax.Array | np.ndarray | None = None,
) -> jax.Array:
    """How far each frame and joint moves the nll from that of a baseline, in bits per dimension.

    Summed over frames and joints it is the nll of the window less that of the baseline, up to the
    error of the integral.

    Args:
      model: what `load` gives.
      windows: (N, T, V, C), normalised.
      baseline: (T, V, C), a window that nothing is said against; the `mean_pose` of `windows` when
        not given.

    Returns:
      (N, T, V); positive where a keypoint makes the window less normal.

    Raises:
      ValueError: windows or a baseline of another shape than the model's.
    """
    check_windows(model.config, windows)
    start = mean_pose(windows) if baseline is None else jnp.asarray(baseline)
    check_windows(model.config, start)
    return _integrate(model.config, model.variables, jnp.asarray(windows), start)


@functools.partial(jax.jit, static_argnums=0)
def _integrate(
    config: FlowConfig, variables: Variables, x: jax.Array, start: jax.Array
) -> jax.Array:
    def total(x: jax.Array) -> jax.Array:
        latent: Any = STGNF(config).apply(variables, x)
        return nll(latent, config.radius).sum()

    def add(gradient: jax.Array, node: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        place, weight = node
        return gradient + weight * jax.grad(total)(start + place * (x - start)), None

    # Gauss and Legendre's nodes and weights, from [-1, 1] to [0, 1].
    nodes, weights = np.polynomial.legendre.leggauss(NUM_STEPS)
    rule = (jnp.asarray((nodes + 1) / 2, x.dtype), jnp.asarray(weights / 2, x.dtype))
    gradient, _ = jax.lax.scan(add, jnp.zeros_like(x), rule)
    return ((x - start) * gradient).sum(-1)
