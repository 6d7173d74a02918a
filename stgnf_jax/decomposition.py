"""A window's nll as an exact sum over its frames and joints (paper equations 2 to 4).

The nll is a sum over the elements of z, under a prior that takes each for itself, less a sum over
flow steps of log-determinants, each of which is again a sum over elements: a coupling scales each
element for itself, and ActNorm and 1x1 convolutions do the same at every frame and joint. So every
term of the nll has a frame and a joint, and nothing is approximated.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import distrax
import jax
import jax.numpy as jnp
import numpy as np

from stgnf_jax.bijectors import (
    ChannelPermutation,
    DenseConv1x1,
    InvertibleConv1x1,
    ScanChain,
    Squeeze,
    STGCNCoupling,
)
from stgnf_jax.flow import STGNF, Variables, check_windows
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model


class Decomposition(NamedTuple):
    """What each frame and joint adds to the nll of its window, in bits per dimension.

    Summed over frames and joints, both together are the nll, which is the score with the other
    sign.

    Attributes:
      prior: (N, T, V), from log p(z): how far z is from the prior's mean there.
      log_det: (N, T, V), from log|det dz/dx|: how much the flow spreads or narrows there.
    """

    prior: jax.Array
    log_det: jax.Array

    @property
    def nll(self) -> jax.Array:
        """(N, T, V), both together."""
        return self.prior + self.log_det


def decompose(model: Model, windows: jax.Array | np.ndarray) -> Decomposition:
    """Decomposes the nll of windows; pure, and as it stands good for `jax.jit`.

    In a flow of several levels a squeeze makes pairs of frames one frame with twice the channels.
    What a channel adds there goes back to the frame that it came from; a 1x1 convolution mixes
    channels, so what comes to them from later steps is shared out equally.

    Args:
      model: what `load` gives.
      windows: (N, T, V, C), normalised.

    Raises:
      ValueError: windows of another shape than the model's.
    """
    check_windows(model.config, windows)
    return _decompose(model.config, model.variables, jnp.asarray(windows))


def decompose_members(models: Sequence[Model], windows: jax.Array | np.ndarray) -> Decomposition:
    """The mean of `decompose` over the members of an ensemble, whose score is that of theirs."""
    parts = [decompose(model, windows) for model in models]
    return jax.tree.map(lambda *terms: jnp.stack(terms).mean(0), *parts)


@functools.partial(jax.jit, static_argnums=0)
def _decompose(config: FlowConfig, variables: Variables, x: jax.Array) -> Decomposition:
    flow = STGNF(config).bijector(variables)
    z, log_scales = _forward(flow, x)
    residual = z - config.radius
    log_prior = -0.5 * (residual * residual + math.log(2 * math.pi))
    terms = _backward(flow, log_scales, Terms(log_prior, jnp.zeros_like(z)))
    bits = -1 / (math.log(2) * math.prod(config.event_shape))
    return Decomposition(*(bits * part.sum(-1) for part in terms))


class Terms(NamedTuple):
    """Terms of log p(x) at the elements (N, T, V, C) of a value on its way, in nats."""

    log_prior: jax.Array
    log_det: jax.Array


def _forward(bijector: distrax.Bijector, x: jax.Array) -> tuple[jax.Array, Any]:
    """What a bijector makes of x, and what each of its parts multiplied its elements by, as log."""
    if isinstance(bijector, ScanChain):
        scan = bijector
        return jax.lax.scan(lambda x, p: _forward(scan.make_bijector(p), x), x, scan.stacked)
    if isinstance(bijector, distrax.Chain):
        log_scales = []
        for part in reversed(bijector.bijectors):
            x, log_scale = _forward(part, x)
            log_scales.append(log_scale)
        return x, log_scales
    return bijector.forward(x), _log_scale(bijector, x)


def _backward(bijector: distrax.Bijector, log_scales: Any, terms: Terms) -> Terms:
    """Terms at what a bijector gave as terms at what it got, its own ones with them.

    Args:
      bijector: any part of a flow.
      log_scales: what `_forward` found.
      terms: of all that comes after.
    """
    if isinstance(bijector, ScanChain):
        scan = bijector

        def step(terms: Terms, saved: Any) -> tuple[Terms, None]:
            params, log_scale = saved
            return _backward(scan.make_bijector(params), log_scale, terms), None

        return jax.lax.scan(step, terms, (scan.stacked, log_scales), reverse=True)[0]
    if isinstance(bijector, distrax.Chain):
        for part, log_scale in zip(bijector.bijectors, reversed(log_scales), strict=True):
            terms = _backward(part, log_scale, terms)
        return terms
    log_prior, log_det = (_origin(bijector, part) for part in terms)
    return Terms(log_prior, log_det + log_scales)


def _log_scale(bijector: distrax.Bijector, x: jax.Array) -> jax.Array:
    """What each element of x, (N, T, V, C), has of the log-determinant."""
    if isinstance(bijector, STGCNCoupling):
        return bijector.log_scale(x)
    # The others treat all frames and joints alike, and their Jacobian is constant.
    log_det = bijector.forward_log_det_jacobian(x)
    return jnp.broadcast_to(log_det[..., None, None, None] / math.prod(x.shape[-3:]), x.shape)


def _origin(bijector: distrax.Bijector, terms: jax.Array) -> jax.Array:
    """Terms at the elements that a bijector gives, moved to those that these come from."""
    if isinstance(bijector, ChannelPermutation | Squeeze):
        return bijector.inverse(terms)
    if isinstance(bijector, DenseConv1x1 | InvertibleConv1x1):
        return jnp.broadcast_to(terms.mean(-1, keepdims=True), terms.shape)
    return terms
