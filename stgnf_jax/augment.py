"""Augmentation (paper section 4.1): 2x2 matrices, keypoints not detected, noise."""

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


def drop(x: jax.Array, key: jax.Array, share: float) -> jax.Array:
    """Takes keypoints for not detected: they stay where they were a frame before.

    Args:
      x: (N, T, V, C) in pixels, confidence, where there is one, last.
      key: random.
      share: of the keypoints, in [0, 1]; each is drawn by itself. None in the first frame.

    Returns:
      (N, T, V, C); the confidence of a dropped keypoint is 0.
    """
    dropped = jax.random.bernoulli(key, share, x.shape[:-1]).at[:, 0].set(False)[..., None]
    before = jnp.concatenate([x[:, :1], x[:, :-1]], 1)
    missed = jnp.concatenate([before[..., :2], jnp.zeros_like(x[..., 2:])], -1)
    return jnp.where(dropped, missed, x)


def add_noise(x: jax.Array, key: jax.Array, scale: float) -> jax.Array:
    """Gaussian noise on normalised places (section 9, figure 11); confidence stays as it is."""
    noise = scale * jax.random.normal(key, (*x.shape[:-1], 2), x.dtype)
    return x.at[..., :2].add(noise)
