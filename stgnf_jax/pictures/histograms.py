"""How the scores of normal and of abnormal frames are spread."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from stgnf_jax.pictures.style import BLUE, VERMILION, legend_above, minus, new_figure, tidy

NUM_BINS = 60
FAR = 25  # so many times the normal scores' interquartile range below their median


class ScoreGroups(NamedTuple):
    """Scores in two groups, by the ground truth of their frame.

    Attributes:
      title: what they are scores of.
      normal: (N,) finite.
      abnormal: (M,) finite.
    """

    title: str
    normal: NDArray[np.floating]
    abnormal: NDArray[np.floating]


def score_histograms(panels: Sequence[ScoreGroups], unit: str = "bits / dim") -> Figure:
    """Shares of normal and of abnormal scores, on a logarithmic axis, in equal bins.

    The tail of low scores is long: what lies below the axis is in the leftmost bin, which stands
    apart. Each group sums to all of it, so groups of unequal size compare.

    Args:
      panels: one beside the other; neither group of any may be empty.
      unit: of the scores.
    """
    figure = new_figure(height=3.6)
    for axes, groups in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw(axes, groups)
        tidy(axes, groups.title, xlabel=f"normality ({unit})", ylabel="share of the group")
    legend_above(figure)
    return figure


def _draw(axes: Axes, groups: ScoreGroups) -> None:
    edges = bin_edges(groups.normal, groups.abnormal)
    width = edges[1] - edges[0]
    below = edges[0] - 3 * width  # left edge of the bin that stands apart
    for name, score, color in (
        ("normal frames", groups.normal, BLUE),
        ("abnormal frames", groups.abnormal, VERMILION),
    ):
        share = np.histogram(score, edges)[0] / len(score)
        axes.stairs(share, edges, fill=True, color=color, alpha=0.35, label=name)
        axes.stairs(share, edges, color=color, linewidth=1.2)
        tail = float(np.mean(score < edges[0]))
        axes.stairs([tail], [below, below + 2 * width], fill=True, color=color, alpha=0.35)
        axes.stairs([tail], [below, below + 2 * width], color=color, linewidth=1.2)
    least = 0.5 / max(len(groups.normal), len(groups.abnormal))
    axes.set(yscale="log", ylim=(least, 1), xlim=(below - width, edges[-1] + width))
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    ticks = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(*edges[[0, -1]])
    ticks = ticks[ticks > edges[5]]  # clear of the bin's label
    labels = [f"below\n{edges[0]:.1f}", *(f"{tick:g}" for tick in ticks)]
    axes.set_xticks([below + width, *ticks], map(minus, labels))


def bin_edges(normal: NDArray[np.floating], abnormal: NDArray[np.floating]) -> NDArray[np.floating]:
    """Edges of equal bins, over nearly all scores but what is too far below."""
    quarter, middle, three_quarters = np.quantile(normal, (0.25, 0.5, 0.75))
    far = middle - FAR * (three_quarters - quarter)
    low = max(far, min(np.quantile(normal, 0.001), np.quantile(abnormal, 0.01)))
    high = max(normal.max(), abnormal.max())
    return np.linspace(low, high + 1e-6 * max(high - low, 1e-6), NUM_BINS + 1)
