"""Masks as NPY files, a number a frame: ShanghaiTech, UBnormal, CHAD, PoseLift, one's own."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError

_MAGIC = np.lib.format.MAGIC_PREFIX


def read_npy(path: Path) -> NDArray[np.generic]:
    """The array of an NPY file, whatever its name ends in.

    Raises:
      InputError: it is no NPY file, or a damaged one, or holds Python's objects.
      OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise InputError(
                "is not an NPY file; a mask is an array written by numpy.save, whatever its name "
                "ends in (UBnormal's training clips have text annotations here, and no masks)"
            )
        file.seek(0)
        try:
            mask: NDArray[np.generic] = np.lib.format.read_array(file, allow_pickle=False)
        except Exception as error:  # A damaged header makes numpy raise whatever its parser meets.
            raise InputError(f"is not a mask that can be read ({error})") from error
    return mask


def is_npy(path: Path) -> bool:
    """Whether a file begins as an NPY file does."""
    with open(path, "rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC
