"""Parts of a training set, drawn so that the smaller ones lie within the larger (section 9)."""

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.windows import WindowOrigin

# Beside the seed, so that the orders of tracks and of windows have nothing to do with one another.
_TRACKS, _WINDOWS = 1, 2


def track_numbers(origin: WindowOrigin) -> NDArray[np.int64]:
    """For each window the number of its track, (N,): a person in a clip, counted from 0."""
    return np.unique(np.stack(origin[:2]), axis=1, return_inverse=True)[1].ravel()


def share_of_tracks(origin: WindowOrigin, share: float, seed: int) -> NDArray[np.bool_]:
    """The windows of the first whole tracks, in an order by chance, that hold a share of all.

    With one seed a larger share holds all that a smaller one does: S_i in S_i+1 (figure 8).

    Args:
      origin: of N windows.
      share: of the windows, above 0 and at most 1; at least one track is taken.
      seed: decides the order.

    Returns:
      (N,) which windows they are.
    """
    track = track_numbers(origin)
    order = np.random.default_rng((seed, _TRACKS)).permutation(track.max() + 1)
    held = np.cumsum(np.bincount(track)[order])
    count = np.searchsorted(held, round(share * len(track))) + 1
    return np.isin(track, order[:count])


def some_of(windows: NDArray[np.int64], count: int, total: int, seed: int) -> NDArray[np.bool_]:
    """`count` of some windows, by chance; with one seed more of them hold all of the fewer.

    Args:
      windows: their numbers.
      count: how many of them, at most all.
      total: how many windows there are at all.
      seed: decides which.

    Returns:
      (total,) which windows they are.
    """
    order = np.random.default_rng((seed, _WINDOWS)).permutation(windows)
    return np.isin(np.arange(total), order[:count])
