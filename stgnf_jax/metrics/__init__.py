"""Figures of merit: over frames, over boxes, and how far they would vary with the clips."""

from stgnf_jax.metrics.bootstrap import Bootstrap, Interval
from stgnf_jax.metrics.boxes import RbdcTbdc, rbdc_tbdc
from stgnf_jax.metrics.frames import (
    MacroAuc,
    PrCurve,
    RocCurve,
    auc_macro,
    auc_micro,
    average_precision,
    eer,
    fpr_at_tpr,
    pr_curve,
    roc_curve,
)
from stgnf_jax.metrics.summary import (
    BoxFigures,
    Figure,
    Figures,
    Metrics,
    box_figures,
    frame_figures,
)

__all__ = [
    "Bootstrap",
    "BoxFigures",
    "Figure",
    "Figures",
    "Interval",
    "MacroAuc",
    "Metrics",
    "PrCurve",
    "RbdcTbdc",
    "RocCurve",
    "auc_macro",
    "auc_micro",
    "average_precision",
    "box_figures",
    "eer",
    "fpr_at_tpr",
    "frame_figures",
    "pr_curve",
    "rbdc_tbdc",
    "roc_curve",
]
