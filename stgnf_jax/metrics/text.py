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
    """A line for each figure, with its interval, and what that is, before them."""
    figures = metrics.figures
    lines = [
        f"{title:<18} {_described(getattr(figures, name), metrics.num_clips)}"
        for name, title in TITLES.items()
    ]
    if any(figure.interval for figure in figures):
        lines.insert(0, f"with {100 * metrics.bootstrap.level:g} % intervals over clips:")
    return lines


def _described(figure: Figure, num_clips: int) -> str:
    if figure.value is None:
        return f"not computed: {figure.reason}"
    text = f"{figure.value:.4f}"
    if figure.interval is not None:
        text += f"  {figure.interval.low:.4f} to {figure.interval.high:.4f}"
    return text if figure.num_clips == num_clips else f"{text}  ({figure.num_clips} clips)"
