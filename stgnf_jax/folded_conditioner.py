"""A conditioner in evaluation mode, with everything that is linear between two ReLUs folded.

* In an ST-GCN block, the 1x1 convolution, the adjacency and the first BatchNorm are one affine map
  of channels and joints; where A has rank one it acts on the mean over joints. The temporal
  convolution and the second BatchNorm are one affine map of channels and frames, and the residual's
  convolution and BatchNorm one of the channels.
* A standard convolution with its BatchNorm is one affine map of frames, channels and neighbours.
* A fully connected layer with its BatchNorm is one affine map of everything.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.batch_norm import EPSILON
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.flow_step import step_fields
from stgnf_jax.stgcn import Graph, temporal_band

Leaves = Mapping[str, Any]
Array = NDArray[Any]


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

    spatial: Array
    spatial_bias: Array
    temporal: Array
    bias: Array
    residual: Array


class FoldedConvolution(NamedTuple):
    """One standard convolution and its ReLU, from C to F channels.

    Attributes:
      weight: (F T, 3 C T), from the joint before, the joint itself and the one after.
      bias: (F,).
    """

    weight: Array
    bias: Array


class FoldedDense(NamedTuple):
    """One fully connected layer and its ReLU.

    Attributes:
      weight: (F, T, V, inputs), the inputs by channel, then frame, then joint; T and V are 1 of a
        hidden layer.
      bias: (F, T, V).
    """

    weight: Array
    bias: Array


Layers = tuple[FoldedBlock, ...] | tuple[FoldedConvolution, ...] | tuple[FoldedDense, ...]


def fold_conditioner(
    config: FlowConfig, level: int, params: Leaves, stats: Leaves, *, first: bool
) -> Layers:
    """The layers of a conditioner with its running statistics.

    Args:
      config: of the flow.
      level: which the conditioner is in, 0, 1, ...
      params: its parameters, in float64.
      stats: its running statistics, in float64.
      first: whether it is that of the level's first step.
    """
    frames, joints, _ = config.level_shape(level)
    if config.conditioner == "stgcn":
        fields = step_fields(config, level, first=first)
        graph, residual = fields["graph"], fields["residual"]
        return tuple(
            _fold_block(block, stats[name], graph, frames, residual=residual)
            for name, block in sorted(params.items())
        )
    linear = [
        _fold_linear(params[f"{config.conditioner}_{i}"], params[f"norm_{i}"], stats[f"norm_{i}"])
        for i in range(len(stats))
    ]
    if config.conditioner == "convolution":
        return tuple(
            FoldedConvolution(_fold_temporal(kernel, frames), bias) for kernel, bias in linear
        )
    sides = [(frames, joints), *[(1, 1)] * (len(linear) - 1), (frames, joints)]
    return tuple(
        _fold_dense(kernel, bias, *sides[i : i + 2]) for i, (kernel, bias) in enumerate(linear)
    )


def of_scaled(block: FoldedBlock, scale: Array, shift: Array) -> FoldedBlock:
    """The block of scale x + shift as a block of x; scale and shift are ()."""
    inputs = -1 if block.spatial.ndim == 2 else (-2, -1)
    moved = shift * block.spatial.sum(inputs)
    return block._replace(
        spatial=scale * block.spatial,
        spatial_bias=block.spatial_bias + moved.reshape(block.spatial_bias.shape),
        bias=block.bias + shift * block.residual.sum(-1),
        residual=scale * block.residual,
    )


def _fold_block(
    params: Leaves, stats: Leaves, graph: Graph, frames: int, *, residual: bool
) -> FoldedBlock:
    spatial, spatial_bias = _fold_spatial(params, graph)
    scale, shift = _fold_norm(params["spatial_norm"], stats["spatial_norm"])
    spatial = np.einsum("f,f...->f...", scale, spatial)
    spatial_bias = scale[:, None] * spatial_bias + shift[:, None]
    scale, shift = _fold_norm(params["temporal_norm"], stats["temporal_norm"])
    temporal = _fold_temporal(params["temporal"]["kernel"] * scale, frames)
    bias = scale * params["temporal"]["bias"] + shift
    shortcut = np.eye(len(scale))
    if not residual:
        shortcut = np.zeros((len(scale), len(params["spatial"]["kernel"])))
    elif "residual" in params:
        scale, shift = _fold_norm(params["residual_norm"], stats["residual_norm"])
        bias = bias + scale * params["residual"]["bias"] + shift
        shortcut = (params["residual"]["kernel"] * scale).T
    return FoldedBlock(spatial, spatial_bias, temporal, bias, shortcut)


def _fold_spatial(params: Leaves, graph: Graph) -> tuple[Array, Array]:
    """The 1x1 convolution and the adjacency as `spatial` and `spatial_bias` of a block."""
    kernel, bias = params["spatial"]["kernel"], params["spatial"]["bias"]
    if graph.is_rank_one:
        return kernel.T, bias[:, None]
    matrix = graph.adjacency.astype(np.float64)  # (S, V, V)
    if graph.edge_importance:
        matrix = matrix * params["edge_importance"]
    kernel = kernel.reshape(len(kernel), len(matrix), -1)  # (C, S, F)
    bias = bias.reshape(len(matrix), -1)
    return np.einsum("csf,svw->fwcv", kernel, matrix), np.einsum("sf,svw->fw", bias, matrix)


def _fold_dense(
    kernel: Array, bias: Array, before: tuple[int, int], after: tuple[int, int]
) -> FoldedDense:
    """A layer from (T, V) `before` to (T, V) `after`, channels innermost, to channels outermost."""
    inputs = kernel.reshape(*before, -1, kernel.shape[1]).transpose(3, 2, 0, 1)
    weight = inputs.reshape(*after, -1, len(kernel)).transpose(2, 0, 1, 3)
    return FoldedDense(weight, bias.reshape(*after, -1).transpose(2, 0, 1))


def _fold_linear(linear: Leaves, norm: Leaves, stats: Leaves) -> tuple[Array, Array]:
    """Kernel and bias of a linear layer with the BatchNorm of its channels, which are innermost."""
    kernel, bias = linear["kernel"], linear["bias"]
    scale, shift = _fold_norm(norm, stats)
    scaled = kernel.reshape(-1, len(scale)) * scale
    return scaled.reshape(kernel.shape), (bias.reshape(-1, len(scale)) * scale + shift).ravel()


def _fold_temporal(kernel: Array, frames: int) -> Array:
    """A kernel (k, C, F) as the matrix (F T, C T) of its zero-padded convolution."""
    band = temporal_band(kernel, frames)  # (T in, T out, C, F)
    return band.transpose(3, 1, 2, 0).reshape(frames * kernel.shape[2], -1)


def _fold_norm(params: Leaves, stats: Leaves) -> tuple[Array, Array]:
    """A BatchNorm with running statistics as scale and shift, (F,) each."""
    scale = params["scale"] / np.sqrt(stats["var"] + EPSILON)
    return scale, params["bias"] - stats["mean"] * scale
