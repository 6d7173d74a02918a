"""Windows as film strips."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from stgnf_jax.pictures.style import BLUE, INK, VERMILION, minus, new_figure, tidy
from stgnf_jax.skeleton import Skeleton

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
    figure = new_figure(height=1.5 * sum(counts) + 0.8)
    heights = [1.5 * count + 0.4 for count in counts]
    top, bottom = figure.subfigures(2, squeeze=False, height_ratios=heights)[:, 0]
    _draw_strips(top, highest, skeleton, BLUE, "highest scores: most normal")
    _draw_strips(bottom, lowest, skeleton, VERMILION, "lowest scores: least normal")
    return figure


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
    score = minus(f"{strip.score:.2f}")
    place = f"clip {strip.clip}, person {strip.person}, from frame {strip.frame}"
    tidy(axes, f"score {score}   {place}")
    axes.spines[:].set_visible(False)
