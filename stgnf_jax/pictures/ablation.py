"""What a setting does to a figure of merit (paper figures 6 and 8 to 11)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from stgnf_jax.pictures.style import CYCLE, INK, legend_above, new_figure, tidy


class AblationPoint(NamedTuple):
    """One value of the setting, and what came out.

    Attributes:
      x: the setting's value.
      mean: over trainings, in the unit of the picture's y axis.
      low, high: what the error bar spans, around `mean`; equal to it for none.
      paper: what the paper reports; None where it gives no number.
    """

    x: float
    mean: float
    low: float
    high: float
    paper: float | None = None


def ablation_curve(
    curves: Mapping[str, Sequence[AblationPoint]],
    *,
    xlabel: str,
    ylabel: str = "AUC (%)",
    log_x: bool = False,
) -> Figure:
    """A curve for each data set, with error bars, and the paper's numbers as open diamonds.

    Args:
      curves: by their names, the points of each, at least one.
      xlabel: the setting, with its unit.
      ylabel: the figure of merit, with its unit.
      log_x: whether the setting's values, all positive then, go by factors.
    """
    figure = new_figure(height=4.2, width=6.5)
    axes = figure.subplots()
    for i, (name, points) in enumerate(curves.items()):
        color = CYCLE[i % len(CYCLE)]
        _draw_curve(axes, name, sorted(points, key=lambda point: point.x), color)
        _draw_published(axes, name, points, color)
    values = sorted({point.x for points in curves.values() for point in points})
    if log_x:
        axes.set_xscale("log")
    # The very values that were tried, as in the paper's figures.
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.margins(0.04, 0.12)
    axes.grid(axis="y", color=INK, alpha=0.1)
    tidy(axes, xlabel=xlabel, ylabel=ylabel)
    legend_above(figure)
    return figure


def _draw_curve(axes: Axes, name: str, points: Sequence[AblationPoint], color: str) -> None:
    x, mean = [point.x for point in points], [point.mean for point in points]
    below = [point.mean - point.low for point in points]
    above = [point.high - point.mean for point in points]
    axes.errorbar(
        x,
        mean,
        (below, above),
        fmt="o-",
        lw=2,
        elinewidth=1.2,
        capsize=3,
        ms=6,
        color=color,
        label=name,
    )


def _draw_published(axes: Axes, name: str, points: Sequence[AblationPoint], color: str) -> None:
    published = [(point.x, point.paper) for point in points if point.paper is not None]
    if published:
        axes.plot(
            *zip(*published, strict=True),
            "D",
            color=color,
            mfc="none",
            ms=9,
            mew=1.5,
            label=f"{name} (paper)",
        )
