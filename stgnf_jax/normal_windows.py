"""A sample of normal windows: how unlikely joints usually are, and what is nearest to a window.

Windows are compared as shapes, not as latents: a flow makes the latents of normal windows as
independent of each other as it can, so that all are about as far from one another, and the members
of an ensemble have different ones. A distance of shapes is one of joints, and can be drawn.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_chunked

from stgnf_jax.subsets import track_numbers
from stgnf_jax.windows import WindowOrigin, normalise


class NormalWindows(NamedTuple):
    """M normal windows of one skeleton, and what a model's nll of them is.

    Attributes:
      weights: hash of the model's weights.
      clips: names of the clips.
      origin: clip, person and first frame of each window.
      shape: (M, T, V, 2) float32, see `window_shapes`.
      by_joint: (M, V) float32, the nll of each joint: `Decomposition.nll` over frames.
      usual: (T, V) float32, the mean of `Decomposition.nll` over windows.
      distance: (M,) float32, how far the nearest window of another track is.
    """

    weights: str
    clips: tuple[str, ...]
    origin: WindowOrigin
    shape: NDArray[np.float32]
    by_joint: NDArray[np.float32]
    usual: NDArray[np.float32]
    distance: NDArray[np.float32]


class Nearest(NamedTuple):
    """The normal windows that are nearest to N windows, nearest first, each of another track.

    Attributes:
      window: (N, K) numbers of normal windows.
      distance: (N, K), root mean square over frames and joints, in the units of shapes.
    """

    window: NDArray[np.intp]
    distance: NDArray[np.float64]


def window_shapes(keypoints: NDArray[np.floating]) -> NDArray[np.float32]:
    """Windows free of place and size, as far as eyes are: x and y stay in one unit.

    A unit is the standard deviation of y in the window, about a third of the height of a person
    who stands. Confidence is left out.

    Args:
      keypoints: (N, T, V, C), in pixels.

    Returns:
      (N, T, V, 2).
    """
    return np.asarray(normalise(keypoints[..., :2], (1.0, 1.0)), np.float32)


def find_nearest(normal: NormalWindows, shape: NDArray[np.floating], count: int) -> Nearest:
    """The nearest normal windows, exact; of each track its nearest.

    Args:
      normal: the normal windows.
      shape: (N, T, V, 2).
      count: K; fewer where there are fewer tracks.
    """
    track = track_numbers(normal.origin)
    count = min(count, track.max() + 1)
    window = np.empty((len(shape), count), np.intp)
    distance = np.empty((len(shape), count))
    for first, far in _distances(shape, normal.shape):
        for row, one in enumerate(far, first):
            order = np.argsort(one, kind="stable")
            each = np.sort(np.unique(track[order], return_index=True)[1])[:count]
            window[row], distance[row] = order[each], one[order[each]]
    return Nearest(window, distance)


def distances_between_tracks(
    shape: NDArray[np.floating], origin: WindowOrigin
) -> NDArray[np.float32]:
    """How far from each window the nearest of another track is, (N,); infinite for one track.

    Those of the same track share frames, and would always be the nearest.
    """
    track = track_numbers(origin)
    found = np.empty(len(shape), np.float32)
    for first, far in _distances(shape, shape):
        rows = slice(first, first + len(far))
        found[rows] = np.where(track[rows, None] == track, np.inf, far).min(1)
    return found


def _distances(
    first: NDArray[np.floating], second: NDArray[np.floating]
) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """Rows of distances with the number of the first of them; as many as scikit-learn's memory."""
    size = first[0, ..., 0].size
    x, y = (shapes.reshape(len(shapes), -1) for shapes in (first, second))
    row = 0
    for chunk in pairwise_distances_chunked(x, y):
        yield row, chunk / np.sqrt(size)
        row += len(chunk)
