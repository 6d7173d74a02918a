"""A flow in evaluation mode, with everything that is linear folded together.

With running statistics a flow step is linear but for its ReLUs and its sigmoid, so that

* ActNorm and permutation are one affine map of the channels, z -> weight z + bias;
* in an ST-GCN block, the 1x1 convolution, the adjacency and the first BatchNorm are one affine map
  of channels and joints; where A has rank one it acts on the mean over joints;
* the temporal convolution and the second BatchNorm are one affine map of channels and frames, and
  the residual's convolution and BatchNorm one of the channels.

Of log|det dz/dx|, the part that is the same for every window is a single number. All of it is
NumPy in float64, and rounded once: what is off in a parameter is off in every window.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.batch_norm import EPSILON
from stgnf_jax.flow import Variables
from stgnf_jax.flow_config import FlowConfig, Permutation
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


class FoldedStep(NamedTuple):
    """One flow step: z -> weight z + bias, then a coupling conditioned by the blocks.

    Attributes:
      weight: (C, C); with two channels that mix, the second row is of the first channel as it has
        become, and of the second.
      bias: (C,).
      log_det: (), of ActNorm and permutation over all joints and frames.
      blocks: the conditioner.
      shear: (), with two channels that mix, so much of the first is added to the second at the end.
    """

    weight: Array
    bias: Array
    log_det: Array
    blocks: tuple[FoldedBlock, ...]
    shear: Array


class FoldedLevel(NamedTuple):
    """K flow steps, and what goes before the first and follows the last.

    Attributes:
      steps: every array with an axis of K before those it has in one step.
      shear: (), so much of the first channel is added to the second before the steps.
      scale: (), of the first channel after the steps.
      shift: (), added to it then.
    """

    steps: FoldedStep
    shear: Array
    scale: Array
    shift: Array


Folded = tuple[FoldedLevel, ...]


def fold(config: FlowConfig, variables: Variables) -> Folded:
    """The levels of a flow with its running statistics, in the type of its parameters."""
    variables = jax.device_get(variables)
    dtype = jax.tree.leaves(variables["params"])[0].dtype
    exact = jax.tree.map(
        lambda leaf: leaf.astype(np.result_type(leaf, np.float64)),
        {name: variables[name] for name in ("params", "batch_stats")},
    )
    exact["constants"] = variables.get("constants", {})
    levels = [_fold_level(config, exact, level) for level in range(config.num_levels)]
    return jax.tree.map(lambda array: np.asarray(array, dtype), tuple(levels))


def fold_members(config: FlowConfig, variables: Variables) -> Folded:
    """Flows of one configuration, every array of `variables` with an axis of E members in front.

    Returns:
      `fold` of each, stacked on an axis of E in front of every array.
    """
    variables = jax.device_get(variables)
    count = len(jax.tree.leaves(variables)[0])
    members = [
        fold(config, jax.tree.map(lambda leaf, i=i: leaf[i], variables)) for i in range(count)
    ]
    return jax.tree.map(lambda *arrays: np.stack(arrays), *members)


def swaps(config: FlowConfig, channels: int) -> bool:
    """Whether the steps of a level only swap its two channels, which costs nothing."""
    return config.permutation == "reverse" and channels == 2


def mixes_two(config: FlowConfig, channels: int) -> bool:
    """Whether the steps of a level mix its two channels."""
    return channels == 2 and not swaps(config, channels)


def _fold_level(config: FlowConfig, variables: Variables, level: int) -> FoldedLevel:
    first, rest = (
        {
            name: tree[f"levels_{level}"][steps]
            for name, tree in variables.items()
            if steps in tree.get(f"levels_{level}", {})
        }
        for steps in ("first", "rest")
    )
    others = [jax.tree.map(lambda leaf, i=i: leaf[i], rest) for i in range(config.num_steps - 1)]
    folded = [_fold_step(config, level, first, first=True)]
    folded += [_fold_step(config, level, leaves, first=False) for leaves in others]
    channels = config.level_shape(level)[2]
    if swaps(config, channels):
        return _carry_scales(folded)
    if mixes_two(config, channels):
        return _carry_shears(folded)
    return FoldedLevel(_stack(folded), np.zeros(()), np.ones(()), np.zeros(()))


def _stack(steps: list[FoldedStep]) -> FoldedStep:
    return jax.tree.map(lambda *arrays: np.stack(arrays), *steps)


def _carry_scales(steps: list[FoldedStep]) -> FoldedLevel:
    """Steps that swap two channels, writing but one of them in each.

    A step only scales and shifts the channel that conditions it. That channel is carried on as it
    was; the conditioner and the next step, which transforms it, make up for it.
    """
    carried, scale, shift = [], np.ones(()), np.zeros(())
    for step in steps:
        weight = np.array([[0, 1], [step.weight[1, 0] * scale, 0]])
        bias = np.array([0, step.bias[1] + step.weight[1, 0] * shift])
        scale, shift = step.weight[0, 1], step.bias[0]
        blocks = (_of_scaled(step.blocks[0], scale, shift), *step.blocks[1:])
        carried.append(step._replace(weight=weight, bias=bias, blocks=blocks))
    return FoldedLevel(_stack(carried), np.zeros(()), scale, shift)


def _carry_shears(steps: list[FoldedStep]) -> FoldedLevel:
    """Steps that mix two channels, reading but two arrays whenever they write one.

    From the first channel as it has become and the second as it was follows what the first was, so
    the second is made from those two. For that the weight of the first channel on itself must not
    be small; where it is, the second is carried with as much of the first added as makes it large.
    """
    shears = [_shear(step.weight) for step in steps]
    carried = []
    for step, before, after in zip(steps, shears, [*shears[1:], np.zeros(())], strict=True):
        first, second = step.weight @ np.array([[1, 0], [-before, 1]])
        of_first = second[0] / first[0]
        weight = np.array([first, [of_first, second[1] - of_first * first[1]]])
        bias = np.array([step.bias[0], step.bias[1] - of_first * step.bias[0]])
        carried.append(step._replace(weight=weight, bias=bias, shear=after))
    return FoldedLevel(_stack(carried), shears[0], np.ones(()), np.zeros(()))


def _shear(weight: Array) -> Array:
    """How much of the first channel the second must hold, so that the first's weight is large."""
    on_first, on_second = weight[0]
    if abs(on_first) >= abs(on_second):
        return np.zeros(())
    return np.array(-1.0 if on_first * on_second > 0 else 1.0)


def _of_scaled(block: FoldedBlock, scale: Array, shift: Array) -> FoldedBlock:
    """The block of scale x + shift as a block of x; scale and shift are ()."""
    inputs = -1 if block.spatial.ndim == 2 else (-2, -1)
    moved = shift * block.spatial.sum(inputs)
    return block._replace(
        spatial=scale * block.spatial,
        spatial_bias=block.spatial_bias + moved.reshape(block.spatial_bias.shape),
        bias=block.bias + shift * block.residual.sum(-1),
        residual=scale * block.residual,
    )


def _fold_step(config: FlowConfig, level: int, leaves: Leaves, *, first: bool) -> FoldedStep:
    frames, joints, channels = config.level_shape(level)
    fields = step_fields(config, level, first=first)
    params, stats = leaves["params"], leaves["batch_stats"]["conditioner"]
    matrix = _permutation_matrix(config.permutation, leaves, channels)
    weight = matrix * np.exp(params["actnorm"]["log_scale"])
    blocks = tuple(
        _fold_block(block, stats[name], fields["graph"], frames, residual=fields["residual"])
        for name, block in sorted(params["conditioner"].items())
    )
    log_det = frames * joints * np.linalg.slogdet(weight).logabsdet
    return FoldedStep(weight, weight @ params["actnorm"]["bias"], log_det, blocks, np.zeros(()))


def _permutation_matrix(permutation: Permutation, leaves: Leaves, channels: int) -> Array:
    eye = np.eye(channels)
    if permutation == "reverse":
        return eye[::-1]
    if permutation == "shuffle":
        return eye[leaves["constants"]["permute"]["permutation"]]
    params = leaves["params"]["permute"]
    if permutation == "dense_1x1":
        return params["weight"]
    constants = leaves["constants"]["permute"]
    lower = np.tril(params["lower"], -1) + eye
    upper = np.triu(params["upper"], 1) + np.diag(constants["sign"] * np.exp(params["log_s"]))
    return constants["permutation"] @ lower @ upper


def _fold_block(
    params: Leaves, stats: Leaves, graph: Graph, frames: int, *, residual: bool
) -> FoldedBlock:
    spatial, spatial_bias = _fold_spatial(params, graph)
    scale, shift = _fold_norm(params["spatial_norm"], stats["spatial_norm"])
    spatial = np.einsum("f,f...->f...", scale, spatial)
    spatial_bias = scale[:, None] * spatial_bias + shift[:, None]
    scale, shift = _fold_norm(params["temporal_norm"], stats["temporal_norm"])
    band = temporal_band(params["temporal"]["kernel"] * scale, frames)  # (T, T, F in, F out)
    temporal = band.transpose(3, 1, 2, 0).reshape(frames * len(scale), -1)
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


def _fold_norm(params: Leaves, stats: Leaves) -> tuple[Array, Array]:
    """A BatchNorm with running statistics as scale and shift, (F,) each."""
    scale = params["scale"] / np.sqrt(stats["var"] + EPSILON)
    return scale, params["bias"] - stats["mean"] * scale
