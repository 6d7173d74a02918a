"""Checkpoints: arrays by orbax, and what they belong to as JSON beside them.

A checkpoint directory holds `model.json` (format version, flow configuration, resolution) and
`checkpoints/<epoch>/`, one folder an epoch. Nothing in it is ever executed.
"""

import os
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp
import orjson
import tensorstore as ts
from jax.sharding import SingleDeviceSharding

from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.flow import Variables, abstract_variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model
from stgnf_jax.skeleton import make_skeleton
from stgnf_jax.windows import check_resolution

FORMAT_VERSION = 1
MODEL_FILE = "model.json"
EPOCHS = "checkpoints"


def save_description(directory: str | os.PathLike[str], model: Model) -> None:
    """Writes `model.json`, all of a model but its variables, into a folder without a model.

    Raises:
      InputError: there is a model already, or the file cannot be written.
    """
    check_free(directory)
    description = {
        "format_version": FORMAT_VERSION,
        "flow": model.config._asdict() | {"skeleton": model.config.skeleton._asdict()},
        "resolution": list(model.resolution),
    }
    with write_atomically(Path(directory) / MODEL_FILE) as path:
        path.write_bytes(orjson.dumps(description, option=orjson.OPT_INDENT_2))


def check_free(directory: str | os.PathLike[str]) -> None:
    """Raises InputError if a folder holds a model already, or cannot be looked into."""
    try:
        found = any((Path(directory) / name).exists() for name in (MODEL_FILE, EPOCHS))
    except OSError as error:
        raise InputError(f"cannot be used ({error.strerror})", file=directory) from error
    if found:
        raise InputError("holds a model already; give another folder, or remove it", file=directory)


def manager(directory: str | os.PathLike[str], *, create: bool = True) -> Any:
    """The orbax manager of a checkpoint directory's epochs; close it, or use it in a `with`."""
    return ocp.CheckpointManager(
        Path(directory).absolute() / EPOCHS,
        options=ocp.CheckpointManagerOptions(create=create),
    )


def save(directory: str | os.PathLike[str], model: Model, epoch: int = 0) -> None:
    """Writes a whole checkpoint directory with one epoch in it.

    Raises:
      InputError: the directory cannot be written, or holds a model already.
    """
    save_description(directory, model)
    with manager(directory) as epochs:
        save_epoch(epochs, epoch, model.variables)


def save_epoch(epochs: Any, epoch: int, variables: Variables) -> None:
    """Writes one epoch through its `manager`, and waits until it is whole on disk.

    Raises:
      InputError: it cannot be written.
    """
    args = ocp.args.Composite(variables=ocp.args.StandardSave(variables))
    try:
        epochs.save(epoch, args=args)
        epochs.wait_until_finished()
    except Exception as error:  # orbax documents no error types of its own
        raise InputError(
            f"epoch {epoch} cannot be written ({_first_line(error)})", file=epochs.directory
        ) from error


def load(directory: str | os.PathLike[str]) -> Model:
    """The model of a training run or of `stgnf import-checkpoint`, at its last epoch.

    Raises:
      InputError: no checkpoint there, or one that is damaged or does not fit its description.
    """
    directory = Path(directory)
    config, resolution = _load_description(directory / MODEL_FILE)
    if not (directory / EPOCHS).is_dir():
        raise InputError("has no checkpoints; train first", file=directory)
    with manager(directory, create=False) as epochs:
        epoch = epochs.latest_step()
        if epoch is None:
            raise InputError("has no finished checkpoint; train first", file=directory)
        expected = _on_first_device(abstract_variables(config))
        args = ocp.args.Composite(variables=ocp.args.StandardRestore(expected))
        try:
            _check_arrays(directory / EPOCHS / str(epoch) / "variables", expected)
            variables = epochs.restore(epoch, args=args)["variables"]
        except Exception as error:  # orbax documents no error types of its own
            raise InputError(
                f"epoch {epoch} cannot be read or does not fit {MODEL_FILE} ({_first_line(error)})",
                file=directory,
            ) from error
    return Model(config, variables, resolution)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(" [tensorstore_spec")[0]


def _on_first_device(expected: Variables) -> Variables:
    """Says where to put arrays that may have been saved on a device that is not here."""
    place = SingleDeviceSharding(jax.devices()[0])
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place), expected
    )


def _check_arrays(folder: Path, expected: Variables) -> None:
    """Reads all that orbax will, and raises ValueError where it is damaged or does not fit.

    orbax reads all arrays at once: after the first error the others print theirs, pages of them.
    """
    files = {"driver": "file", "path": f"{folder.absolute()}/"}
    store = ts.KvStore.open({"driver": "ocdbt", "base": files}).result()
    stored = {key.decode(): store.read(key).result().value for key in store.list().result()}
    found = {
        name.removesuffix("/.zarray"): tuple(orjson.loads(value)["shape"])
        for name, value in stored.items()
        if name.endswith("/.zarray")
    }
    wanted = {
        ".".join(key.key for key in path): leaf.shape
        for path, leaf in jax.tree.leaves_with_path(expected)
    }
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise ValueError(f"{name} has shape {found.get(name)}, expected {wanted.get(name)}")


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
        check_resolution(description["resolution"])
        width, height = description["resolution"]
        return FlowConfig(**{**fields, "skeleton": skeleton}).check(), (width, height)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"does not describe a model ({error!r})", file=file) from error
