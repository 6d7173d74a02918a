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

from stgnf_jax.bijectors import conditioner_channels, split_channels
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.folding import FoldedBlock, FoldedStep, absorb
from stgnf_jax.stgcn import PRECISION

# Joints whose scales, each in (0.88, 1], are multiplied before a logarithm is taken.
JOINTS_PER_LOG = 256

Channels = tuple[jax.Array, ...]


class State(NamedTuple):
    """Windows on their way: their channels, and log|det dz/dx| so far, (N,)."""

    z: Channels
    log_det: jax.Array


def apply_flow(config: FlowConfig, levels: tuple[FoldedStep, ...], z: Channels) -> State:
    """Windows from data to latent.

    Args:
      config: the flow.
      levels: what `fold` makes of it.
      z: C arrays (T, V, N).
    """
    state = State(z, jnp.zeros(z[0].shape[-1], z[0].dtype))
    for i, steps in enumerate(levels):
        if config.squeezes_before(i):
            state = state._replace(z=tuple(c[k::2] for c in state.z for k in (0, 1)))
        state = _apply_steps(config, steps, state)
    return state


def _apply_steps(config: FlowConfig, steps: FoldedStep, state: State) -> State:
    """Applies stacked steps."""
    if config.permutation == "reverse" and len(state.z) == 2:
        return _apply_swapping(steps, state)

    def apply(state: State, step: FoldedStep) -> tuple[State, None]:
        return _couple(step, _affine(step, state)), None

    return jax.lax.scan(apply, state, steps)[0]


def _apply_swapping(steps: FoldedStep, state: State) -> State:
    """Applies stacked steps that swap two channels, writing but one of them in each.

    A step only scales and shifts the channel that conditions it. That channel is carried on as it
    was; the conditioner and the next step, which transforms it, make up for it. Two steps a turn
    of the scan make the swap free.
    """
    scale, shift = steps.weight[:, 0, 1], steps.bias[:, 0]  # (K,) each
    first, *others = steps.blocks
    absorbed = jax.vmap(absorb)(first, scale, shift)
    steps = steps._replace(blocks=(absorbed, *others))
    weight = steps.weight[:, 1, 0] * jnp.roll(scale, 1).at[0].set(1)
    bias = steps.bias[:, 1] + steps.weight[:, 1, 0] * jnp.roll(shift, 1).at[0].set(0)

    def apply(state: State, step: tuple[FoldedStep, jax.Array, jax.Array]) -> tuple[State, None]:
        folded, weight, bias = step
        z1, z2 = state.z
        return _couple(folded, state._replace(z=(z2, bias + weight * z1))), None

    (z1, z2), log_det = jax.lax.scan(apply, state, (steps, weight, bias), unroll=2)[0]
    return State((shift[-1] + scale[-1] * z1, z2), log_det)


def _affine(step: FoldedStep, state: State) -> State:
    """ActNorm and permutation."""
    z = tuple(
        sum((weight * c for weight, c in zip(row, state.z, strict=True)), bias)
        for row, bias in zip(step.weight, step.bias, strict=True)
    )
    return state._replace(z=z)


def _couple(step: FoldedStep, state: State) -> State:
    """Transforms the second half of the channels by what the conditioner makes of the first."""
    half = split_channels(len(state.z))[0]
    z1, z2 = state.z[:half], state.z[half:]
    h = z1
    for block in step.blocks:
        h = _apply_block(block, h)
    log_det = state.log_det + step.log_det
    if len(h) == conditioner_channels(len(state.z), "additive"):
        return State((*z1, *(c + shift for c, shift in zip(z2, h, strict=True))), log_det)
    scales = [jax.nn.sigmoid(raw + 2) + 1e-6 for raw in h[1::2]]
    moved = tuple((c + shift) * scale for c, shift, scale in zip(z2, h[0::2], scales, strict=True))
    for scale in scales:
        log_det = log_det + z1[0].shape[1] // scale.shape[1] * _sum_of_logs(scale)
    return State((*z1, *moved), log_det)


def _sum_of_logs(scale: jax.Array) -> jax.Array:
    """Sum of log(scale) over frames and joints, (T, V, N) -> (N,), with few logarithms."""
    starts = range(0, scale.shape[1], JOINTS_PER_LOG)
    products = [jnp.prod(scale[:, start : start + JOINTS_PER_LOG], 1) for start in starts]
    return total(sum_rows(jnp.log(product)) for product in products)


def total(arrays: Iterable[jax.Array]) -> jax.Array:
    """The sum of arrays of one shape."""
    return functools.reduce(operator.add, arrays)


def sum_rows(x: jax.Array) -> jax.Array:
    """(R, N) -> (N,), as a product with ones, which is faster on processors."""
    return jnp.dot(jnp.ones(len(x), x.dtype), x, precision=PRECISION)


def _apply_block(block: FoldedBlock, x: Channels) -> Channels:
    """An ST-GCN block; its channels have one joint where all joints would be the same."""
    u = jax.nn.relu(_mix_joints(block, x))  # (F, T, V or 1, N)
    h = jnp.dot(block.temporal, u.reshape(len(block.temporal), -1), precision=PRECISION)
    h = h.reshape(u.shape)
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
    flat = jnp.stack(x).swapaxes(1, 2).reshape(matrix.shape[1], -1)  # (C V, T N)
    mixed = jnp.dot(matrix, flat, precision=PRECISION)
    mixed = mixed.reshape(features, joints, frames, windows).swapaxes(1, 2)  # (F, T, V, N)
    return mixed + block.spatial_bias[:, None, :, None]
