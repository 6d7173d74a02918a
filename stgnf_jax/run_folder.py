"""The folder of a training run: who works in it, and for which configuration."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from stgnf_jax.checkpoint import (
    MODEL_FILE,
    Description,
    check_free,
    load_description,
    save_description,
)
from stgnf_jax.config import default_config
from stgnf_jax.config_fields import flatten
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.format_version import migrated, versioned

CONFIG_FILE = "config.json"
LOCK_FILE = ".lock"
# Where the poses lie, how they are tested and how often is saved change no weights.
FREE = (
    *("data.root", "data.cache_dir", "data.test_poses", "data.masks", "data.test_stride"),
    *(
        "data.calibration_poses",
        "data.clips",
        "data.track_truth",
        "data.second.root",
        "training.checkpoint_every",
    ),
    *("scoring.score", "scoring.keypoint_noise", "scoring.box_confidence"),
    *("scoring.interval_level", "scoring.interval_resamples", "scoring.explain"),
)


@contextmanager
def locked(workdir: str | os.PathLike[str]) -> Iterator[None]:
    """Keeps a second process out of the folder, which is made when it is missing.

    The lock goes with the process that holds it, however that ends.

    Raises:
      InputError: another process works in the folder, or it cannot be written.
    """
    file = Path(workdir) / LOCK_FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InputError(f"cannot be used ({error.strerror})", file=workdir) from error
    try:
        _lock(descriptor, workdir)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, workdir: str | os.PathLike[str]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(
            "another process is training here; wait for it, or give another folder", file=workdir
        ) from error
    except OSError as error:
        raise InputError(f"cannot be locked ({error.strerror})", file=workdir) from error


def open_run(config: ConfigDict, description: Description, workdir: str | os.PathLike[str]) -> None:
    """Starts a run in an empty folder, or makes sure that the one there has this configuration.

    Raises:
      InputError: the folder holds another run or another model, is damaged, or cannot be written.
    """
    file = Path(workdir) / CONFIG_FILE
    if not file.exists():
        check_free(workdir)
        with write_atomically(file) as path:
            fields = versioned(json.loads(config.to_json_best_effort()))
            path.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    check_same_config(config, workdir)
    if not (file.parent / MODEL_FILE).exists():
        save_description(workdir, description)
    else:
        _check_same_model(load_description(workdir), description, file.parent / MODEL_FILE)


def _check_same_model(run: Description, now: Description, file: Path) -> None:
    if run._replace(stacked=now.stacked) != now:
        raise InputError(
            "is not the model that config.model describes; has the skeleton's file changed?",
            file=file,
        )
    if run != now:
        raise InputError(
            "an earlier version of stgnf-jax began this training, and it cannot go on; score with "
            "it as it is, or train in another folder",
            file=file,
        )


def check_same_config(config: ConfigDict, workdir: str | os.PathLike[str]) -> None:
    """Makes sure that a run has this configuration, but for what changes no weights.

    Raises:
      InputError: it has another one, or its file is damaged.
    """
    run, now = _read(Path(workdir) / CONFIG_FILE), json.loads(config.to_json_best_effort())
    different = differences(run, now)
    if different:
        raise InputError(
            "holds a run with another configuration; give another folder, or the configuration "
            "of that run: " + "; ".join(different),
            file=workdir,
        )


def differences(run: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What must not differ between a run's configuration and that of the process that goes on.

    A field that there was not yet when the run began has its default.
    """
    default = json.loads(default_config().to_json_best_effort())
    old, new = flatten(default) | flatten(run), flatten(now)
    return [
        f"{name} is {new.get(name)!r} now and was {old.get(name)!r}"
        for name in sorted(old.keys() | new.keys())
        if name not in FREE and old.get(name) != new.get(name)
    ]


def _read(file: Path) -> dict[str, Any]:
    try:
        config = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot be read ({error})", file=file) from error
    if not isinstance(config, dict):
        raise InputError("is not the configuration of a run", file=file)
    return migrated(config, file)
