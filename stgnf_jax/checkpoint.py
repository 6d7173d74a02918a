"""Checkpoints: arrays by orbax, and what they belong to as JSON beside them.

A checkpoint directory holds `model.json` (format version, flow configuration, resolution) and
`checkpoints/<epoch>/`, one folder an epoch. Nothing in it is ever executed.
"""

import os
from pathlib import Path
from typing import Any

import orbax.checkpoint as ocp
import orjson

from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.flow import abstract_variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model
from stgnf_jax.skeleton import make_skeleton

FORMAT_VERSION = 1
MODEL_FILE = "model.json"


def save_description(directory: str | os.PathLike[str], model: Model) -> None:
    """Writes `model.json`: all of a model but its variables.

    Raises:
      InputError: the file cannot be written.
    """
    description = {
        "format_version": FORMAT_VERSION,
        "flow": model.config._asdict() | {"skeleton": model.config.skeleton._asdict()},
        "resolution": list(model.resolution),
    }
    with write_atomically(Path(directory) / MODEL_FILE) as path:
        path.write_bytes(orjson.dumps(description, option=orjson.OPT_INDENT_2))


def manager(directory: str | os.PathLike[str], *, create: bool = True) -> Any:
    """The orbax manager of a checkpoint directory's epochs; close it, or use it in a `with`."""
    return ocp.CheckpointManager(
        Path(directory).absolute() / "checkpoints",
        options=ocp.CheckpointManagerOptions(create=create),
    )


def save(directory: str | os.PathLike[str], model: Model, epoch: int = 0) -> None:
    """Writes a whole checkpoint directory with one epoch in it.

    Raises:
      InputError: the directory cannot be written, or holds that epoch already.
    """
    save_description(directory, model)
    try:
        with manager(directory) as epochs:
            epochs.save(epoch, args=composite(variables=model.variables))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be written ({error})", file=directory) from error


def composite(**trees: Any) -> Any:
    """What `manager(...).save` takes: one named item per tree of arrays."""
    return ocp.args.Composite(**{k: ocp.args.StandardSave(tree) for k, tree in trees.items()})


def load(directory: str | os.PathLike[str]) -> Model:
    """The model of a training run or of `stgnf import-checkpoint`, at its last epoch.

    Raises:
      InputError: no checkpoint there, or one that is damaged or does not fit its description.
    """
    directory = Path(directory)
    config, resolution = _load_description(directory / MODEL_FILE)
    if not (directory / "checkpoints").is_dir():
        raise InputError("has no checkpoints; train first", file=directory)
    with manager(directory, create=False) as epochs:
        epoch = epochs.latest_step()
        if epoch is None:
            raise InputError("has no finished checkpoint; train first", file=directory)
        args = ocp.args.Composite(variables=ocp.args.StandardRestore(abstract_variables(config)))
        try:
            variables = epochs.restore(epoch, args=args)["variables"]
        except Exception as error:  # orbax documents no error types of its own
            raise InputError(f"epoch {epoch} cannot be read ({error})", file=directory) from error
    return Model(config, variables, resolution)


def _load_description(file: Path) -> tuple[FlowConfig, tuple[float, float]]:
    try:
        description = orjson.loads(file.read_bytes())
    except OSError as error:
        raise InputError(
            f"is no checkpoint: cannot be read ({error.strerror})", file=file
        ) from error
    except ValueError as error:
        raise InputError(f"is not JSON ({error})", file=file) from error
    try:
        if description["format_version"] != FORMAT_VERSION:
            raise ValueError(
                f"format_version {description['format_version']} is not {FORMAT_VERSION}; "
                "use the version of stgnf-jax that wrote it, or a newer one"
            )
        fields = description["flow"]
        skeleton = make_skeleton(**fields["skeleton"])
        width, height = map(float, description["resolution"])
        return FlowConfig(**{**fields, "skeleton": skeleton}).check(), (width, height)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"does not describe a model ({error!r})", file=file) from error
