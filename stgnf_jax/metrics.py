"""Figures of merit over frame scores (paper section 4)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError


class Metrics(NamedTuple):
    """The figures of one evaluation.

    Attributes:
      auc_micro: area under the ROC curve over the frames of all clips together, in [0, 1].
      num_windows: windows scored.
      num_frames: frames evaluated.
      num_clips: clips evaluated.
      auc_micro_members: of each member of an ensemble alone; none where there is but one.
    """

    auc_micro: float
    num_windows: int
    num_frames: int
    num_clips: int
    auc_micro_members: tuple[float, ...] = ()


class RocCurve(NamedTuple):
    """What each threshold on the score finds, from none to all.

    Attributes:
      false_alarms: (P,) float64, share of the normal frames that lie below the threshold.
      found: (P,) float64, share of the abnormal frames that do.
    """

    false_alarms: NDArray[np.float64]
    found: NDArray[np.float64]


class PrCurve(NamedTuple):
    """What each threshold on the score finds, from none to all, and how much of it rightly.

    Attributes:
      found: (P,) float64, recall: share of the abnormal frames that lie at or below the threshold.
      precise: (P,) float64, precision: share of the frames there that are abnormal; 1, by
        convention, where there are none.
    """

    found: NDArray[np.float64]
    precise: NDArray[np.float64]


def auc_micro(normal: NDArray[np.bool_], score: NDArray[np.floating]) -> float:
    """Area under the ROC curve: how often a normal frame scores above an abnormal one.

    Args:
      normal: (F,) bool, ground truth over the frames of all clips.
      score: (F,) float, higher is more normal.

    Raises:
      InputError: all frames are normal, or none is.
      ValueError: a score is NaN.
    """
    _check(normal)
    if np.isnan(score).any():
        raise ValueError("score must hold no NaN")
    abnormal = np.sort(score[~normal])
    lower, not_higher = (
        np.searchsorted(abnormal, score[normal], side).mean() for side in ("left", "right")
    )
    return float((lower + not_higher) / 2 / len(abnormal))


def roc_curve(normal: NDArray[np.bool_], score: NDArray[np.floating]) -> RocCurve:
    """The ROC curve of finding abnormal frames; its area is `auc_micro` of the same arguments.

    Raises:
      InputError: all frames are normal, or none is.
    """
    import sklearn.metrics

    _check(normal)
    false_alarms, found, _ = sklearn.metrics.roc_curve(~normal, -score)
    return RocCurve(false_alarms, found)


def pr_curve(normal: NDArray[np.bool_], score: NDArray[np.floating]) -> PrCurve:
    """The precision-recall curve of finding abnormal frames.

    Args:
      normal: (F,) bool, ground truth over the frames of all clips.
      score: (F,) float, higher is more normal.

    Raises:
      InputError: all frames are normal, or none is.
    """
    import sklearn.metrics

    _check(normal)
    precise, found, _ = sklearn.metrics.precision_recall_curve(~normal, -score)
    return PrCurve(found[::-1], precise[::-1])


def _check(normal: NDArray[np.bool_]) -> None:
    if normal.all() or not normal.any():
        kind = "abnormal" if not normal.any() else "normal"
        raise InputError(
            f"all {normal.size} frames are {kind} by the ground truth, so there is nothing to tell "
            "apart; add clips with frames of the other kind"
        )
