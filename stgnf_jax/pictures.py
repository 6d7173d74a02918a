"""Pictures of scores and skeletons, as matplotlib figures at most 900 pixels wide."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from stgnf_jax.files import write_atomically
from stgnf_jax.metrics import RocCurve
from stgnf_jax.scoring import FrameScores
from stgnf_jax.skeleton import Skeleton

# Okabe and Ito's colours, told apart also by the colour-blind.
BLUE, ORANGE, VERMILION = "#0072B2", "#E69F00", "#D55E00"
INK, GREY, FAINT = "#333333", "#888888", "#BBBBBB"
WIDTH, DPI = 9.0, 100  # inches, pixels an inch

POSES_PER_STRIP = 8
CELL_ASPECT = 0.9  # width by height of the cell that a pose is drawn in


class Strip(NamedTuple):
    """One window to draw as a film strip.

    Attributes:
      poses: (T, V, C) float, C >= 2: x to the right, y down, in pixels or normalised.
      score: normality score of the window, bits per dimension.
      clip: name of the clip.
      person: number of the person.
      frame: the window's first frame.
    """

    poses: NDArray[np.floating]
    score: float
    clip: str
    person: int
    frame: int


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
    figure = _figure(height=0.8 + 1.7 * len(clips))
    rows = figure.subplots(len(clips), squeeze=False)[:, 0]
    raw = np.where(scores.scored, scores.raw, np.nan)
    for axes, clip in zip(rows, clips, strict=True):
        frames = scores.frames(clip)
        if normal is not None:
            _shade(axes, ~normal[frames])
        axes.plot(raw[frames], color=GREY, linewidth=1, label="before smoothing")
        axes.plot(scores.smoothed[frames], color=BLUE, linewidth=2, label="frame score")
        axes.margins(x=0)
        _tidy(axes, title=scores.clips[clip])
    rows[-1].set_xlabel("frame", fontsize=10, color=INK)
    figure.supylabel("normality (bits / dim)", fontsize=10, color=INK)
    _legend(figure)
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


def roc(curve: RocCurve, auc: float) -> Figure:
    """The ROC curve of finding abnormal frames, with the area under it."""
    figure = _figure(width=5.5, height=5.5)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--", label="chance")
    axes.fill_between(curve.false_alarms, curve.found, color=BLUE, alpha=0.12, linewidth=0)
    axes.plot(curve.false_alarms, curve.found, color=BLUE, linewidth=2, label=f"AUC {auc:.3f}")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_xlabel("normal frames taken for abnormal", fontsize=10, color=INK)
    axes.set_ylabel("abnormal frames found", fontsize=10, color=INK)
    axes.legend(loc="lower right", frameon=False, fontsize=11, labelcolor=INK)
    _tidy(axes)
    return figure


def skeleton_strips(
    highest: Sequence[Strip], lowest: Sequence[Strip], skeleton: Skeleton
) -> Figure:
    """Windows as film strips, eight poses each from left to right, the most normal ones on top.

    Every pose is moved sideways into its own cell; heights and the scale are kept along a strip.

    Args:
      highest: windows with high scores, at least one.
      lowest: windows with low scores, at least one.
      skeleton: the bones to draw.
    """
    counts = [len(highest), len(lowest)]
    figure = _figure(height=1.5 * sum(counts) + 0.8)
    heights = [1.5 * count + 0.4 for count in counts]
    top, bottom = figure.subfigures(2, squeeze=False, height_ratios=heights)[:, 0]
    _draw_strips(top, highest, skeleton, BLUE, "highest scores: most normal")
    _draw_strips(bottom, lowest, skeleton, VERMILION, "lowest scores: least normal")
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes a figure as PNG.

    Raises:
      InputError: the file cannot be written.
    """
    with write_atomically(path) as partial:
        figure.savefig(partial, format="png")


def _figure(height: float, width: float = WIDTH) -> Figure:
    layout = ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.08)
    return Figure(figsize=(width, height), dpi=DPI, layout=layout)


def _tidy(axes: Axes, title: str = "") -> None:
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(labelsize=9, labelcolor=INK, color=FAINT)


def _shade(axes: Axes, abnormal: NDArray[np.bool_]) -> None:
    """Shades each run of abnormal frames; the first one carries the legend's label."""
    edges = np.flatnonzero(np.diff(abnormal, prepend=False, append=False))
    for i, (start, end) in enumerate(edges.reshape(-1, 2)):
        label = "" if i else "abnormal (ground truth)"
        axes.axvspan(start - 0.5, end - 0.5, color=ORANGE, alpha=0.3, linewidth=0, label=label)


def _legend(figure: Figure) -> None:
    """One legend above all axes, each label once."""
    lines = [axes.get_legend_handles_labels() for axes in figure.axes]
    entries = {label: line for pair in lines for line, label in zip(*pair, strict=True)}
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="outside upper right",
        ncols=len(entries),
        frameon=False,
        fontsize=10,
        labelcolor=INK,
    )


def _draw_strips(
    part: SubFigure, strips: Sequence[Strip], skeleton: Skeleton, color: str, title: str
) -> None:
    part.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=color)
    for axes, strip in zip(part.subplots(len(strips), squeeze=False)[:, 0], strips, strict=True):
        _draw_strip(axes, strip, skeleton, color)


def _draw_strip(axes: Axes, strip: Strip, skeleton: Skeleton, color: str) -> None:
    times = np.linspace(0, len(strip.poses) - 1, POSES_PER_STRIP).round().astype(int)
    poses = strip.poses[times, :, :2].astype(np.float64)  # (P, V, 2)
    low, high = poses.min(1), poses.max(1)  # (P, 2)
    top, bottom = low[:, 1].min(), high[:, 1].max()
    height = 1.1 * max(bottom - top, (high - low)[:, 0].max() / CELL_ASPECT)
    width = CELL_ASPECT * height
    centers = width * (0.5 + np.arange(POSES_PER_STRIP))
    poses[..., 0] += (centers - (low + high)[:, 0] / 2)[:, None]
    bones = poses[:, np.array(skeleton.edges, int).reshape(-1, 2)].reshape(
        -1, 2, 2
    )  # (P * bones, ends, x and y)
    axes.add_collection(LineCollection(list(bones), colors=color, linewidths=1.6))
    axes.plot(*poses.reshape(-1, 2).T, ".", color=INK, markersize=3)
    middle = (top + bottom) / 2
    axes.set(xlim=(0, POSES_PER_STRIP * width), ylim=(middle + height / 2, middle - height / 2))
    axes.set(aspect="equal", xticks=[], yticks=[])
    score = f"{strip.score:.2f}".replace("-", "−")  # a minus sign, as on the axes
    place = f"clip {strip.clip}, person {strip.person}, from frame {strip.frame}"
    _tidy(axes, f"score {score}   {place}")
    axes.spines[:].set_visible(False)
