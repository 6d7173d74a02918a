"""What each threshold on the score finds."""

from matplotlib.figure import Figure

from stgnf_jax.metrics import RocCurve
from stgnf_jax.pictures.style import BLUE, FAINT, INK, new_figure, tidy


def roc(curve: RocCurve, auc: float) -> Figure:
    """The ROC curve of finding abnormal frames, with the area under it."""
    figure = new_figure(width=5.5, height=5.5)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="--", label="chance")
    axes.fill_between(curve.false_alarms, curve.found, color=BLUE, alpha=0.12, linewidth=0)
    axes.plot(curve.false_alarms, curve.found, color=BLUE, linewidth=2, label=f"AUC {auc:.3f}")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_xlabel("normal frames taken for abnormal", fontsize=10, color=INK)
    axes.set_ylabel("abnormal frames found", fontsize=10, color=INK)
    axes.legend(loc="lower right", frameon=False, fontsize=11, labelcolor=INK)
    tidy(axes)
    return figure
