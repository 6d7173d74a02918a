"""Figures of merit as text."""

from collections.abc import Sequence

from stgnf_jax.reproduction.results import Figure, Figures

NONE = "–"


def number(value: float | None) -> str:
    """A percentage to one digit, as the paper prints them."""
    return NONE if value is None else f"{value:.1f}"


def signed(difference: float) -> str:
    """A difference of percentages."""
    return f"{difference:+.1f}".replace("-", "−")


def span(interval: tuple[float, float] | None) -> str:
    """Both ends of an interval."""
    return NONE if interval is None else f"{interval[0]:.1f} to {interval[1]:.1f}"


def over_seeds(figure: Figure) -> str:
    """The mean over seeds, and their standard deviation where there are several."""
    spread = "" if figure.std is None else f" ± {figure.std:.1f}"
    return f"{figure.mean:.1f}{spread}"


def figures_text(figures: Figures) -> str:
    """All figures on a line."""
    return ", ".join(f"{name} {over_seeds(figure)}" for name, figure in figures.items())


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
