"""Checkpoints: arrays by orbax, and what they belong to as JSON beside them.

A checkpoint directory holds `model.json` (format version, flow configuration, resolution, members
of the ensemble) and `checkpoints/<step>/`: the variables to score with, arrays with a leading axis
of members, and while training the whole state of it. Nothing in it is ever executed.
"""

import errno
import logging as std_logging
import math
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp
import orjson
import tensorstore as ts
from absl import logging
from jax.sharding import Sharding, SingleDeviceSharding

from stgnf_jax.calibration_file import load_calibration
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.flow import Variables, abstract_variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.format_version import Fields, migrated, versioned
from stgnf_jax.model import Model
from stgnf_jax.skeleton import make_skeleton
from stgnf_jax.windows import check_resolution

MODEL_FILE = "model.json"
STEPS = "checkpoints"
KEPT = 5
# Bytes that a checkpoint takes beside its arrays.
ROOM = 256 * 1024


def _with_members(fields: Fields) -> Fields:
    """Format 1 had one flow, whose arrays had no axis of members."""
    return fields | {"members": 1, "stacked": False}


MIGRATIONS = (_with_members,)


class Description(NamedTuple):
    """All of a model but its variables.

    Attributes:
      flow: configuration of the flow.
      resolution: width and height in pixels that keypoints are divided by.
      members: how many flows there are.
      stacked: whether the variables on disk have an axis of members.
    """

    flow: FlowConfig
    resolution: tuple[float, float]
    members: int = 1
    stacked: bool = True


def save_description(directory: str | os.PathLike[str], description: Description) -> None:
    """Writes `model.json` into a folder without a model.

    Raises:
      InputError: there is a model already, or the file cannot be written.
    """
    check_free(directory)
    with write_atomically(Path(directory) / MODEL_FILE) as path:
        fields = description_fields(description)
        path.write_bytes(orjson.dumps(fields, option=orjson.OPT_INDENT_2))


def description_fields(description: Description) -> dict[str, Any]:
    """What `model.json` holds; `read_description` makes a description of it."""
    flow = description.flow
    fields = {
        "flow": flow._asdict() | {"skeleton": flow.skeleton._asdict()},
        "resolution": list(description.resolution),
        "members": description.members,
    }
    return versioned(fields, MIGRATIONS)


def check_free(directory: str | os.PathLike[str]) -> None:
    """Raises InputError if a folder holds a model already, or cannot be looked into."""
    try:
        found = any((Path(directory) / name).exists() for name in (MODEL_FILE, STEPS))
    except OSError as error:
        raise InputError(f"cannot be used ({error.strerror})", file=directory) from error
    if found:
        raise InputError("holds a model already; give another folder, or remove it", file=directory)


def manager(directory: str | os.PathLike[str], *, create: bool = True) -> Any:
    """The orbax manager of a checkpoint directory's steps; close it, or use it in a `with`.

    Raises:
      InputError: the folder cannot be made.
    """
    folder = Path(directory).absolute() / STEPS
    try:
        options = ocp.CheckpointManagerOptions(
            create=create, max_to_keep=KEPT, enable_async_checkpointing=False
        )
        return ocp.CheckpointManager(folder, options=options)
    except OSError as error:
        raise InputError(f"cannot be used ({error.strerror})", file=folder) from error


def save(directory: str | os.PathLike[str], model: Model, step: int = 0) -> None:
    """Writes a whole checkpoint directory with one step of one flow in it.

    Raises:
      InputError: the directory cannot be written, or holds a model already.
    """
    save_description(directory, Description(model.config, model.resolution))
    with manager(directory) as steps:
        save_step(steps, step, jax.tree.map(lambda leaf: leaf[None], model.variables))


def save_step(steps: Any, step: int, variables: Variables, state: Any = None) -> None:
    """Writes one step through its `manager`; it is whole on disk afterwards, or not there at all.

    One of the same number, which must have been damaged, gives way.

    Args:
      steps: the manager.
      step: its number.
      variables: to score with, (members, ...).
      state: of the training, a tree of arrays; None when there is none.

    Raises:
      InputError: it cannot be written.
    """
    items = {"variables": ocp.args.StandardSave(variables)}
    if state is not None:
        items["state"] = ocp.args.StandardSave(_by_dtype(state))
    try:
        _check_room(steps.directory, (variables, state))
        with _quiet():
            if step in steps.all_steps():
                steps.delete(step)
            steps.save(step, args=ocp.args.Composite(**items), force=True)
    except Exception as error:  # orbax documents no error types of its own
        raise InputError(
            f"step {step} cannot be written ({_first_line(error)}); the steps before it are kept",
            file=steps.directory,
        ) from error


def load(directory: str | os.PathLike[str], member: int = 0) -> Model:
    """The model of a training run or of `stgnf import-checkpoint`, at its last step.

    Args:
      directory: of the run.
      member: of an ensemble: 0, 1, ...

    Raises:
      InputError: no checkpoint there, one that is damaged or does not fit its description, or one
        without such a member.
    """
    members = load_members(directory)
    if not 0 <= member < len(members):
        raise InputError(f"has members 0 to {len(members) - 1}, got {member}", file=directory)
    return members[member]


def load_members(directory: str | os.PathLike[str]) -> tuple[Model, ...]:
    """All models of an ensemble, one where there is none; a damaged last step gives way.

    Raises:
      InputError: as `load`.
    """
    directory = Path(directory)
    description = load_description(directory)
    expected = abstract_variables(description.flow)
    if description.stacked:
        shape = (description.members,)
        expected = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct((*shape, *leaf.shape), leaf.dtype), expected
        )
    expected = _placed(expected, SingleDeviceSharding(jax.local_devices()[0]))
    if not (directory / STEPS).is_dir():
        raise InputError("has no checkpoints; train first", file=directory)
    with manager(directory, create=False) as steps:
        found = _newest(steps, lambda step: _restore(steps, step, "variables", expected))
    if found is None:
        raise InputError("has no finished checkpoint; train first", file=directory)
    variables = [found]
    if description.stacked:
        variables = [
            jax.tree.map(lambda leaf, i=i: leaf[i], found) for i in range(description.members)
        ]
    calibrations = load_calibration(directory, description.flow, description.members)
    return tuple(
        Model(description.flow, one, description.resolution, calibration)
        for one, calibration in zip(variables, calibrations, strict=True)
    )


def restore_state(steps: Any, like: Any, place: Sharding) -> Any:
    """The newest state of a training that can be read, or None when there is no step at all.

    A step whose variables are damaged gives way too, so that the training writes them again.

    Args:
      steps: the manager.
      like: a state of the same shapes.
      place: where its arrays go.

    Raises:
      InputError: there are steps, and none of them can be read.
    """
    expected = _placed(jax.eval_shape(_by_dtype, like), place)
    arrays = _newest(steps, lambda step: _restore(steps, step, "state", expected, "variables"))
    if arrays is None:
        return None
    return jax.jit(lambda arrays: _from_dtypes(arrays, like), out_shardings=place)(arrays)


def _by_dtype(tree: Any) -> dict[str, jax.Array]:
    """All arrays (members, ...) of a type as one, (members, numbers): few files to write."""
    found: dict[str, list[jax.Array]] = {}
    for leaf in jax.tree.leaves(tree):
        found.setdefault(leaf.dtype.name, []).append(leaf.reshape(len(leaf), -1))
    return {name: jnp.concatenate(arrays, 1) for name, arrays in found.items()}


def _from_dtypes(arrays: dict[str, jax.Array], like: Any) -> Any:
    """The tree that `_by_dtype` made arrays of."""
    used = dict.fromkeys(arrays, 0)

    def take(leaf: Any) -> jax.Array:
        name, size = leaf.dtype.name, math.prod(leaf.shape[1:])
        first = used[name]
        used[name] += size
        return arrays[name][:, first : first + size].reshape(leaf.shape)

    return jax.tree.map(take, like)


def _check_room(directory: Any, trees: Any) -> None:
    """Raises OSError where the disk is too full: half a checkpoint would be written in vain."""
    needed = ROOM + 2 * sum(leaf.nbytes for leaf in jax.tree.leaves(trees))
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"no space left on device: {free:,} bytes of {needed:,}")


def _newest(steps: Any, restore: Callable[[int], Any]) -> Any:
    """What `restore` makes of the newest step that it can read; None when there is no step.

    Raises:
      InputError: that of the newest step, when none can be read.
    """
    first: InputError | None = None
    for step in sorted(steps.all_steps(), reverse=True):
        try:
            restored = restore(step)
        except InputError as error:
            first = first or error
            continue
        if first is not None:
            logging.warning("%s; step %d before it is used", first, step)
        return restored
    if first is not None:
        raise first
    return None


def _restore(steps: Any, step: int, item: str, expected: Any, *beside: str) -> Any:
    """An item of a step, when it and those beside it can be read."""
    args = ocp.args.Composite(**{item: ocp.args.StandardRestore(expected)})
    folder = Path(steps.directory) / str(step)
    try:
        _check_arrays(folder / item, expected)
        for other in beside:
            _stored_shapes(folder / other)
        return steps.restore(step, args=args)[item]
    except Exception as error:  # orbax documents no error types of its own
        raise InputError(
            f"step {step} cannot be read or does not fit {MODEL_FILE} ({_first_line(error)})",
            file=Path(steps.directory).parent,
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the pages that orbax's threads log of an error that it raises too."""

    def is_not_orbax(record: std_logging.LogRecord) -> bool:
        return "orbax" not in record.pathname

    logging.get_absl_logger().addFilter(is_not_orbax)
    try:
        yield
    finally:
        logging.get_absl_logger().removeFilter(is_not_orbax)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(" [tensorstore_spec")[0]


def _placed(expected: Any, place: Sharding) -> Any:
    """Says where to put arrays that may have been saved on a device that is not here."""
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place), expected
    )


def _check_arrays(folder: Path, expected: Any) -> None:
    """Reads all that orbax will, and raises ValueError where it is damaged or does not fit.

    orbax reads all arrays at once: after the first error the others print theirs, pages of them.
    """
    found = _stored_shapes(folder)
    wanted = {
        ".".join(key.key for key in path): leaf.shape
        for path, leaf in jax.tree.leaves_with_path(expected)
    }
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise ValueError(f"{name} has shape {found.get(name)}, expected {wanted.get(name)}")


def _stored_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays of an item by their names, all of which are read."""
    files = {"driver": "file", "path": f"{folder.absolute()}/"}
    store = ts.KvStore.open({"driver": "ocdbt", "base": files}).result()
    stored = {key.decode(): store.read(key).result().value for key in store.list().result()}
    return {
        name.removesuffix("/.zarray"): tuple(orjson.loads(value)["shape"])
        for name, value in stored.items()
        if name.endswith("/.zarray")
    }


def load_description(directory: str | os.PathLike[str]) -> Description:
    """Reads `model.json`.

    Raises:
      InputError: there is none, or it does not describe a model.
    """
    file = Path(directory) / MODEL_FILE
    try:
        description = orjson.loads(file.read_bytes())
    except OSError as error:
        raise InputError(
            f"is no checkpoint: cannot be read ({error.strerror})", file=file
        ) from error
    except ValueError as error:
        raise InputError(f"is not JSON ({error})", file=file) from error
    return read_description(description, file)


def read_description(description: Any, file: str | os.PathLike[str]) -> Description:
    """The description in JSON that has been read from a file.

    Raises:
      InputError: it does not describe a model.
    """
    if not isinstance(description, dict):
        raise InputError("does not describe a model", file=file)
    description = migrated(description, file, MIGRATIONS)
    try:
        fields = description["flow"]
        skeleton = make_skeleton(**fields["skeleton"])
        check_resolution(description["resolution"])
        width, height = description["resolution"]
        flow = FlowConfig(**{**fields, "skeleton": skeleton}).check()
        members = description["members"]
        if not isinstance(members, int) or members < 1:
            raise ValueError(f"members must be at least 1, got {members}")
        return Description(flow, (width, height), members, description.get("stacked", True))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"does not describe a model ({error!r})", file=file) from error
