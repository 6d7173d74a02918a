"""What each threshold on the score finds."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stgnf_jax.metrics import PrCurve, RocCurve
from stgnf_jax.pictures.style import BLUE, FAINT, INK, new_figure, tidy

# Of a curve, which no picture shows more of.
MOST_POINTS = 1000


def detection_curves(roc: RocCurve, pr: PrCurve, auc: float, average_precision: float) -> Figure:
    """The ROC curve and the precision-recall curve of finding abnormal frames, side by side.

    With each the figure that sums it up. Dashed is what a score without any sense finds.

    Args:
      roc: the ROC curve.
      pr: the precision-recall curve.
      auc: the area under the ROC curve.
      average_precision: that of the precision-recall curve.
    """
    figure = new_figure(height=4.6)
    left, right = figure.subplots(1, 2)
    chance = float(pr.precise[-1])  # where all frames are taken for abnormal
    _draw(left, roc.false_alarms, roc.found, (0, 1), f"AUC {auc:.3f}")
    tidy(left, "ROC", xlabel="normal frames taken for abnormal", ylabel="abnormal frames found")
    _draw(
        right, pr.found, pr.precise, (chance, chance), f"average precision {average_precision:.3f}"
    )
    labels = {"xlabel": "abnormal frames found (recall)", "ylabel": "alarms that are right"}
    tidy(right, "precision and recall", **labels)
    return figure


def _draw(
    axes: Axes,
    x: np.ndarray,
    y: np.ndarray,
    chance: tuple[float, float],
    label: str,
) -> None:
    """A curve in the unit square, and the straight line that chance would give."""
    few = np.linspace(0, len(x) - 1, min(MOST_POINTS, len(x))).astype(np.intp)
    x, y = x[few], y[few]
    axes.plot([0, 1], chance, color=FAINT, linewidth=1, linestyle="--", label="chance")
    axes.fill_between(x, y, color=BLUE, alpha=0.12, linewidth=0)
    axes.plot(x, y, color=BLUE, linewidth=2, label=label, clip_on=False)
    ticks = np.linspace(0, 1, 6)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=ticks, yticks=ticks)
    axes.legend(loc="lower right", frameon=False, fontsize=11, labelcolor=INK)
