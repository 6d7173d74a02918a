"""The authors' published checkpoints, as checkpoints of this package."""

import os
from typing import Any

from absl import logging

from stgnf_jax.checkpoint import save
from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model
from stgnf_jax.torch_archive import TorchArchive, read_torch_archive
from stgnf_jax.torch_state import to_variables

RESOLUTION = (856.0, 480.0)
_PERMUTATIONS = {"permute": "reverse", "invcov": "reverse", "invconv": "invertible_1x1"}


def import_published(file: str | os.PathLike[str], out: str | os.PathLike[str]) -> Model:
    """Reads one of the authors' `.tar` files, writes it as a checkpoint directory, returns it.

    Raises:
      InputError: no such file, or not one of theirs, or a flow that cannot be told from it.
    """
    archive = read_torch_archive(file)
    try:
        config = published_config(archive)
        model = Model(config, to_variables(archive.state, config), RESOLUTION)
    except InputError as error:
        raise error.at(file) from error
    if archive.args["flow_permutation"] == "invcov":
        logging.warning(
            "%s: its flow_permutation `invcov` is a spelling that the authors' program does not "
            "know and takes for a reversal of the channels: imported as permutation=reverse",
            os.fspath(file),
        )
    if archive.args.get("vid_res"):
        logging.warning(
            "%s: its vid_res is %s; imported with the resolution 856x480, which gives the paper's "
            "number (only the ratio of width to height matters)",
            os.fspath(file),
            archive.args["vid_res"],
        )
    save(out, model, step=archive.epoch or 0)
    return model


def published_config(archive: TorchArchive) -> FlowConfig:
    """The flow that an archive's arguments describe.

    Raises:
      InputError: an argument is missing, or its value is none that a flow here can have.
    """
    args = archive.args
    names = ("seg_len", "K", "L", "flow_permutation", "strategy", "max_hop", "edge_importance")
    for name in (*names, "hidden_dim", "temporal_kernel", "R"):
        if name not in args:
            raise InputError("is missing", field=f"args.{name}")
    if args.get("headless"):
        raise InputError("is set; flows of 14 joints are not imported", field="args.headless")
    permutation = _PERMUTATIONS.get(str(args["flow_permutation"]))
    if permutation is None:
        raise InputError(
            f"is {args['flow_permutation']!r}, which the file does not hold enough of; "
            f"can be {', '.join(_PERMUTATIONS)}",
            field="args.flow_permutation",
        )
    if permutation == "invertible_1x1" and any(k.endswith("invconv.weight") for k in archive.state):
        permutation = "dense_1x1"
    fields: dict[str, Any] = {
        "segment_length": args["seg_len"],
        "num_steps": args["K"],
        "num_levels": args["L"],
        "squeeze_first_at_level": 3,
        "channels": 3 if args.get("confidence") else 2,
        "permutation": permutation,
        "partition": args["strategy"],
        "max_hop": args["max_hop"],
        "edge_importance": args["edge_importance"],
        "hidden_channels": args["hidden_dim"],
        "temporal_kernel": args["temporal_kernel"] or 0,
        "radius": args["R"],
    }
    try:
        return FlowConfig(**fields).check()
    except (TypeError, ValueError) as error:
        raise InputError(f"describe no flow ({error})", field="args") from error
