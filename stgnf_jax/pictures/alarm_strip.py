"""The window that raised an alarm as a film strip, above the normal windows nearest to it."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from stgnf_jax.pictures.explained import (
    CURVE,
    SPACE,
    STRIP,
    ExplainedStrip,
    draw_bars,
    draw_curve,
    draw_poses,
)
from stgnf_jax.pictures.strips import CAPTION, TITLE, Strip, draw_strip, film
from stgnf_jax.pictures.style import BLUE, VERMILION, WIDTH, new_figure
from stgnf_jax.skeleton import Skeleton, joint_names

TITLE_TEXT = "the darker a joint, the farther its nll is above the usual; below: nearest normal"

ABOVE = "nll above the usual"


def alarm_strip(alarm: ExplainedStrip, nearest: Sequence[Strip], skeleton: Skeleton) -> Figure:
    """A window with each joint the darker, the farther its nll is above the usual.

    Below it that by frame, beside it the joints where most of it lies; then the normal windows.

    Args:
      alarm: the window; in place of its nll, what of that is above the usual.
      nearest: the normal windows.
      skeleton: the bones to draw, and the joints' names.
    """
    width = STRIP * WIDTH
    drawn, films = film(alarm.poses, width), [film(strip.poses, width) for strip in nearest]
    heights = [drawn.height(width), CURVE, *(one.height(width) for one in films)]
    figure = new_figure(height=sum(heights) + TITLE + SPACE + CAPTION * len(films))
    figure.suptitle(TITLE_TEXT, x=0.01, ha="left", fontsize=11, fontweight="bold", color=VERMILION)
    grid = figure.add_gridspec(
        len(heights), 2, width_ratios=[STRIP, 1 - STRIP], height_ratios=heights
    )
    draw_poses(figure.add_subplot(grid[0, 0]), alarm, drawn, skeleton)
    draw_curve(figure.add_subplot(grid[1, 0]), alarm.nll.sum(1), drawn.frames, ABOVE)
    bars, names = figure.add_subplot(grid[:2, 1]), joint_names(skeleton)
    draw_bars(bars, alarm.nll.sum(0), names, ABOVE)
    for row, (strip, one) in enumerate(zip(nearest, films, strict=True), start=2):
        draw_strip(figure.add_subplot(grid[row, 0]), strip, one, skeleton, BLUE)
    return figure
