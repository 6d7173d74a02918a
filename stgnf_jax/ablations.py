"""The paper's ablations (sections 4.4 and 9) as small changes of a configuration.

The paper draws figures 6 and 8 to 11 without numbers, so the points of these curves are our
choice; what its text says of a point is in `statement`.
"""

from difflib import get_close_matches
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from stgnf_jax.config import default_config
from stgnf_jax.flow_config import Permutation

# How the paper's data sets differ from the default: configs/shanghaitech.py, configs/ubnormal.py.
BASES: dict[str, dict[str, Any]] = {
    "shanghaitech": {"data.benchmark": "shanghaitech"},
    "ubnormal": {
        "data.benchmark": "ubnormal",
        "data.masks": "gt",
        "model.segment_length": 16,
    },
}

_UBNORMAL_ABNORMAL = {
    "data.second.benchmark": "ubnormal",
    "data.second.train_poses": "pose/train_supervised",
    "data.second.train_labels": "UBnormal",
    "data.second.train_label_kind": "instance_masks",
}

# All but the default, which is that of the published weights.
_PERMUTATIONS: tuple[Permutation, ...] = ("invertible_1x1", "dense_1x1", "shuffle")


# Names in the message about one that there is not.
MOST_NAMED = 5


class Ablation(NamedTuple):
    """One ablation, or one point of a curve.

    Attributes:
      place: where in the paper; the points of a curve share it.
      paper_auc: frame-level micro AUC in percent; None where the paper gives no number.
      deltas: by their full names, the fields that differ from those of `trained_on`.
      trained_on: name in `BASES` of what is trained.
      tested_on: name in `BASES` of what the run is evaluated on, with the training's windows.
      second: name in `BASES` of what `data.second.root` must hold; "" for nothing.
      value: where on the curve's x axis it lies, as the paper's axis has it; None for no curve.
      statement: what the paper says where it gives no number.
    """

    place: str
    paper_auc: float | None
    deltas: dict[str, Any]
    trained_on: str = "shanghaitech"
    tested_on: str = "shanghaitech"
    second: str = ""
    value: float | None = None
    statement: str = ""


def _contamination(data_set: str, percent: int) -> Ablation:
    return Ablation(
        f"figure 6, {data_set}",
        None,
        _UBNORMAL_ABNORMAL | {"data.second.contamination": percent / 100},
        trained_on=data_set,
        tested_on=data_set,
        second="ubnormal",
        value=percent,
        statement="loses less than 3" if percent == 5 else "",
    )


def _train_share(percent: int) -> Ablation:
    statement = "loses less than 3" if percent == 10 else ""
    deltas = {"data.train_share": percent / 100}
    return Ablation("figure 8", None, deltas, value=percent, statement=statement)


def _segment_length(frames: int) -> Ablation:
    deltas = {"model.segment_length": frames}
    return Ablation(
        "figure 9", None, deltas, value=frames, statement="longer is better, up to a limit"
    )


def _permutation(kind: Permutation) -> Ablation:
    return Ablation("section 3.2, permutation", None, {"model.permutation": kind})


def _prior(radius: float) -> Ablation:
    return Ablation("section 4.1, prior", None, {"model.radius": radius})


def _noise(scale: float) -> Ablation:
    deltas = {"training.keypoint_noise": scale, "scoring.keypoint_noise": scale}
    return Ablation(
        "figure 11", None, deltas, value=scale, statement="robust to a significant amount"
    )


ABLATIONS: dict[str, Ablation] = {
    "fully_connected": Ablation(
        "section 4.4, affine layer", 77.0, {"model.conditioner": "fully_connected"}
    ),
    "convolution": Ablation(
        "section 4.4, affine layer", 78.8, {"model.conditioner": "convolution"}
    ),
    "single_frame": Ablation("section 4.4, space-time", 75.1, {"model.segment_length": 1}),
    "identity_adjacency": Ablation("section 4.4, space-time", 83.9, {"model.max_hop": 0}),
    # Trained on the test set, whose labels nothing reads.
    "zero_shot": Ablation("section 4.4, zero-shot", 83.8, {"data.train_poses": "pose/test"}),
    "two_blocks": Ablation(
        "section 4.1", None, {"model.hidden_channels": 8}, statement="minor gain for the size"
    ),
    "spatial_adjacency": Ablation(
        "section 10",
        None,
        {"model.partition": "spatial", "model.max_hop": 1},
        statement="best with the unit adjacency",
    ),
    **{f"permutation_{kind}": _permutation(kind) for kind in _PERMUTATIONS},
    "ubnormal_on_shanghaitech": Ablation("table 3", 84.0, {}, trained_on="ubnormal"),
    "shanghaitech_on_ubnormal": Ablation("table 3", 69.0, {}, tested_on="ubnormal"),
    "both_on_shanghaitech": Ablation(
        "table 3", 86.0, {"data.second.benchmark": "ubnormal"}, second="ubnormal"
    ),
    "both_on_ubnormal": Ablation(
        "table 3",
        71.6,
        {"data.second.benchmark": "shanghaitech"},
        trained_on="ubnormal",
        tested_on="ubnormal",
        second="shanghaitech",
    ),
    **{f"contamination_{p}": _contamination("shanghaitech", p) for p in (1, 2, 5, 10, 20)},
    **{f"ubnormal_contamination_{p}": _contamination("ubnormal", p) for p in (1, 2, 5, 10, 20)},
    **{f"train_share_{p}": _train_share(p) for p in (1, 5, 10, 25, 50, 75)},
    **{f"segment_length_{t}": _segment_length(t) for t in (4, 8, 12, 16, 20, 28, 32)},
    **{
        f"steps_{k}": Ablation("figure 10", None, {"model.num_steps": k}, value=k)
        for k in (1, 2, 4, 6, 10, 12, 16)
    },
    **{f"prior_{r:g}": _prior(r) for r in (0.0, 1.0, 2.0, 5.0, 10.0)},
    **{f"noise_{s:g}": _noise(s) for s in (0.01, 0.02, 0.05, 0.1, 0.2)},
}


def ablation_config(name: str) -> ConfigDict:
    """The configuration to train an ablation with, but for `data.root` and `data.second.root`.

    Raises:
      KeyError: there is no such ablation.
    """
    if name not in ABLATIONS:
        near = get_close_matches(name, ABLATIONS, n=MOST_NAMED, cutoff=0.5)
        named = ", ".join(near or list(ABLATIONS)[:MOST_NAMED])
        likely = "nearest" if near else f"of {len(ABLATIONS)}, for instance"
        raise KeyError(f"{name!r} of an ablation; {likely}: {named}; docs/ablations.md has all")
    ablation = ABLATIONS[name]
    config = default_config()
    config.update_from_flattened_dict(BASES[ablation.trained_on] | ablation.deltas)
    return config
