"""Figures as lines for people."""

from stgnf_jax.metrics.summary import Figure, Metrics

TITLES = {
    "auc_micro": "micro AUC",
    "auc_macro": "macro AUC",
    "average_precision": "average precision",
    "eer": "equal error rate",
    "fpr_at_95_tpr": "FPR at 95 % TPR",
    "rbdc": "RBDC",
    "tbdc": "TBDC",
}


def figure_lines(metrics: Metrics) -> list[str]:
    """A line for each figure, with its interval."""
    return [
        f"{title:<18} {_described(getattr(metrics.figures, name), metrics)}"
        for name, title in TITLES.items()
    ]


def _described(figure: Figure, metrics: Metrics) -> str:
    if figure.value is None:
        return f"not computed: {figure.reason}"
    text = f"{figure.value:.4f}"
    if figure.interval is not None:
        low, high = figure.interval
        text += f"  {low:.4f} to {high:.4f} ({100 * metrics.bootstrap.level:g} % of resamples)"
    if figure.num_clips < metrics.num_clips:
        text += f"  {figure.num_clips} clips"
    return text
