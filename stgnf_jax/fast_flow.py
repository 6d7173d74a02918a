"""Windows through a folded flow.

A channel of N windows is an array (T, V, N), windows innermost, so that every operation runs along
contiguous memory; z is the tuple of its channels. XLA fuses operations on single channels best.
"""

import functools
import operator
from collections.abc import Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from stgnf_jax.bijectors import conditioner_channels, split_channels
from stgnf_jax.convolution import neighbours
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.folded_conditioner import FoldedBlock, FoldedConvolution, FoldedDense
from stgnf_jax.folding import Folded, FoldedLevel, FoldedStep, mixes_two, swaps
from stgnf_jax.stgcn import PRECISION

# Joints whose scales, each in (0.88, 1], are multiplied before a logarithm is taken.
JOINTS_PER_LOG = 256

Channels = tuple[jax.Array, ...]


class State(NamedTuple):
    """Windows on their way.

    Attributes:
      z: their channels, (T, V, N) each.
      log_det: log|det| of every step so far, (steps, N).
    """

    z: Channels
    log_det: jax.Array


def apply_flow(config: FlowConfig, folded: Folded, z: Channels) -> State:
    """Windows from data to latent.

    Args:
      config: the flow.
      folded: what `fold` makes of it.
      z: C arrays (T, V, N).
    """
    log_dets = []
    for i, level in enumerate(folded):
        if config.squeezes_before(i):
            z = tuple(c[k::2] for c in z for k in (0, 1))
        z, log_det = _apply_level(config, level, z)
        log_dets.append(log_det)
    return State(z, jnp.concatenate(log_dets))


def _apply_level(config: FlowConfig, level: FoldedLevel, z: Channels) -> tuple[Channels, jax.Array]:
    if swaps(config, len(z)):
        z, log_det = _swap_and_couple(level.steps, z)
        return (level.shift + level.scale * z[0], *z[1:]), log_det
    if mixes_two(config, len(z)):
        return _shear_and_couple(level.steps, (z[0], z[1] + level.shear * z[0]))
    return _mix_and_couple(level.steps, z)


def _swap_and_couple(steps: FoldedStep, z: Channels) -> tuple[Channels, jax.Array]:
    """Steps that swap two channels: two of them a turn, so that nothing is moved."""

    def apply(z: Channels, step: FoldedStep) -> tuple[Channels, jax.Array]:
        return _couple(step, (z[1], step.bias[1] + step.weight[1, 0] * z[0]))

    return jax.lax.scan(apply, z, steps, unroll=2)


def _shear_and_couple(steps: FoldedStep, z: Channels) -> tuple[Channels, jax.Array]:
    """Steps that mix two channels: see `folding._carry_shears`."""

    def apply(z: Channels, step: FoldedStep) -> tuple[Channels, jax.Array]:
        first = step.bias[0] + step.weight[0, 0] * z[0] + step.weight[0, 1] * z[1]
        second = step.bias[1] + step.weight[1, 0] * first + step.weight[1, 1] * z[1]
        (first, second), log_det = _couple(step, (first, second))
        return (first, second + step.shear * first), log_det

    return jax.lax.scan(apply, z, steps)


def _mix_and_couple(steps: FoldedStep, z: Channels) -> tuple[Channels, jax.Array]:
    """Other steps; a turn ends with the next step's mixing, which is so done once for all uses."""
    after = jnp.concatenate([steps.weight[1:], jnp.eye(len(z), dtype=z[0].dtype)[None]])
    after_bias = jnp.append(steps.bias[1:], jnp.zeros((1, len(z)), z[0].dtype), 0)

    def apply(
        z: Channels, step: tuple[FoldedStep, jax.Array, jax.Array]
    ) -> tuple[Channels, jax.Array]:
        folded, weight, bias = step
        z, log_det = _couple(folded, z)
        return _mix(weight, bias, z), log_det

    mixed = _mix(steps.weight[0], steps.bias[0], z)
    return jax.lax.scan(apply, mixed, (steps, after, after_bias))


def _mix(weight: ArrayLike, bias: ArrayLike, z: Channels) -> Channels:
    """The affine map z -> weight z + bias."""
    rows = zip(jnp.asarray(weight), jnp.asarray(bias), strict=True)
    return tuple(b + total(w * c for w, c in zip(row, z, strict=True)) for row, b in rows)


def _couple(step: FoldedStep, z: Channels) -> tuple[Channels, jax.Array]:
    """Transforms the second half of the channels by what the conditioner makes of the first."""
    half = split_channels(len(z))[0]
    z1, z2 = z[:half], z[half:]
    h = z1
    for layer in step.layers:
        h = _apply_layer(layer, h)
    log_det = jnp.full(z[0].shape[-1], step.log_det)
    if len(h) == conditioner_channels(len(z), "additive"):
        return (*z1, *(c + shift for c, shift in zip(z2, h, strict=True))), log_det
    scales = [jax.nn.sigmoid(raw + 2) + 1e-6 for raw in h[1::2]]
    moved = tuple((c + shift) * scale for c, shift, scale in zip(z2, h[0::2], scales, strict=True))
    for scale in scales:
        log_det = log_det + z1[0].shape[1] // scale.shape[1] * _sum_of_logs(scale)
    return (*z1, *moved), log_det


def _sum_of_logs(scale: jax.Array) -> jax.Array:
    """Sum of log(scale) over frames and joints, (T, V, N) -> (N,), with few logarithms."""
    starts = range(0, scale.shape[1], JOINTS_PER_LOG)
    products = [jnp.prod(scale[:, start : start + JOINTS_PER_LOG], 1) for start in starts]
    return sum_first(total(jnp.log(product) for product in products))


def total(arrays: Iterable[jax.Array]) -> jax.Array:
    """The sum of arrays of one shape."""
    return functools.reduce(operator.add, arrays)


def sum_event(x: jax.Array) -> jax.Array:
    """The sum over frames and joints, (T, V, N) -> (N,).

    One axis after the other loses fewer digits than one sum of T * V terms.
    """
    return sum_first(sum_first(x))


def sum_first(x: jax.Array) -> jax.Array:
    """(R, ...) -> (...), as a product with ones, which is faster on processors."""
    ones = jnp.ones(len(x), x.dtype)
    return jnp.dot(ones, x.reshape(len(x), -1), precision=PRECISION).reshape(x.shape[1:])


def _apply_layer(layer: FoldedBlock | FoldedConvolution | FoldedDense, x: Channels) -> Channels:
    match layer:
        case FoldedBlock():
            return _apply_block(layer, x)
        case FoldedConvolution():
            near = jnp.stack(neighbours(jnp.stack(x)))  # (3, C, T, V, N)
            h = _dot(layer.weight, near).reshape(-1, *x[0].shape)
        case FoldedDense():
            weight = layer.weight.reshape(-1, layer.weight.shape[-1])
            h = _dot(weight, jnp.stack(x)).reshape(*layer.bias.shape, -1)
    return tuple(jax.nn.relu(c + b[..., None]) for c, b in zip(h, layer.bias, strict=True))


def _dot(weight: ArrayLike, x: jax.Array) -> jax.Array:
    """A matrix times an array whose first axes are its columns."""
    return jnp.dot(weight, x.reshape(jnp.shape(weight)[1], -1), precision=PRECISION)


def _apply_block(block: FoldedBlock, x: Channels) -> Channels:
    """An ST-GCN block; its channels have one joint where all joints would be the same."""
    u = jax.nn.relu(_mix_joints(block, x))  # (F, T, V or 1, N)
    h = _dot(block.temporal, u).reshape(u.shape)
    channels = [c + bias for c, bias in zip(h, block.bias, strict=True)]
    shortcut = [total(w * c for w, c in zip(row, x, strict=True)) for row in block.residual]
    return tuple(jax.nn.relu(c + s) for c, s in zip(channels, shortcut, strict=True))


def _mix_joints(block: FoldedBlock, x: Channels) -> jax.Array:
    if block.spatial.ndim == 2:
        means = [jnp.mean(c, 1, keepdims=True) for c in x]  # (T, 1, N)
        sums = [total(w * m for w, m in zip(row, means, strict=True)) for row in block.spatial]
        return jnp.stack([m + bias for m, bias in zip(sums, block.spatial_bias, strict=True)])
    features, joints = block.spatial.shape[:2]
    frames, _, windows = x[0].shape
    matrix = block.spatial.reshape(features * joints, -1)
    mixed = _dot(matrix, jnp.stack(x).swapaxes(1, 2))  # (C, V, T, N) -> (F V, T N)
    mixed = mixed.reshape(features, joints, frames, windows).swapaxes(1, 2)  # (F, T, V, N)
    return mixed + block.spatial_bias[:, None, :, None]
