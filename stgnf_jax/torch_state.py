"""The authors' parameter names and layouts, as this flow's variables."""

import re
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from stgnf_jax.errors import InputError
from stgnf_jax.flow import abstract_variables
from stgnf_jax.flow_config import FlowConfig

# Our name of a leaf inside a flow step -> theirs inside `flow.layers.<i>.`
_NAMES = {
    r"params/actnorm/bias": "actnorm.bias",
    r"params/actnorm/log_scale": "actnorm.logs",
    r"params/permute/(lower|upper|log_s|weight)": r"invconv.\1",
    r"constants/permute/permutation": "invconv.p",
    r"constants/permute/sign": "invconv.sign_s",
    r"params/conditioner/block_(\d)/edge_importance": r"edge_importance.\1",
    r"params/conditioner/block_(\d)/spatial/kernel": r"block.\1.gcn.conv.weight",
    r"params/conditioner/block_(\d)/spatial/bias": r"block.\1.gcn.conv.bias",
    r"params/conditioner/block_(\d)/temporal/kernel": r"block.\1.tcn.2.weight",
    r"params/conditioner/block_(\d)/temporal/bias": r"block.\1.tcn.2.bias",
    r"params/conditioner/block_(\d)/residual/kernel": r"block.\1.residual.0.weight",
    r"params/conditioner/block_(\d)/residual/bias": r"block.\1.residual.0.bias",
    r"(.*)/conditioner/block_(\d)/spatial_norm/(.*)": r"block.\2.tcn.0.\3",
    r"(.*)/conditioner/block_(\d)/temporal_norm/(.*)": r"block.\2.tcn.3.\3",
    r"(.*)/conditioner/block_(\d)/residual_norm/(.*)": r"block.\2.residual.1.\3",
}
_NORM_FIELDS = {"scale": "weight", "mean": "running_mean", "var": "running_var"}


def torch_name(path: str) -> str:
    """Their name, inside a flow step, of the leaf `collection/module/.../name` of ours."""
    for pattern, name in _NAMES.items():
        match = re.fullmatch(pattern, path)
        if match:
            module, _, field = match.expand(name).rpartition(".")
            return (
                f"{module}.{_NORM_FIELDS.get(field, field)}"
                if "_norm/" in path
                else match.expand(name)
            )
    raise ValueError(f"the published layout has no {path}")


def _our_layout(array: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    """(out, in, k, 1) -> (k, in, out) for convolutions; singleton axes go where ours has none."""
    ours = array.transpose(3, 2, 1, 0) if array.ndim == 4 and name.endswith("weight") else array
    if [n for n in ours.shape if n > 1] != [n for n in shape if n > 1]:
        raise InputError(
            f"has shape {array.shape}, which does not fit {shape} of the flow", field=name
        )
    return ours.reshape(shape)


def step_numbers(state: Mapping[str, np.ndarray]) -> list[int]:
    """The numbers of the layers that are flow steps, in order."""
    found = (re.match(r"flow\.layers\.(\d{1,6})\.actnorm\.", name) for name in state)
    return sorted({int(match[1]) for match in found if match})


def to_variables(state: Mapping[str, np.ndarray], config: FlowConfig) -> dict[str, Any]:
    """A state dict of the authors as the variables of `STGNF(config)`.

    Raises:
      InputError: a missing name, an array of another size, another number of flow steps.
    """
    numbers = step_numbers(state)
    if len(numbers) != config.num_steps * config.num_levels:
        raise InputError(
            f"has {len(numbers)} flow steps, expected "
            f"{config.num_levels} levels of {config.num_steps}",
            field="state_dict",
        )

    def leaf(path: tuple[Any, ...], expected: jax.ShapeDtypeStruct) -> np.ndarray:
        collection, level, steps, *rest = (key.key for key in path)
        first = int(level.removeprefix("levels_")) * config.num_steps
        name = torch_name("/".join((collection, *rest)))

        def read(number: int, shape: tuple[int, ...]) -> np.ndarray:
            full_name = f"flow.layers.{number}.{name}"
            if full_name not in state:
                raise InputError("is missing", field=full_name)
            return _our_layout(np.asarray(state[full_name]), shape, full_name)

        if steps == "first":
            return read(numbers[first], expected.shape)
        others = numbers[first + 1 : first + config.num_steps]
        return np.stack([read(number, expected.shape[1:]) for number in others])

    variables: dict[str, Any] = jax.tree_util.tree_map_with_path(leaf, abstract_variables(config))
    return variables
