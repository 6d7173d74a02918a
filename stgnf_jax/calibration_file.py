"""The calibration of an ensemble on disk: one NPZ beside its checkpoints."""

import os
from collections.abc import Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.density_of_states import DensityOfStates
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.format_version import Fields, migrated, versioned
from stgnf_jax.npz_files import load_npz
from stgnf_jax.score_kinds import Calibration

CALIBRATION_FILE = "calibration.npz"


def save_calibration(
    directory: str | os.PathLike[str], calibrations: Sequence[Calibration]
) -> None:
    """Writes `calibration.npz`, each array with an axis of E members in front.

    Raises:
      InputError: it cannot be written.
    """
    columns = {
        "median": np.stack([one.median for one in calibrations]),
        "mean": np.stack([one.density.mean for one in calibrations]),
        "whitening": np.stack([one.density.whitening for one in calibrations]),
    }
    file = Path(directory) / CALIBRATION_FILE
    with write_atomically(file) as partial, open(partial, "wb") as opened:
        np.savez(opened, allow_pickle=False, **versioned(columns))


def load_calibration(
    directory: str | os.PathLike[str], flow: FlowConfig, members: int
) -> Sequence[Calibration | None]:
    """What `save_calibration` wrote, for each member; None where there is none.

    Raises:
      InputError: the file is damaged, or of other flows.
    """
    file = Path(directory) / CALIBRATION_FILE
    if not file.exists():
        return [None] * members
    _, joints, channels = flow.latent_shape
    size = flow.num_levels * flow.num_steps + joints * channels
    try:
        with open(file, "rb") as raw, load_npz(raw) as opened:
            found = migrated(opened, file)
        median = _column(found, "median", (members,))
        mean = _column(found, "mean", (members, size))
        whitening = _column(found, "whitening", (members, size, size))
    except InputError:
        raise
    except Exception as error:  # a damaged archive makes NumPy and zlib raise what they meet
        raise InputError(
            f"cannot be read or does not fit the model ({error}); remove it, and train again with "
            "the same command, which only makes this file anew",
            file=file,
        ) from error
    columns = zip(*map(jnp.asarray, (median, mean, whitening)), strict=True)
    return [Calibration(one, DensityOfStates(*density)) for one, *density in columns]


def _column(arrays: Fields, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    column: NDArray[np.float32] = arrays[name]
    if column.shape != shape or column.dtype != np.float32 or not np.isfinite(column).all():
        raise ValueError(f"{name} is no finite float32 array of shape {shape}")
    return column
