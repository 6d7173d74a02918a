"""A flow in evaluation mode, with everything that is linear folded together.

With running statistics a flow step is linear but for its ReLUs and its sigmoid, so that

* ActNorm and permutation are one affine map of the channels, z -> weight z + bias;
* in an ST-GCN block, the 1x1 convolution, the adjacency and the first BatchNorm are one affine map
  of channels and joints; where A has rank one it acts on the mean over joints;
* the temporal convolution and the second BatchNorm are one affine map of channels and frames, and
  the residual's convolution and BatchNorm one of the channels.

Of log|det dz/dx|, the part that is the same for every window is a single number.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import distrax
import jax
import jax.numpy as jnp

from stgnf_jax.batch_norm import EPSILON
from stgnf_jax.flow import Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.flow_step import FlowStep, step_fields
from stgnf_jax.stgcn import PRECISION, Graph, temporal_band

Leaves = Mapping[str, Any]


class FoldedBlock(NamedTuple):
    """One ST-GCN block from C to F channels; S is 1 where A has rank one, otherwise V.

    Attributes:
      spatial: where A has rank one (F, C), of the mean over joints; otherwise (F, V, C, V), from
        the last two to the first two.
      spatial_bias: (F, S).
      temporal: (F T, F T), from the last to the first.
      bias: (F,).
      residual: (F, C), zero where the block does not add its input.
    """

    spatial: jax.Array
    spatial_bias: jax.Array
    temporal: jax.Array
    bias: jax.Array
    residual: jax.Array


class FoldedStep(NamedTuple):
    """One flow step: z -> weight z + bias, then a coupling conditioned by the blocks.

    Attributes:
      weight: (C, C).
      bias: (C,).
      log_det: (), of that affine map over all joints and frames.
      blocks: the conditioner.
    """

    weight: jax.Array
    bias: jax.Array
    log_det: jax.Array
    blocks: tuple[FoldedBlock, ...]


def fold(config: FlowConfig, variables: Variables) -> tuple[FoldedStep, ...]:
    """The steps of a flow with its running statistics, for each level K of them stacked."""
    return tuple(_fold_level(config, variables, level) for level in range(config.num_levels))


def absorb(block: FoldedBlock, scale: jax.Array, shift: jax.Array) -> FoldedBlock:
    """The block of scale x + shift as a block of x; scale and shift are ()."""
    inputs = -1 if block.spatial.ndim == 2 else (-2, -1)
    return block._replace(
        spatial=block.spatial * scale,
        spatial_bias=block.spatial_bias
        + jnp.sum(block.spatial * shift, inputs).reshape(block.spatial_bias.shape),
        bias=block.bias + jnp.sum(block.residual * shift, -1),
        residual=block.residual * scale,
    )


def _fold_level(config: FlowConfig, variables: Variables, level: int) -> FoldedStep:
    def fold_step(leaves: Leaves, *, first: bool) -> FoldedStep:
        step = FlowStep(**step_fields(config, level, first=first), parent=None)
        return _fold_step(step, leaves, config.level_shape(level))

    first, rest = (
        {name: tree[f"levels_{level}"].get(steps, {}) for name, tree in variables.items() if tree}
        for steps in ("first", "rest")
    )
    folded = jax.tree.map(lambda leaf: leaf[None], fold_step(first, first=True))
    if not rest["params"]:
        return folded
    others = jax.vmap(lambda leaves: fold_step(leaves, first=False))(rest)
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), folded, others)


def _fold_step(step: FlowStep, variables: Leaves, shape: tuple[int, int, int]) -> FoldedStep:
    bound = step.bind(variables)
    zeros = jnp.zeros((1, 1, shape[-1]))
    affine = distrax.Chain([bound.permute(), bound.actnorm(zeros)])
    bias, log_det = affine.forward_and_log_det(zeros)
    weight = jax.jacfwd(affine.forward)(zeros).reshape(shape[-1], shape[-1])
    params, stats = variables["params"]["conditioner"], variables["batch_stats"]["conditioner"]
    blocks = tuple(
        _fold_block(params[name], stats[name], step.graph, shape[0], residual=step.residual)
        for name in sorted(params)
    )
    return FoldedStep(weight, bias.reshape(-1), shape[0] * shape[1] * log_det, blocks)


def _fold_block(
    params: Leaves, stats: Leaves, graph: Graph, frames: int, *, residual: bool
) -> FoldedBlock:
    spatial, spatial_bias = _fold_spatial(params, graph)
    scale, shift = _fold_norm(params["spatial_norm"], stats["spatial_norm"])
    spatial = jnp.einsum("f,f...->f...", scale, spatial)
    spatial_bias = scale[:, None] * spatial_bias + shift[:, None]
    scale, shift = _fold_norm(params["temporal_norm"], stats["temporal_norm"])
    band = temporal_band(params["temporal"]["kernel"] * scale, frames)  # (T, T, F in, F out)
    size = frames * len(scale)
    temporal = band.transpose(3, 1, 2, 0).reshape(size, size)
    bias = scale * params["temporal"]["bias"] + shift
    kernel = jnp.eye(len(scale))
    if not residual:
        kernel = jnp.zeros((len(scale), len(params["spatial"]["kernel"])))
    elif "residual" in params:
        scale, shift = _fold_norm(params["residual_norm"], stats["residual_norm"])
        bias = bias + scale * params["residual"]["bias"] + shift
        kernel = (params["residual"]["kernel"] * scale).T
    return FoldedBlock(spatial, spatial_bias, temporal, bias, kernel)


def _fold_spatial(params: Leaves, graph: Graph) -> tuple[jax.Array, jax.Array]:
    """The 1x1 convolution and the adjacency as `spatial` and `spatial_bias` of a block."""
    kernel, bias = params["spatial"]["kernel"], params["spatial"]["bias"]
    if graph.is_rank_one:
        return kernel.T, bias[:, None]
    matrix = jnp.asarray(graph.adjacency)  # (S, V, V)
    if graph.edge_importance:
        matrix = matrix * params["edge_importance"]
    kernel = kernel.reshape(len(kernel), len(matrix), -1)  # (C, S, F)
    bias = bias.reshape(len(matrix), -1)
    return (
        jnp.einsum("csf,svw->fwcv", kernel, matrix, precision=PRECISION),
        jnp.einsum("sf,svw->fw", bias, matrix, precision=PRECISION),
    )


def _fold_norm(params: Leaves, stats: Leaves) -> tuple[jax.Array, jax.Array]:
    """A BatchNorm with running statistics as scale and shift, (F,) each."""
    scale = jax.lax.rsqrt(stats["var"] + EPSILON) * params["scale"]
    return scale, params["bias"] - stats["mean"] * scale
