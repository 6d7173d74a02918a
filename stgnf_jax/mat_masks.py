"""CUHK Avenue's masks: a MATLAB file a clip, with an image a frame."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError

VARIABLE = "volLabel"


def read_mat(path: Path) -> NDArray[np.bool_]:
    """Which frames are abnormal, (F,): those with a pixel that is not 0.

    The file holds a cell array `volLabel`, one image (H, W) a frame, 0 where nothing is abnormal.
    It is read as data: nothing in it is executed. All images of a clip are in memory together,
    230 kB each.

    Raises:
      InputError: it is no MATLAB file up to version 7, or holds no such images.
      OSError: it cannot be read.
    """
    images = _load(path)
    if images.dtype != object or images.ndim != 2 or 1 not in images.shape:
        raise InputError(
            f"has shape {images.shape} of {images.dtype}, expected a cell array with an image a "
            "frame",
            field=VARIABLE,
        )
    return np.array([_is_abnormal(image, frame) for frame, image in enumerate(images.ravel())])


def _load(path: Path) -> NDArray[np.generic]:
    # It takes a while to import, and only Avenue needs it.
    from scipy.io import loadmat

    with open(path, "rb") as file:
        try:
            variables = loadmat(file, variable_names=(VARIABLE,))
        except Exception as error:  # A damaged file makes SciPy raise whatever its parser meets.
            raise InputError(
                f"is not a MATLAB file that can be read ({error}); save it in version 7"
            ) from error
    if VARIABLE not in variables:
        raise InputError("is missing; Avenue's masks have it", field=VARIABLE)
    return np.asarray(variables[VARIABLE])


def _is_abnormal(image: object, frame: int) -> bool:
    if not isinstance(image, np.ndarray) or image.dtype.kind not in "biuf" or image.ndim != 2:
        raise InputError("is no image (height, width)", frame=frame, field=VARIABLE)
    return bool(image.any())
