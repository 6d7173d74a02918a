"""Augmentation in pixels, before normalising, as 2x2 matrices (paper section 4.1)."""

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

_MIRROR = np.diag([-1.0, 1.0])
_SHEARS = np.array([[[1, 0.1], [0.1, 1]], [[1, 0], [0.1, 1]], [[1, 0.1], [0, 1]]])

# (A, 2, 2) float32 each: what is done to [x, y]. A data set holds its windows once per matrix.
AUGMENTATIONS: dict[str, NDArray[np.float32]] = {
    name: np.array(matrices, np.float32)
    for name, matrices in {
        "none": [np.eye(2)],
        "mirror": [np.eye(2), _MIRROR],
        # As in the published system: each shear is followed by its mirror image.
        "mirror_shear": [
            after @ shear for shear in (np.eye(2), *_SHEARS) for after in (np.eye(2), _MIRROR)
        ],
    }.items()
}


def augment(
    x: jax.Array | NDArray[np.floating], matrix: jax.Array | NDArray[np.floating]
) -> jax.Array:
    """Applies one matrix to all windows, or one to each; confidence stays as it is.

    Args:
      x: (N, T, V, C), [x, y] in pixels first.
      matrix: (2, 2) or (N, 2, 2).

    Returns:
      (N, T, V, C).
    """
    x, matrix = jnp.asarray(x), jnp.asarray(matrix)
    # Not a matmul: an accelerator would round pixels to a few bits in one.
    place = (x[..., None, :2] * matrix[..., None, None, :, :]).sum(-1)  # (N, T, V, 2)
    return jnp.concatenate([place, x[..., 2:]], -1)
