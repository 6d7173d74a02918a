"""Whether people still behave as those that thresholds were found by."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stgnf_jax.pictures.style import BLUE, CYCLE, FAINT, GREY, INK, legend_above, new_figure, tidy

NUM_BINS = 20
# Capitals at which a drift is likely, and is as good as certain.
LIKELY, CERTAIN = 20, 1000
MOST_NAMES = 8


class DriftCurve(NamedTuple):
    """The new tracks of one scene, by time.

    Attributes:
      name: of the scene.
      p: (M,) conformal p-values.
      log10_capital: (M,) of who bets that they are not uniform.
    """

    name: str
    p: NDArray[np.float64]
    log10_capital: NDArray[np.float64]


def drift_curves(curves: Sequence[DriftCurve]) -> Figure:
    """The capital of who bets on a drift over the tracks, and the p-values of all of them.

    Args:
      curves: one a scene, at least one.
    """
    figure = new_figure(height=3.8)
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    _draw_capital(left, curves)
    tidy(left, "evidence of a drift", xlabel="new tracks", ylabel="capital (power of ten)")
    p = np.concatenate([curve.p for curve in curves])
    right.hist(p, bins=NUM_BINS, range=(0, 1), color=BLUE, alpha=0.6)
    right.axhline(len(p) / NUM_BINS, color=INK, linewidth=1, linestyle="--")
    right.set_xlim(0, 1)
    tidy(right, "uniform without a drift", xlabel="p-value", ylabel="tracks")
    if 1 < len(curves) <= MOST_NAMES:
        legend_above(figure)
    return figure


def _draw_capital(axes: Axes, curves: Sequence[DriftCurve]) -> None:
    for number, curve in enumerate(curves):
        label = curve.name if 1 < len(curves) <= MOST_NAMES else None
        capital = np.append(0, curve.log10_capital)
        axes.plot(capital, color=CYCLE[number % len(CYCLE)], linewidth=1.5, label=label)
    for level, name in ((LIKELY, "chance of 1 in 20"), (CERTAIN, "1 in 1000")):
        height = np.log10(level)
        axes.axhline(height, color=FAINT, linewidth=1, linestyle="--")
        axes.text(
            0.01, height, f"without drift: {name}", transform=axes.get_yaxis_transform(),
            fontsize=8, color=GREY, verticalalignment="bottom",
        )  # fmt: skip
