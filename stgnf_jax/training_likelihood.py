"""The nll of a batch in training mode, and BatchNorm's running statistics after it.

`STGNF.apply` says what is computed. The flow of the paper is computed by a shorter way: a window's
channel is an array (V, T, N), so that sums over joints run along contiguous memory; the residual's
BatchNorm needs no more of z1 than its mean and variance; and the gradients of whatever is as large
as the windows are written out (`training_gradients`).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from stgnf_jax.batch_norm import EPSILON, running_average
from stgnf_jax.flow import STGNF, Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.flow_step import FlowStep, Latent, step_fields
from stgnf_jax.likelihood import nll
from stgnf_jax.stgcn import temporal_band
from stgnf_jax.training_gradients import couple, joint_moments, matmul, shift_and_scale

Leaves = Any


def training_nll(
    flow: FlowConfig, variables: Variables, x: jax.Array, mean: jax.Array
) -> tuple[jax.Array, Variables]:
    """Equation 4 with BatchNorm in training mode.

    Args:
      flow: the flow.
      variables: of `STGNF(flow)`.
      x: (N, T, V, C) normalised windows.
      mean: (N,) of the prior, +R or -R (section 3.3).

    Returns:
      nll in bits per dimension, (N,), and the `batch_stats` after this batch.
    """
    if _is_paper_shaped(flow):
        latent, batch_stats = _forward(flow, variables, x)
    else:
        latent, updated = STGNF(flow).apply(variables, x, train=True, mutable=["batch_stats"])
        batch_stats = updated["batch_stats"]
    return nll(latent, mean), batch_stats


def _is_paper_shaped(flow: FlowConfig) -> bool:
    """Whether the flow has (x, y), one level, and one rank-one ST-GCN block per affine coupling."""
    fields = (flow.channels, flow.num_levels, flow.hidden_channels, flow.coupling, flow.conditioner)
    step = FlowStep(**step_fields(flow, 0, first=True), parent=None)
    return fields == (2, 1, 0, "affine", "stgcn") and step.graph.is_rank_one


class _State(NamedTuple):
    """Windows on their way: both channels, (V, T, N) each, and log|det dz/dx| so far, (N,)."""

    z1: jax.Array
    z2: jax.Array
    log_det: jax.Array


class _Moments(NamedTuple):
    """Mean and biased variance of each of a BatchNorm's channels, (channels,) each."""

    mean: jax.Array
    var: jax.Array


def _forward(flow: FlowConfig, variables: Variables, x: jax.Array) -> tuple[Latent, Variables]:
    step = FlowStep(**step_fields(flow, 0, first=False), parent=None)
    channels = x.transpose(3, 2, 1, 0)  # (C, V, T, N)
    state = _State(channels[0], channels[1], jnp.zeros(len(x), x.dtype))

    def apply(state: _State, leaves: Leaves) -> tuple[_State, dict[str, _Moments]]:
        return _apply_step(step, leaves, state)

    steps = {
        name: _stack(variables[name]["levels_0"])
        for name in ("params", "constants")
        if name in variables
    }
    state, moments = jax.lax.scan(apply, state, steps)
    z = jnp.stack(state[:2]).transpose(3, 2, 1, 0)
    return Latent(z, state.log_det), _updated(variables["batch_stats"], moments, x)


def _stack(level: Leaves) -> Leaves:
    """The leaves of a level's K steps, (K, ...); the residual that the first lacks is zero."""
    first, rest = level["first"], level.get("rest")
    if "conditioner" in first:
        block = first["conditioner"]["block_0"]
        channels = block["spatial"]["kernel"].shape
        zero = {
            "residual": {"kernel": jnp.zeros(channels), "bias": jnp.zeros(channels[-1])},
            "residual_norm": {"scale": jnp.zeros(channels[-1]), "bias": jnp.zeros(channels[-1])},
        }
        first = {**first, "conditioner": {"block_0": {**block, **zero}}}
    if rest is None:
        return jax.tree.map(lambda leaf: leaf[None], first)
    return jax.tree.map(lambda one, others: jnp.concatenate([one[None], others]), first, rest)


def _apply_step(step: FlowStep, leaves: Leaves, state: _State) -> tuple[_State, Leaves]:
    z1, z2, log_det_per_joint = _mix_channels(step, leaves, state)
    joints, frames = z1.shape[:2]
    h, slope, moments = _condition(leaves["params"]["conditioner"]["block_0"], z1)
    z2, log_det = couple(z1, z2, h, slope)
    log_det = state.log_det + log_det + frames * joints * log_det_per_joint
    return _State(z1, z2, log_det), moments


def _mix_channels(
    step: FlowStep, leaves: Leaves, state: _State
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """ActNorm and permutation, and their log-determinant at each joint."""
    actnorm = leaves["params"]["actnorm"]
    y = shift_and_scale(state[:2], actnorm["bias"], actnorm["log_scale"])
    log_det = actnorm["log_scale"].sum()
    if step.permutation == "reverse":
        return y[1], y[0], log_det
    unit = jnp.eye(2)[:, None, None, :]
    columns, permuted = step.bind(leaves).permute(unit.dtype).forward_and_log_det(unit)
    weight = columns[:, 0, 0, :]  # row i is what becomes of channel i
    z1, z2 = (weight[0, i] * y[0] + weight[1, i] * y[1] for i in (0, 1))
    return z1, z2, log_det + permuted[0]


def _condition(block: Leaves, z1: jax.Array) -> tuple[jax.Array, jax.Array, Leaves]:
    """The ST-GCN block but for its last ReLU, as h + slope * z1: h (F, T, N), slope (F,)."""
    frames = z1.shape[1]
    by_frame, within = joint_moments(z1)  # (T, N), ()
    mean = by_frame.mean()
    # Within frames and between them: a mean of squares less a squared mean would lose digits.
    var = within + jnp.square(by_frame - mean).mean()
    # Not as one product: XLA would fuse the sum in its gradient with all that z1's is made of.
    spatial = jnp.stack([weight * by_frame for weight in block["spatial"]["kernel"][0]])
    h, spatial_moments = _normalise(
        spatial + block["spatial"]["bias"][:, None, None], block["spatial_norm"]
    )
    band = temporal_band(block["temporal"]["kernel"], frames)  # (T, T, F in, F out)
    band = band.transpose(3, 1, 2, 0).reshape(h.shape[0] * frames, -1)
    h = matmul(band, jax.nn.relu(h).reshape(band.shape[1], -1))
    h = h.reshape(spatial.shape) + block["temporal"]["bias"][:, None, None]
    h, temporal_moments = _normalise(h, block["temporal_norm"])
    kernel, norm = block["residual"]["kernel"][0], block["residual_norm"]
    moments = {
        "spatial_norm": spatial_moments,
        "temporal_norm": temporal_moments,
        "residual_norm": _Moments(kernel * mean + block["residual"]["bias"], kernel**2 * var),
    }
    slope = norm["scale"] * kernel * jax.lax.rsqrt(moments["residual_norm"].var + EPSILON)
    return h + (norm["bias"] - slope * mean)[:, None, None], slope, moments


def _normalise(x: jax.Array, norm: Leaves) -> tuple[jax.Array, _Moments]:
    """BatchNorm of (F, T, N) by the batch."""
    mean = x.mean((1, 2))
    centred = x - mean[:, None, None]
    var = jnp.square(centred).mean((1, 2))
    scale = jax.lax.rsqrt(var + EPSILON) * norm["scale"]
    return centred * scale[:, None, None] + norm["bias"][:, None, None], _Moments(mean, var)


def _updated(batch_stats: Leaves, moments: dict[str, _Moments], x: jax.Array) -> Variables:
    """The running statistics after a batch whose moments are stacked, (K, F) each."""
    count = x.size // x.shape[-1]

    def block(running: Leaves, where: Any) -> Leaves:
        updated = {
            norm: running_average(old, moments[norm].mean[where], moments[norm].var[where], count)
            for norm, old in running["conditioner"]["block_0"].items()
        }
        return {"conditioner": {"block_0": updated}}

    level = batch_stats["levels_0"]
    places = {"first": 0, "rest": slice(1, None)}
    return {"levels_0": {steps: block(level[steps], places[steps]) for steps in level}}
