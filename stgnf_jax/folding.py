"""A flow in evaluation mode, with everything that is linear folded together.

With running statistics a flow step is linear but for its ReLUs and its sigmoid, so that

* ActNorm and permutation are one affine map of the channels, z -> weight z + bias;
* the conditioner's layers are those of `folded_conditioner`.

Of log|det dz/dx|, the part that is the same for every window is a single number. All of it is
NumPy in float64, and rounded once: what is off in a parameter is off in every window.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import jax
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.flow import Variables
from stgnf_jax.flow_config import FlowConfig, Permutation
from stgnf_jax.folded_conditioner import FoldedBlock, Layers, fold_conditioner, of_scaled

Leaves = Mapping[str, Any]
Array = NDArray[Any]


class FoldedStep(NamedTuple):
    """One flow step: z -> weight z + bias, then a coupling conditioned by layers.

    Attributes:
      weight: (C, C); with two channels that mix, the second row is of the first channel as it has
        become, and of the second.
      bias: (C,).
      log_det: (), of ActNorm and permutation over all joints and frames.
      layers: the conditioner.
      shear: (), with two channels that mix, so much of the first is added to the second at the end.
    """

    weight: Array
    bias: Array
    log_det: Array
    layers: Layers
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
    """Whether the steps of a level only swap two channels, of which one moves in each."""
    two = config.permutation == "reverse" and channels == 2
    return two and config.conditioner == "stgcn"  # `of_scaled` knows no other layers


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
        block, *others = cast(tuple[FoldedBlock, ...], step.layers)  # see `swaps`
        layers = (of_scaled(block, scale, shift), *others)
        carried.append(step._replace(weight=weight, bias=bias, layers=layers))
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


def _fold_step(config: FlowConfig, level: int, leaves: Leaves, *, first: bool) -> FoldedStep:
    frames, joints, channels = config.level_shape(level)
    params, stats = leaves["params"], leaves["batch_stats"]["conditioner"]
    matrix = _permutation_matrix(config.permutation, leaves, channels)
    weight = matrix * np.exp(params["actnorm"]["log_scale"])
    layers = fold_conditioner(config, level, params["conditioner"], stats, first=first)
    log_det = frames * joints * np.linalg.slogdet(weight).logabsdet
    return FoldedStep(weight, weight @ params["actnorm"]["bias"], log_det, layers, np.zeros(()))


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
