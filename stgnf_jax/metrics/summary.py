"""All figures of an evaluation, with their intervals, and why one is missing."""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.metrics.bootstrap import (
    MOST_LEVELS,
    Bootstrap,
    Interval,
    draw_clips,
    interval,
    resampled,
)
from stgnf_jax.metrics.boxes import BoxCounts, areas, count_boxes, rbdc_tbdc
from stgnf_jax.metrics.counts import (
    FrameCounts,
    area_under_roc,
    count_frames,
    equal_error_rate,
    false_alarms_at,
    levels,
    mean_precision,
)
from stgnf_jax.metrics.frames import aucs_of_clips, check_kinds

_OF_COUNTS = (area_under_roc, mean_precision, equal_error_rate, partial(false_alarms_at, 0.95))
NO_BOXES = "config.data.track_truth names no folder of boxes of abnormal events"


class Figure(NamedTuple):
    """One figure.

    Attributes:
      value: None where it was not computed.
      interval: by the bootstrap over clips; None where there is none.
      num_clips: clips that it is over.
      reason: why it was not computed.
    """

    value: float | None = None
    interval: Interval | None = None
    num_clips: int = 0
    reason: str = ""


class Figures(NamedTuple):
    """All figures of an evaluation, each in [0, 1]; docs/metrics.md defines them.

    Attributes:
      auc_micro: area under the ROC curve over the frames of all clips together.
      auc_macro: mean of the AUCs of the clips that have one.
      average_precision: abnormal frames being what is to be found.
      eer: equal error rate.
      fpr_at_95_tpr: false alarms where 95 % of the abnormal frames are found.
      rbdc: region-based detection criterion.
      tbdc: track-based detection criterion.
    """

    auc_micro: Figure = Figure()
    auc_macro: Figure = Figure()
    average_precision: Figure = Figure()
    eer: Figure = Figure()
    fpr_at_95_tpr: Figure = Figure()
    rbdc: Figure = Figure(reason=NO_BOXES)
    tbdc: Figure = Figure(reason=NO_BOXES)


class BoxFigures(NamedTuple):
    """The figures over boxes; see `Figures`."""

    rbdc: Figure
    tbdc: Figure


class Metrics(NamedTuple):
    """What was measured in one evaluation.

    Attributes:
      auc_micro: area under the ROC curve over the frames of all clips together, in [0, 1].
      num_windows: windows scored.
      num_frames: frames evaluated.
      num_clips: clips evaluated.
      auc_micro_members: of each member of an ensemble alone; none where there is but one.
      figures: all figures, the micro AUC too.
      bootstrap: how their intervals were found.
    """

    auc_micro: float
    num_windows: int
    num_frames: int
    num_clips: int
    auc_micro_members: tuple[float, ...] = ()
    figures: Figures = Figures()
    bootstrap: Bootstrap = Bootstrap(0.95, 0, 0)


def frame_figures(
    normal: NDArray[np.bool_],
    score: NDArray[np.floating],
    offsets: NDArray[np.integer],
    bootstrap: Bootstrap,
) -> Figures:
    """The figures over frames, without those over boxes.

    Args:
      normal: (F,) bool, ground truth over the frames of all clips.
      score: (F,) float, higher is more normal.
      offsets: (number of clips + 1,); clip i has the frames offsets[i] to offsets[i + 1].
      bootstrap: how intervals are found.

    Raises:
      InputError: all frames are normal, or none is.
      ValueError: a score is NaN.
    """
    check_kinds(normal)
    num_clips = len(offsets) - 1
    clip = np.repeat(np.arange(num_clips), np.diff(offsets))
    of_clips = count_frames(normal, levels(score, MOST_LEVELS), clip, num_clips)
    weights = draw_clips(num_clips, bootstrap)
    values = _of_frames(count_frames(normal, levels(score), np.zeros_like(clip), 1))[0]
    varied = resampled(_of_frames, of_clips, weights)
    auc, precision, eer, fpr = (
        Figure(value.item(), interval(figure, bootstrap.level), num_clips)
        for value, figure in zip(values, varied.T, strict=True)
    )
    macro = _macro(aucs_of_clips(normal, score, offsets), weights, bootstrap.level)
    return Figures(auc, macro, precision, eer, fpr)


def _of_frames(counts: FrameCounts) -> NDArray[np.float64]:
    """The figures of the resamples that have frames of both kinds."""
    known = (counts.normal[:, -1] > 0) & (counts.abnormal[:, -1] > 0)
    counts = FrameCounts(*(kind[known] for kind in counts))
    return np.stack([figure(counts) for figure in _OF_COUNTS], 1)


def _macro(aucs: NDArray[np.float64], weights: NDArray[np.float64], level: float) -> Figure:
    known = ~np.isnan(aucs)
    if not known.any():
        return Figure(reason="no clip has both normal and abnormal frames")
    weights = weights[:, known]
    weights = weights[weights.any(1)]
    varied = weights @ aucs[known] / weights.sum(1)
    return Figure(aucs[known].mean().item(), interval(varied, level), int(known.sum()))


def box_figures(
    tracks: NDArray[np.float64],
    detections: NDArray[np.float64],
    num_frames: NDArray[np.integer],
    bootstrap: Bootstrap,
) -> BoxFigures:
    """RBDC and TBDC, with intervals.

    Args:
      tracks: see `rbdc_tbdc`; videos are the clips, numbered from 0 on.
      detections: see there.
      num_frames: (number of clips,).
      bootstrap: how intervals are found.

    Raises:
      ValueError: see there.
    """
    if not len(tracks):
        return BoxFigures(*2 * [Figure(reason="the ground truth holds no box")])
    values = rbdc_tbdc(tracks, detections, num_frames.sum().item())
    counts = count_boxes(tracks, detections, num_frames, MOST_LEVELS)
    varied = resampled(_of_boxes, counts, draw_clips(len(num_frames), bootstrap))
    return BoxFigures(
        *(
            Figure(value, interval(figure, bootstrap.level), len(num_frames))
            for value, figure in zip(values, varied.T, strict=True)
        )
    )


def _of_boxes(counts: BoxCounts) -> NDArray[np.float64]:
    """The figures of the resamples that have a box."""
    known = counts.regions[:, -1] > 0
    return np.stack(areas(BoxCounts(*(kind[known] for kind in counts))), 1)
