"""Figures as the pixels that they are saved as."""

from pathlib import Path

import matplotlib.image
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stgnf_jax import pictures


def pixels(figure: Figure, folder: Path) -> NDArray[np.float32]:
    """The figure's PNG, (height, width, 4), from 0 to 1."""
    png, _ = pictures.save(figure, folder / "picture")
    return np.asarray(matplotlib.image.imread(png), np.float32)
