"""CUHK Avenue's masks: a MATLAB file a clip, with an image a frame."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.mat_file import read_cells

VARIABLE = "volLabel"


def read_mat(path: Path) -> NDArray[np.bool_]:
    """Which frames are abnormal, (F,): those with a pixel that is not 0.

    The file holds a cell array `volLabel`, one image (H, W) a frame, of which one at a time is in
    memory.

    Raises:
      InputError: it is no MATLAB file up to version 7, or holds no such images.
      OSError: it cannot be read.
    """
    abnormal: list[bool] = []
    for image in read_cells(path, VARIABLE):
        if image.ndim != 2:
            reason = f"has {image.ndim} dimensions, expected an image"
            raise InputError(reason, frame=len(abnormal), field=VARIABLE)
        abnormal.append(bool(image.any()))
    return np.array(abnormal, bool)
