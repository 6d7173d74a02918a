"""Film strips that show where the nll of a window lies."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stgnf_jax.pictures.strips import TITLE, Film, draw_bones, film
from stgnf_jax.pictures.style import GREY, INK, RARITY, VERMILION, WIDTH, new_figure, tidy
from stgnf_jax.skeleton import Skeleton, joint_names

TITLE_TEXT = "the darker a joint, the more of its window's nll lies there"
UNIT = "bits / dim"
NUM_BARS = 5
STRIP = 0.77  # of the width, the rest is for the bars
CURVE, SPACE = 0.45, 0.75  # heights in inches: the curve below a strip, what is around both


class ExplainedStrip(NamedTuple):
    """A window and the terms of its nll.

    Attributes:
      poses: (T, V, C) float, C >= 2: x to the right, y down, in one unit.
      nll: (T, V), what each frame and joint adds to the nll, bits per dimension.
      caption: what it says above.
    """

    poses: NDArray[np.floating]
    nll: NDArray[np.floating]
    caption: str


def explained_strips(strips: Sequence[ExplainedStrip], skeleton: Skeleton) -> Figure:
    """Film strips with each joint the darker, the more of the window's nll lies there.

    Below a strip the nll by frame, beside it the joints that hold most of it. The colours of each
    strip run from the least to the most that any of its frames and joints adds.

    Args:
      strips: at least one.
      skeleton: the bones to draw, and the joints' names.
    """
    films = [film(strip.poses, STRIP * WIDTH) for strip in strips]
    heights = [height for one in films for height in (one.height(STRIP * WIDTH), CURVE)]
    figure = new_figure(height=sum(heights) + TITLE + SPACE * len(strips))
    grid = figure.add_gridspec(
        len(heights), 2, width_ratios=[STRIP, 1 - STRIP], height_ratios=heights
    )
    figure.suptitle(TITLE_TEXT, x=0.01, ha="left", fontsize=11, fontweight="bold", color=VERMILION)
    for i, (strip, drawn) in enumerate(zip(strips, films, strict=True)):
        draw_poses(figure.add_subplot(grid[2 * i, 0]), strip, drawn, skeleton)
        draw_curve(figure.add_subplot(grid[2 * i + 1, 0]), strip.nll.sum(1), drawn.frames)
        bars = figure.add_subplot(grid[2 * i : 2 * i + 2, 1])
        draw_bars(bars, strip.nll.sum(0), joint_names(skeleton))
    return figure


def draw_poses(axes: Axes, strip: ExplainedStrip, drawn: Film, skeleton: Skeleton) -> None:
    """The poses, each joint in the colour of its term."""
    colors = ScalarMappable(Normalize(strip.nll.min(), strip.nll.max()), RARITY.reversed())
    tidy(axes, strip.caption)
    draw_bones(axes, drawn, skeleton, GREY)
    x, y = drawn.poses.reshape(-1, 2).T
    axes.scatter(
        x,
        y,
        s=18,
        c=colors.to_rgba(strip.nll[drawn.frames].ravel()),
        edgecolors=GREY,
        linewidths=0.3,
        zorder=3,
    )


def draw_curve(
    axes: Axes, by_frame: NDArray[np.floating], shown: NDArray[np.intp], what: str = "nll"
) -> None:
    """The nll by frame, or `what` of it, each frame below its pose."""
    axes.fill_between(range(len(by_frame)), by_frame, color=VERMILION, alpha=0.25, linewidth=0)
    axes.plot(by_frame, color=VERMILION, linewidth=1.2)
    axes.plot(shown, by_frame[shown], ".", color=VERMILION, markersize=5)
    half = (len(by_frame) - 1) / (2 * max(len(shown) - 1, 1)) or 0.5
    axes.set(xlim=(-half, len(by_frame) - 1 + half), ylim=(min(0, by_frame.min()), None), xticks=[])
    tidy(axes)
    axes.set_title(f"by frame: {what}, {UNIT}", loc="left", fontsize=8, color=INK, pad=2)
    axes.tick_params(labelsize=7)


def draw_bars(
    axes: Axes, by_joint: NDArray[np.floating], names: Sequence[str], what: str = "nll"
) -> None:
    """The joints with the largest nll, or `what` of it, and the mean of all."""
    most = np.argsort(-by_joint, kind="stable")[:NUM_BARS][::-1]
    axes.barh([names[joint] for joint in most], by_joint[most], color=VERMILION, height=0.6)
    axes.axvline(by_joint.mean(), color=INK, linewidth=1, linestyle=":")
    tidy(axes, xlabel=f"{what}, {UNIT}")
    axes.set_title("by joint (dotted: mean)", loc="left", fontsize=8, color=INK)
    axes.xaxis.label.set_fontsize(8)
    axes.tick_params(labelsize=8)
    axes.tick_params(axis="y", length=0)
