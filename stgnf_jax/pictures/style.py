"""One look for all pictures: colours, sizes, axes, legends, and how they are saved."""

import os
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from stgnf_jax.files import write_atomically
from stgnf_jax.pictures.fonts import make_legible

# Okabe and Ito's colours, told apart also by the colour-blind.
BLUE, ORANGE, VERMILION = "#0072B2", "#E69F00", "#D55E00"
GREEN, SKY, PURPLE = "#009E73", "#56B4E9", "#CC79A7"
INK, GREY, FAINT = "#333333", "#888888", "#BBBBBB"
WIDTH, DPI = 9.0, 100  # inches, pixels an inch

# From rare to common, from much to little: its lightness rises all the way.
RARITY = LinearSegmentedColormap.from_list("rarity", ["#5C1A00", VERMILION, "#F2C9A8", "#EDEDED"])
# What a clip's, a curve's or a group's colour is, by its number.
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure; sizes in inches."""
    layout = ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.08)
    return Figure(figsize=(width, height), dpi=DPI, layout=layout)


def tidy(axes: Axes, title: str = "", *, xlabel: str = "", ylabel: str = "") -> None:
    """Quiet axes: two spines, small labels, the title on the left, where a $ is a $."""
    axes.set_title(title, loc="left", fontsize=10, color=INK, parse_math=False)
    axes.set_xlabel(xlabel, fontsize=10, color=INK)
    axes.set_ylabel(ylabel, fontsize=10, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(labelsize=9, labelcolor=INK, color=FAINT)


def legend_above(figure: Figure) -> None:
    """One legend above all axes, each label once."""
    lines = [axes.get_legend_handles_labels() for axes in figure.axes]
    entries = {label: line for pair in lines for line, label in zip(*pair, strict=True)}
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="outside upper right",
        ncols=len(entries),
        frameon=False,
        fontsize=10,
        labelcolor=INK,
    )


def minus(text: str) -> str:
    """A number's text with a minus sign, as on the axes."""
    return text.replace("-", "−")


def save_png(figure: Figure, file: Path) -> None:
    """Writes a figure as PNG, equal figures as equal bytes.

    Raises:
      InputError: the file cannot be written.
    """
    make_legible(figure)
    with write_atomically(file) as partial:
        figure.savefig(partial, format="png")


def save(figure: Figure, stem: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Writes a figure as `stem`.png and `stem`.svg, equal figures as equal bytes.

    Returns:
      The two files.

    Raises:
      InputError: a file cannot be written.
    """
    png, svg = (Path(f"{os.fspath(stem)}.{kind}") for kind in ("png", "svg"))
    save_png(figure, png)
    salted = matplotlib.rc_context({"svg.hashsalt": "stgnf_jax"})
    with salted, write_atomically(svg) as partial:
        figure.savefig(partial, format="svg", metadata={"Date": None})
    return png, svg
