"""The score from which on a frame is worth an alarm."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Of the frames, without ground truth: those with the lowest scores.
LOWEST_SHARE = 0.01


class AlarmThreshold(NamedTuple):
    """A frame whose score is this or lower gives an alarm.

    Attributes:
      score: the threshold, the score of a frame.
      rule: what it was chosen by, in words.
    """

    score: float
    rule: str


def alarm_threshold(
    score: NDArray[np.floating], normal: NDArray[np.bool_] | None
) -> AlarmThreshold:
    """The threshold with the highest F1, or where no frame is known to be abnormal, a low score.

    Args:
      score: (F,) float, at least one; higher is more normal.
      normal: (F,) bool, ground truth, or None.
    """
    if normal is None or normal.all():
        return AlarmThreshold(_lowest(score), f"the lowest {LOWEST_SHARE:.0%} of the frames")
    return AlarmThreshold(_best_f1(score, normal), "the highest F1 on these frames")


def _lowest(score: NDArray[np.floating]) -> float:
    count = math.ceil(LOWEST_SHARE * len(score))
    return float(np.partition(score, count - 1)[count - 1])


def _best_f1(score: NDArray[np.floating], normal: NDArray[np.bool_]) -> float:
    """Of equally good ones the lowest: the fewest alarms."""
    order = np.argsort(score, kind="stable")
    ordered, found = score[order], np.cumsum(~normal[order])
    alarms = np.arange(1, len(ordered) + 1)
    f1 = 2 * found / (alarms + found[-1])
    last_of_equals = np.append(ordered[1:] != ordered[:-1], True)
    return float(ordered[np.argmax(np.where(last_of_equals, f1, -1.0))])
