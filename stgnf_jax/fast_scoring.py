"""Scores of windows by the shortest way: the flow folded, the windows in chunks that fit a cache.

The scores are those of `STGNF.apply` and `likelihood.nll`, up to rounding.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp

from stgnf_jax.fast_flow import apply_flow, sum_event, sum_first
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.folding import Folded
from stgnf_jax.likelihood import bits_per_dim

# Windows of a chunk: what a flow step reads and writes of them fits into 2 MB of cache.
CHUNK = 64

Tree = TypeVar("Tree")
Prepare = Callable[[jax.Array], jax.Array]


class FlowStatistics(NamedTuple):
    """What the flow says of windows, and the parts that it is made of.

    Attributes:
      score: (N,) normality, -nll in bits per dimension under the prior N(+R, I).
      log_prior: (N,) log density of z under the prior.
      log_det: (N, L K) log|det| of each flow step; log_prior and these sum to log p(x).
      energy: (N, C) for each channel of z the sum of -(z - R)^2 / 2 over frames and joints, which
        is log_prior up to a constant.
      residual: (N, V, C) for each joint and channel of z the mean of z - R over frames.
    """

    score: jax.Array
    log_prior: jax.Array
    log_det: jax.Array
    energy: jax.Array
    residual: jax.Array


Read = Callable[[FlowStatistics, Any], jax.Array]


@functools.partial(jax.jit, static_argnums=(0, 3))
def flow_statistics(
    config: FlowConfig, folded: Folded, x: jax.Array, prepare: Prepare = jnp.asarray
) -> FlowStatistics:
    """What the flow says of windows, compiled.

    Args:
      config: the flow.
      folded: what `fold` makes of it and its variables.
      x: (N, T, V, C) normalised windows, or what `prepare` makes them from.
      prepare: applied first, from the first C channels of x as (T, V, C, N) to the windows as
        (T, V, C, N). It is compiled in, so give the same function object each time.
    """
    return _in_chunks(lambda z: _statistics(config, folded, prepare(z)), x[..., : config.channels])


@functools.partial(jax.jit, static_argnums=(0, 3))
def normality(
    config: FlowConfig, folded: Folded, x: jax.Array, prepare: Prepare = jnp.asarray
) -> jax.Array:
    """The score of `flow_statistics` alone, (N,); the compiler leaves out the rest."""
    return flow_statistics(config, folded, x, prepare).score


@functools.partial(jax.jit, static_argnums=(0, 3, 4))
def member_scores(
    config: FlowConfig,
    members: tuple[Folded, Any],
    x: jax.Array,
    read: Read = lambda statistics, _: statistics.score,
    prepare: Prepare = jnp.asarray,
) -> jax.Array:
    """Scores by E flows of one configuration, (N, E).

    Args:
      config: the flows.
      members: what `fold_members` makes of them, and what else `read` gets of each, a tree of
        arrays (E, ...).
      x: as in `flow_statistics`.
      read: the score in the statistics of a flow; the compiler leaves out what it does not use.
      prepare: as in `flow_statistics`; both are compiled in.
    """
    score = functools.partial(_member_scores, config, members, read, prepare)
    return _in_chunks(score, x[..., : config.channels])


def batch_scores(
    config: FlowConfig, members: tuple[Folded, Any], x: jax.Array, read: Read, prepare: Prepare
) -> jax.Array:
    """`member_scores` in one go, without chunks: N may be symbolic, as in an export."""
    return _member_scores(config, members, read, prepare, _windows_last(x[..., : config.channels]))


def _member_scores(
    config: FlowConfig, members: tuple[Folded, Any], read: Read, prepare: Prepare, x: jax.Array
) -> jax.Array:
    """Of what `prepare` makes windows (T, V, C, N) from: (N, E)."""
    windows = prepare(x)

    def one(member: tuple[Folded, Any]) -> jax.Array:
        folded, others = member
        return read(_statistics(config, folded, windows), others)

    return jax.lax.map(one, members).T


def _in_chunks(function: Callable[[jax.Array], Tree], x: jax.Array) -> Tree:
    """Applies a function from (..., N) to (N, ...), on processors with caches chunk by chunk."""
    devices = jax.local_device_count()
    if jax.default_backend() != "cpu" or len(x) <= CHUNK * devices:
        return function(_windows_last(x))
    chunks = math.ceil(len(x) / (CHUNK * devices))
    missing = CHUNK * devices * chunks - len(x)
    padded = jnp.pad(x, ((0, missing), *((0, 0),) * (x.ndim - 1)))
    # Each device goes through a stretch of windows of its own.
    stretches = padded.reshape(devices, chunks, CHUNK, *x.shape[1:])

    def read(chunk: jax.Array | int) -> jax.Array:
        return _windows_last(stretches[:, chunk].reshape(-1, *x.shape[1:]))

    def turn(windows: jax.Array, chunk: jax.Array) -> tuple[jax.Array, Tree]:
        found = function(windows)
        found = jax.tree.map(lambda a: a.reshape(devices, CHUNK, *a.shape[1:]), found)
        # Carried, so that it is transposed once and not again wherever it is used.
        return read(jnp.minimum(chunk + 1, chunks - 1)), found

    found = jax.lax.scan(turn, read(0), jnp.arange(chunks))[1]  # (chunks, devices, CHUNK, ...)
    return jax.tree.map(lambda a: a.swapaxes(0, 1).reshape(-1, *a.shape[3:])[: len(x)], found)


def _windows_last(x: jax.Array) -> jax.Array:
    """(N, ...) -> (..., N), as the transpose of a matrix, which is fast."""
    return x.reshape(x.shape[0], -1).T.reshape(*x.shape[1:], -1)


def _statistics(config: FlowConfig, folded: Folded, x: jax.Array) -> FlowStatistics:
    """Of windows (T, V, C, N)."""
    x = x.astype(jnp.result_type(x, folded[0].scale))
    z, log_det = apply_flow(config, folded, tuple(jnp.moveaxis(x, 2, 0)))
    residuals = [c - config.radius for c in z]
    energy = jnp.stack([-0.5 * sum_event(r * r) for r in residuals])  # (C, N)
    dimensions = math.prod(config.event_shape)
    log_prior = energy.sum(0) - 0.5 * math.log(2 * math.pi) * dimensions
    return FlowStatistics(
        -bits_per_dim(log_prior + log_det.sum(0), config.event_shape),
        log_prior,
        log_det.T,
        energy.T,
        jnp.stack([sum_first(r).T / len(r) for r in residuals], -1),
    )
