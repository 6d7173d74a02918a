"""Scores over time."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stgnf_jax.pictures.style import BLUE, GREY, INK, ORANGE, legend_above, new_figure, tidy
from stgnf_jax.scoring import FrameScores


def score_curves(
    scores: FrameScores, clips: Sequence[int], normal: NDArray[np.bool_] | None = None
) -> Figure:
    """Normality over the frames of some clips, one below the other (paper figure 5).

    The smoothed score is the thick line, the score before smoothing the thin one, absent where
    nobody was scored. Frames that the ground truth calls abnormal are shaded. Each clip has a scale
    of its own: the scores have long tails, and one bad clip would flatten all others.

    Args:
      scores: score of each frame.
      clips: numbers of the clips to draw, at least one.
      normal: (F,) bool, ground truth over the frames of all clips.
    """
    figure = new_figure(height=0.8 + 1.7 * len(clips))
    rows = figure.subplots(len(clips), squeeze=False)[:, 0]
    raw = np.where(scores.scored, scores.raw, np.nan)
    for axes, clip in zip(rows, clips, strict=True):
        frames = scores.frames(clip)
        if normal is not None:
            _shade(axes, ~normal[frames])
        axes.plot(raw[frames], color=GREY, linewidth=1, label="before smoothing")
        axes.plot(scores.smoothed[frames], color=BLUE, linewidth=2, label="frame score")
        axes.margins(x=0)
        tidy(axes, title=scores.clips[clip])
    rows[-1].set_xlabel("frame", fontsize=10, color=INK)
    figure.supylabel("normality (bits / dim)", fontsize=10, color=INK)
    legend_above(figure)
    return figure


def telling_clips(scores: FrameScores, normal: NDArray[np.bool_], count: int) -> list[int]:
    """The clips to show first, at most `count`, in the order of their numbers.

    Clips with both normal and abnormal frames come before others; among equals those whose
    smoothed score moves most, whether it moves rightly or not.
    """

    def interest(clip: int) -> tuple[bool, float]:
        truth, score = normal[scores.frames(clip)], scores.smoothed[scores.frames(clip)]
        return bool(truth.any() and not truth.all()), float(np.ptp(score))

    filled = [clip for clip in range(len(scores.clips)) if np.diff(scores.offsets)[clip]]
    return sorted(sorted(filled, key=interest, reverse=True)[:count])


def _shade(axes: Axes, abnormal: NDArray[np.bool_]) -> None:
    """Shades each run of abnormal frames; the first one carries the legend's label."""
    edges = np.flatnonzero(np.diff(abnormal, prepend=False, append=False))
    for i, (start, end) in enumerate(edges.reshape(-1, 2)):
        label = "" if i else "abnormal (ground truth)"
        axes.axvspan(start - 0.5, end - 0.5, color=ORANGE, alpha=0.3, linewidth=0, label=label)
