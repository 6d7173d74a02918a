"""Windows as film strips."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from stgnf_jax.pictures.style import INK, WIDTH, new_figure, tidy
from stgnf_jax.skeleton import Skeleton

POSES_PER_STRIP = 8
ROOM = 1.12  # of a pose's cell, by the pose
TALLEST, LOWEST = 1.15, 0.4  # heights of a strip in inches
TITLE, CAPTION = 0.35, 0.4  # heights of a group's and of a strip's text


class Strip(NamedTuple):
    """One window to draw as a film strip.

    Attributes:
      poses: (T, V, C) float, C >= 2: x to the right, y down, in one unit.
      caption: what it says above.
    """

    poses: NDArray[np.floating]
    caption: str


class StripGroup(NamedTuple):
    """Strips under one title, in one colour.

    Attributes:
      title: above the strips.
      color: of title and bones.
      strips: at least one.
    """

    title: str
    color: str
    strips: Sequence[Strip]


class Film(NamedTuple):
    """The poses of a strip, each moved sideways into its own cell.

    Attributes:
      poses: (P, V, 2), P `POSES_PER_STRIP`.
      frames: (P,), which poses of the window they are.
      limits: left, right, bottom and top of the cells together; y goes down.
    """

    poses: NDArray[np.float64]
    frames: NDArray[np.intp]
    limits: tuple[float, float, float, float]

    def height(self, width: float) -> float:
        """Of the strip when it is so wide, both in inches."""
        left, right, bottom, top = self.limits
        return width * (bottom - top) / (right - left)


def film_strips(groups: Sequence[StripGroup], skeleton: Skeleton) -> Figure:
    """Windows as film strips, eight poses each from left to right, in groups.

    Heights and the scale are kept along a strip.

    Args:
      groups: at least one.
      skeleton: the bones to draw.
    """
    films = [[film(strip.poses, WIDTH) for strip in group.strips] for group in groups]
    heights = [[one.height(WIDTH) + CAPTION for one in row] for row in films]
    figure = new_figure(height=sum(map(sum, heights)) + TITLE * len(groups))
    parts = figure.subfigures(
        len(groups), squeeze=False, height_ratios=[sum(row) + TITLE for row in heights]
    )[:, 0]
    for part, group, row, height in zip(parts, groups, films, heights, strict=True):
        _draw_group(part, group, row, height, skeleton)
    return figure


def film(poses: NDArray[np.floating], width: float) -> Film:
    """Eight poses of a window, as large as a strip of this width in inches can have them."""
    frames = np.linspace(0, len(poses) - 1, POSES_PER_STRIP).round().astype(np.intp)
    moved = poses[frames, :, :2].astype(np.float64)  # (P, V, 2)
    low, high = moved.min(1), moved.max(1)  # (P, 2)
    top, bottom = low[:, 1].min(), high[:, 1].max()
    inches = width / POSES_PER_STRIP
    cell = ROOM * max((high - low)[:, 0].max(), (bottom - top) * inches / TALLEST)
    height = max(ROOM * (bottom - top), cell * LOWEST / inches)
    centers = cell * (0.5 + np.arange(POSES_PER_STRIP))
    moved[..., 0] += (centers - (low + high)[:, 0] / 2)[:, None]
    middle = (top + bottom) / 2
    limits = (0.0, POSES_PER_STRIP * cell, middle + height / 2, middle - height / 2)
    return Film(moved, frames, limits)


def draw_bones(axes: Axes, drawn: Film, skeleton: Skeleton, color: str) -> None:
    """The bones of a strip, on axes without ticks that keep its proportions."""
    edges = np.array(skeleton.edges, int).reshape(-1, 2)
    bones = drawn.poses[:, edges].reshape(-1, 2, 2)  # (P * bones, ends, x and y)
    axes.add_collection(LineCollection(list(bones), colors=color, linewidths=1.6))
    left, right, bottom, top = drawn.limits
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xticks=[], yticks=[])
    axes.set_anchor("W")
    axes.spines[:].set_visible(False)


def draw_strip(axes: Axes, strip: Strip, drawn: Film, skeleton: Skeleton, color: str) -> None:
    """A strip with its caption, its bones in one colour."""
    tidy(axes, strip.caption)
    draw_bones(axes, drawn, skeleton, color)
    axes.plot(*drawn.poses.reshape(-1, 2).T, ".", color=INK, markersize=3)


def _draw_group(
    part: SubFigure,
    group: StripGroup,
    films: Sequence[Film],
    heights: Sequence[float],
    skeleton: Skeleton,
) -> None:
    part.suptitle(group.title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=group.color)
    rows = part.subplots(len(films), squeeze=False, height_ratios=heights)[:, 0]
    for axes, drawn, strip in zip(rows, films, group.strips, strict=True):
        draw_strip(axes, strip, drawn, skeleton, group.color)
