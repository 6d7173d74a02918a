"""Figures of merit over frame scores (paper section 4), abnormal being what is to be found."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.metrics.counts import (
    FrameCounts,
    area_under_roc,
    count_frames,
    equal_error_rate,
    false_alarms_at,
    levels,
    mean_precision,
)


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


class MacroAuc(NamedTuple):
    """The mean over clips of the AUC in each.

    Attributes:
      auc: in [0, 1].
      num_clips: clips that have an AUC, since they have frames of both kinds.
    """

    auc: float
    num_clips: int


def auc_micro(normal: NDArray[np.bool_], score: NDArray[np.floating]) -> float:
    """Area under the ROC curve: how often a normal frame scores above an abnormal one.

    Args:
      normal: (F,) bool, ground truth over the frames of all clips.
      score: (F,) float, higher is more normal.

    Raises:
      InputError: all frames are normal, or none is.
      ValueError: a score is NaN.
    """
    return area_under_roc(_counts(normal, score)).item()


def auc_macro(
    normal: NDArray[np.bool_], score: NDArray[np.floating], offsets: NDArray[np.integer]
) -> MacroAuc:
    """The mean of `auc_micro` over the clips that have frames of both kinds.

    Args:
      normal: (F,) bool, ground truth over the frames of all clips.
      score: (F,) float, higher is more normal.
      offsets: (number of clips + 1,); clip i has the frames offsets[i] to offsets[i + 1].

    Raises:
      InputError: no clip has frames of both kinds.
      ValueError: a score is NaN.
    """
    known = aucs_of_clips(normal, score, offsets)
    known = known[~np.isnan(known)]
    if not known.size:
        raise InputError("no clip has both normal and abnormal frames, so none has an AUC")
    return MacroAuc(float(known.mean()), known.size)


def aucs_of_clips(
    normal: NDArray[np.bool_], score: NDArray[np.floating], offsets: NDArray[np.integer]
) -> NDArray[np.float64]:
    """`auc_micro` of each clip, NaN where its frames are all of one kind: (number of clips,)."""
    aucs = np.full(len(offsets) - 1, np.nan)
    for clip, (start, end) in enumerate(pairwise(offsets)):
        kinds = normal[start:end]
        if kinds.any() and not kinds.all():
            aucs[clip] = auc_micro(kinds, score[start:end])
    return aucs


def average_precision(normal: NDArray[np.bool_], score: NDArray[np.floating]) -> float:
    """Mean precision over the recall: at each distinct score, by the recall that it adds.

    It is the sum of steps, without interpolation. Arguments and errors are those of `auc_micro`.
    """
    return mean_precision(_counts(normal, score)).item()


def eer(normal: NDArray[np.bool_], score: NDArray[np.floating]) -> float:
    """Equal error rate: the share of false alarms where it is that of abnormal frames missed.

    The points of the ROC curve are joined by lines. Arguments and errors are those of `auc_micro`.
    """
    return equal_error_rate(_counts(normal, score)).item()


def fpr_at_tpr(normal: NDArray[np.bool_], score: NDArray[np.floating], tpr: float = 0.95) -> float:
    """The share of false alarms at the threshold that just finds a share `tpr` of the abnormal.

    Other arguments and errors are those of `auc_micro`.
    """
    return false_alarms_at(tpr, _counts(normal, score)).item()


def roc_curve(normal: NDArray[np.bool_], score: NDArray[np.floating]) -> RocCurve:
    """The ROC curve of finding abnormal frames; its area is `auc_micro` of the same arguments.

    Raises:
      InputError: all frames are normal, or none is.
    """
    import sklearn.metrics

    check_kinds(normal)
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

    check_kinds(normal)
    precise, found, _ = sklearn.metrics.precision_recall_curve(~normal, -score)
    return PrCurve(found[::-1], precise[::-1])


def check_kinds(normal: NDArray[np.bool_]) -> None:
    """Raises InputError unless there are frames of both kinds."""
    if normal.all() or not normal.any():
        kind = "abnormal" if not normal.any() else "normal"
        raise InputError(
            f"all {normal.size} frames are {kind} by the ground truth, so there is nothing to tell "
            "apart; add clips with frames of the other kind"
        )


def _counts(normal: NDArray[np.bool_], score: NDArray[np.floating]) -> FrameCounts:
    check_kinds(normal)
    return count_frames(normal, levels(score), np.zeros(len(score), np.int64), 1)
