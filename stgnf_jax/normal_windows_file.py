"""Normal windows on disk: one NPZ beside a model's checkpoints, nothing in it ever executed."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.format_version import Fields, migrated, versioned
from stgnf_jax.normal_windows import NormalWindows
from stgnf_jax.npz_files import load_npz
from stgnf_jax.windows import WindowOrigin

NORMAL_WINDOWS_FILE = "normal_windows.npz"
_REMEDY = "make it anew with stgnf keep-windows"


def save_normal_windows(directory: str | os.PathLike[str], normal: NormalWindows) -> Path:
    """Writes `normal_windows.npz`.

    It holds the arrays of `NormalWindows` and of its origin by name, and `about`, the rest as JSON.

    Returns:
      The file.

    Raises:
      InputError: it cannot be written.
    """
    about = versioned({"weights": normal.weights, "clips": normal.clips})
    columns = {
        **normal.origin._asdict(),
        "shape": normal.shape,
        "by_joint": normal.by_joint,
        "usual": normal.usual,
        "distance": normal.distance,
        "about": np.array(orjson.dumps(about).decode()),
    }
    file = Path(directory) / NORMAL_WINDOWS_FILE
    with write_atomically(file) as partial, open(partial, "wb") as opened:
        np.savez(opened, allow_pickle=False, **columns)
    return file


def load_normal_windows(
    directory: str | os.PathLike[str], flow: FlowConfig, weights: str
) -> NormalWindows:
    """Reads what `save_normal_windows` wrote.

    Args:
      directory: the folder of the model.
      flow: that of the model.
      weights: hash of the model's weights.

    Raises:
      InputError: there is no such file, it is damaged, or of another model.
    """
    file = Path(directory) / NORMAL_WINDOWS_FILE
    try:
        with open(file, "rb") as raw, load_npz(raw) as opened:
            about = migrated(orjson.loads(str(opened["about"])), file)
            normal = _normal_windows(about, opened, flow)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("is missing; make it with stgnf keep-windows", file=file) from error
    except Exception as error:  # a damaged archive makes NumPy and zlib raise what they meet
        raise InputError(f"cannot be read ({error}); {_REMEDY}", file=file) from error
    if normal.weights != weights:
        raise InputError(f"is of other weights than the model has now; {_REMEDY}", file=file)
    return normal


def _normal_windows(about: Fields, opened: Any, flow: FlowConfig) -> NormalWindows:
    length, joints, _ = flow.event_shape
    count = len(opened["person"])
    shapes = {
        "shape": (count, length, joints, 2),
        "by_joint": (count, joints),
        "usual": (length, joints),
        "distance": (count,),
    }
    floats = [_array(opened, name, shape, "f") for name, shape in shapes.items()]
    origin = WindowOrigin(*(_array(opened, name, (count,), "i") for name in WindowOrigin._fields))
    clips = tuple(map(str, about["clips"]))
    if not count or not 0 <= origin.clip.min() <= origin.clip.max() < len(clips):
        raise ValueError(f"there are no windows, or some are of none of {len(clips)} clips")
    return NormalWindows(str(about["weights"]), clips, origin, *floats)


def _array(opened: Any, name: str, shape: tuple[int, ...], kind: str) -> Any:
    array = opened[name]
    if array.shape != shape or array.dtype.kind != kind or not np.isfinite(array).all():
        raise ValueError(f"{name} is no finite array of shape {shape}")
    return array
