"""Normality scores by the shortest way: the flow folded, the windows in chunks that fit a cache.

The scores are those of `STGNF.apply` and `likelihood.nll`, up to rounding.
"""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from stgnf_jax.fast_flow import apply_flow, sum_event, total
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.folding import Folded
from stgnf_jax.likelihood import bits_per_dim

# Windows of a chunk: what a flow step reads and writes of them fits into 2 MB of cache.
CHUNK = 64


@functools.partial(jax.jit, static_argnums=0)
def normality(config: FlowConfig, folded: Folded, x: jax.Array) -> jax.Array:
    """-nll in bits per dimension under the prior N(+R, I) (paper section 4.1), compiled.

    Args:
      config: the flow.
      folded: what `fold` makes of it and its variables.
      x: (N, T, V, C) normalised windows.

    Returns:
      (N,) scores; higher is more normal.
    """
    x = x.astype(jnp.result_type(x, folded[0].scale))
    return _in_chunks(functools.partial(_normality, config, folded), x)


def _in_chunks(function: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    """Applies a function from (N, ...) to (N,), on processors with caches chunk by chunk."""
    devices = jax.device_count()
    if jax.default_backend() != "cpu" or len(x) <= CHUNK * devices:
        return function(x)
    chunks = math.ceil(len(x) / (CHUNK * devices))
    missing = CHUNK * devices * chunks - len(x)
    padded = jnp.pad(x, ((0, missing), (0, 0), (0, 0), (0, 0)))
    # Each device goes through a stretch of windows of its own.
    stretches = padded.reshape(devices, chunks, CHUNK, *x.shape[1:])

    def score(chunk: jax.Array) -> jax.Array:
        return function(stretches[:, chunk].reshape(-1, *x.shape[1:])).reshape(devices, CHUNK)

    scores = jax.lax.map(score, jnp.arange(chunks))  # (chunks, devices, CHUNK)
    return scores.swapaxes(0, 1).reshape(-1)[: len(x)]


def _normality(config: FlowConfig, folded: Folded, x: jax.Array) -> jax.Array:
    """(N, T, V, C) -> (N,)."""
    channels = tuple(_windows_last(c) for c in jnp.moveaxis(x, -1, 0))
    z, log_det = apply_flow(config, folded, channels)
    energy = sum_event(total(0.5 * (c - config.radius) ** 2 for c in z))
    constant = 0.5 * math.log(2 * math.pi) * math.prod(config.event_shape)
    return -bits_per_dim(log_det.sum(0) - energy - constant, config.event_shape)


def _windows_last(channel: jax.Array) -> jax.Array:
    """(N, T, V) -> (T, V, N), as the transposition of a matrix, which is fast."""
    return channel.reshape(len(channel), -1).T.reshape(*channel.shape[1:], -1)
