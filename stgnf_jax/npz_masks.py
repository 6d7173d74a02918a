"""NWPU Campus's masks: one NPZ file, an array a clip."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.npz_files import load_npz


def read_npz(path: Path, clip: str) -> NDArray[np.generic]:
    """The array of a clip.

    Raises:
      InputError: it is no NPZ file, or a damaged one, has no array of this name, or one of
        Python's objects.
      OSError: it cannot be read.
    """
    with _open(path) as arrays:
        if clip not in arrays:
            raise InputError(f"has no array {clip}; the mask of the clip is expected there")
        try:
            mask: NDArray[np.generic] = arrays[clip]
            if not isinstance(mask, np.ndarray):
                raise ValueError("it is no array")
        except Exception as error:  # A damaged file makes numpy raise whatever its parser meets.
            raise InputError(f"is not a mask that can be read ({error})", field=clip) from error
    return mask


def clips_of_npz(path: Path) -> list[str]:
    """The clips whose masks a file holds, sorted.

    Raises:
      InputError: it is no NPZ file.
      OSError: it cannot be read.
    """
    with _open(path) as arrays:
        return sorted(arrays.files)


@contextmanager
def _open(path: Path) -> Iterator[NpzFile]:
    with open(path, "rb") as file:
        try:
            arrays = load_npz(file)
        except Exception as error:  # A damaged file makes numpy raise whatever its parser meets.
            reason = f"is not an NPZ file that can be read ({error}); it holds an array a clip"
            raise InputError(reason) from error
        yield arrays
