"""Frames counted by level of their score, and the figures that follow from the counts alone.

The figures take any number of data sets at once, along leading axes: the resamples of a bootstrap
are sums of the counts of clips.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Levels(NamedTuple):
    """Scores as whole numbers in the same order.

    Attributes:
      level: (N,) int64, from 0 for the lowest score; equal scores have equal levels.
      num_levels: L, one more than the highest.
    """

    level: NDArray[np.int64]
    num_levels: int


class FrameCounts(NamedTuple):
    """How many frames lie at or below each of L levels of the score, from none of them to all.

    Attributes:
      normal: (..., L + 1) float64.
      abnormal: (..., L + 1) float64.
    """

    normal: NDArray[np.float64]
    abnormal: NDArray[np.float64]


def levels(score: NDArray[np.floating], most: int | None = None) -> Levels:
    """The levels of scores (N,).

    Args:
      score: numbers or infinities.
      most: where there are more distinct scores than this, neighbours share a level, about
        N / most of them.

    Raises:
      ValueError: a score is NaN.
    """
    if np.isnan(score).any():
        raise ValueError("score must hold no NaN")
    distinct, level, count = np.unique(score, return_inverse=True, return_counts=True)
    if most is None or len(distinct) <= most:
        return Levels(level, len(distinct))
    lower = np.cumsum(count) - count
    return Levels((lower * most // len(score))[level], most)


def count_up_to(
    level: NDArray[np.integer], clip: NDArray[np.integer], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """How many of N things lie up to each level, from none to all of them, clip by clip.

    Args:
      level: (N,) from 0 on.
      clip: (N,) from 0 on.
      shape: how many clips and levels there are.

    Returns:
      (num_clips, L + 1) float64.
    """
    place = clip * shape[1] + level
    number = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    return np.pad(np.cumsum(number, 1), ((0, 0), (1, 0))).astype(np.float64)


def count_frames(
    normal: NDArray[np.bool_], at: Levels, clip: NDArray[np.integer], num_clips: int
) -> FrameCounts:
    """The frames (F,) of each clip: counts of shape (num_clips, L + 1)."""
    shape = (num_clips, at.num_levels)
    return FrameCounts(
        *(count_up_to(at.level[kind], clip[kind], shape) for kind in (normal, ~normal))
    )


def area_under_roc(counts: FrameCounts) -> NDArray[np.float64]:
    """How often a normal frame is above an abnormal one, equal ones counting half: (...)."""
    normal, abnormal = counts
    doubled = (np.diff(normal) * (abnormal[..., 1:] + abnormal[..., :-1])).sum(-1)
    return doubled / 2 / (normal[..., -1] * abnormal[..., -1])


def mean_precision(counts: FrameCounts) -> NDArray[np.float64]:
    """Precision at each level, weighted by the recall that the level adds: (...)."""
    normal, abnormal = counts
    precision = abnormal / np.maximum(normal + abnormal, 1)
    return (np.diff(abnormal) * precision[..., 1:]).sum(-1) / abnormal[..., -1]


def equal_error_rate(counts: FrameCounts) -> NDArray[np.float64]:
    """Where the ROC curve, of points joined by lines, has as many false alarms as misses: (...)."""
    false_alarms, found = (kind / kind[..., -1:] for kind in counts)
    surplus = false_alarms + found - 1  # rises from -1 to 1
    after = np.argmax(surplus >= 0, -1)
    (low, high), (start, end) = (
        [_at(curve, place) for place in (after - 1, after)] for curve in (surplus, false_alarms)
    )
    return start - low / (high - low) * (end - start)


def false_alarms_at(found_share: float, counts: FrameCounts) -> NDArray[np.float64]:
    """The fewest false alarms of all thresholds that find such a share of the abnormal: (...)."""
    normal, abnormal = counts
    first = np.argmax(abnormal / abnormal[..., -1:] >= found_share, -1)
    return _at(normal, first) / normal[..., -1]


def _at(curve: NDArray[np.float64], place: NDArray[np.intp]) -> NDArray[np.float64]:
    """The values of curves (..., P) at one place (...) each."""
    return np.take_along_axis(curve, place[..., None], -1)[..., 0]
