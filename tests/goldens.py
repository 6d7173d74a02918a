"""Reading the goldens: arrays of the published system, in PyTorch's names and layouts."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.torch_state import to_variables

MODELS = (
    *("K1_invconv", "L2", "adj_distance", "adj_spatial", "adj_uniform_hop1", "default_reverse"),
    *("edge_importance", "hidden8", "invconv_dense", "invconv_lu", "kernel5_len16", "len1"),
    *("len16_supervised_R10", "shuffle"),
)
CHECKPOINTS = ("ShanghaiTech_85_9", "UBnormal_supervised_79_2", "UBnormal_unsupervised_71_8")
TRAININGS = ("default_reverse", "invconv_lu", "supervised_R10_len16")

Array = NDArray[Any]


class Golden(NamedTuple):
    """One file of goldens.

    Attributes:
      config: the flow.
      arrays: all that the file holds.
    """

    config: FlowConfig
    arrays: dict[str, Array]

    @property
    def flow(self) -> STGNF:
        return STGNF(self.config)

    @property
    def mean(self) -> Array:
        """The prior's mean of each window."""
        return self.config.radius * np.where(self.arrays["label"] == 1, 1.0, -1.0)

    def state(self, prefix: str = "state") -> dict[str, Array]:
        """The arrays under a prefix, over those of the initial state."""
        found = {
            name.removeprefix(f"{group}/"): array
            for group in ("state", prefix)
            for name, array in self.arrays.items()
            if name.startswith(f"{group}/")
        }
        permutations = {
            f"flow.layers.{name.removeprefix('perm/')}.invconv.p": array
            for name, array in self.arrays.items()
            if name.startswith("perm/")
        }
        return permutations | found

    def variables(self, prefix: str = "state") -> dict[str, Any]:
        return to_variables(self.state(prefix), self.config)

    def windows(self, name: str) -> Array:
        """(..., C, T, V) as (..., T, V, C)."""
        return np.moveaxis(self.arrays[name], -3, -1)


def read_golden(path: Path) -> Golden:
    with np.load(path) as file:
        arrays = dict(file)
    fields = json.loads(str(arrays.pop("config_json")))
    channels, frames, _ = fields["pose_shape"]
    lu = "invertible_1x1" if fields["LU_decomposed"] else "dense_1x1"
    permutations = {"permute": "reverse", "invcov": "reverse", "shuffle": "shuffle", "invconv": lu}
    config = FlowConfig(
        segment_length=frames,
        channels=channels,
        num_steps=fields["K"],
        num_levels=fields["L"],
        squeeze_first_at_level=3,
        permutation=permutations[fields["flow_permutation"]],  # type: ignore[arg-type]
        coupling=fields["flow_coupling"],
        partition=fields["strategy"],
        max_hop=fields["max_hops"],
        edge_importance=fields["edge_importance"],
        hidden_channels=fields["hidden_channels"],
        temporal_kernel=fields["temporal_kernel_size"] or 0,
        radius=fields["R"],
    )
    return Golden(config, arrays)


def distance(ours: Any, golden: Array) -> float:
    """max|difference| / max|golden| over a whole array, or over all arrays of a tree as one."""
    mine, theirs = (
        np.concatenate([np.ravel(leaf).astype(np.float64) for leaf in jax.tree.leaves(tree)])
        for tree in (ours, golden)
    )
    assert mine.shape == theirs.shape
    return float(np.abs(mine - theirs).max() / np.abs(theirs).max())
