"""Scores over time: of frames, and of the people in them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from stgnf_jax.pictures.style import (
    BLUE,
    FAINT,
    GREY,
    INK,
    ORANGE,
    RARITY,
    legend_above,
    minus,
    new_figure,
    tidy,
)
from stgnf_jax.scoring import FrameScores, PersonScores

MOST_PEOPLE = 6  # lines below a clip's curve
FLATTENING = 20  # so many times usual scores, and an axis turns logarithmic
RAREST = 1e-3  # where the darkest colour begins
# Heights in inches: a curve, a person's line, what is around them, the colour bar.
CURVE, LINE, SPACE, BAR = 1.1, 0.14, 0.65, 0.6


class Person(NamedTuple):
    """One person's scores over the F frames of a clip.

    Attributes:
      number: of the person.
      score: (F,), NaN where there is none.
      rarity: (F,), the share of all scores of the set that are not higher; NaN where no score is.
    """

    number: int
    score: NDArray[np.float64]
    rarity: NDArray[np.float64]


def score_curves(
    scores: FrameScores,
    clips: Sequence[int],
    normal: NDArray[np.bool_] | None = None,
    people: PersonScores | None = None,
    unit: str = "bits / dim",
) -> Figure:
    """Normality over the frames of some clips, one below the other (paper figure 5).

    The thick line is the smoothed score, the thin dark one the score before smoothing, which is
    that of the lowest person, absent where nobody was scored; the pale ones are all people. Frames
    that the ground truth calls abnormal are shaded. Each clip has a scale of its own, logarithmic
    below usual scores where need be: the scores have long tails, and a low one would flatten all.
    Below a clip's curve the people who go lowest have a line each, the darker, the fewer scores of
    the whole set are as low.

    Args:
      scores: score of each frame.
      clips: numbers of the clips to draw, at least one.
      normal: (F,) bool, ground truth over the frames of all clips.
      people: scores of people in frames, of the same clips; not drawn when not given.
      unit: of the scores.
    """
    crowds = [[] if people is None else _people(scores, people, clip) for clip in clips]
    lines = [min(len(crowd), MOST_PEOPLE) for crowd in crowds]
    heights = [height for count in lines for height in (CURVE, LINE * count) if height]
    bar = BAR if any(lines) else 0
    figure = new_figure(height=0.7 + bar + sum(heights) + SPACE * len(clips))
    rows = iter(figure.subplots(len(heights), squeeze=False, height_ratios=heights)[:, 0])
    for clip, crowd, count in zip(clips, crowds, lines, strict=True):
        axes = next(rows)
        if normal is not None:
            _shade(axes, ~normal[scores.frames(clip)])
        _draw_people(axes, crowd)
        _draw_curve(axes, scores, clip, "lowest person" if crowd else "before smoothing")
        if crowd:
            axes.tick_params(labelbottom=False, bottom=False)
            _draw_rarity(next(rows), crowd[:count], hidden=len(crowd) - count)
    figure.axes[-1].set_xlabel("frame", fontsize=10, color=INK)
    _color_bar(figure)
    figure.supylabel(f"normality ({unit})", fontsize=10, color=INK)
    legend_above(figure)
    return figure


def telling_clips(scores: FrameScores, normal: NDArray[np.bool_], count: int) -> list[int]:
    """The clips to show first, at most `count`, in the order of their numbers.

    Clips with both normal and abnormal frames come before others; among equals those whose
    smoothed score moves most, whether it moves rightly or not.
    """

    def interest(clip: int) -> tuple[bool, float]:
        truth, score = normal[scores.frames(clip)], scores.smoothed[scores.frames(clip)]
        return bool(truth.any() and not truth.all()), float(np.ptp(score))

    filled = [clip for clip in range(len(scores.clips)) if np.diff(scores.offsets)[clip]]
    return sorted(sorted(filled, key=interest, reverse=True)[:count])


def _people(scores: FrameScores, people: PersonScores, clip: int) -> list[Person]:
    """The people of a clip, those who go lowest first."""
    ordered = np.sort(people.score)
    here = people.clip == clip
    number, frame, score = people.person[here], people.frame[here], people.score[here]
    rarity = np.searchsorted(ordered, score, "right") / len(ordered)
    found = []
    for one in np.unique(number):
        theirs = number == one
        rows = np.full((2, int(np.diff(scores.offsets)[clip])), np.nan)
        rows[:, frame[theirs]] = score[theirs], rarity[theirs]
        found.append(Person(int(one), *rows))
    return sorted(found, key=lambda person: float(np.nanmin(person.score)))


def _shade(axes: Axes, abnormal: NDArray[np.bool_]) -> None:
    """Shades each run of abnormal frames; the first one carries the legend's label."""
    edges = np.flatnonzero(np.diff(abnormal, prepend=False, append=False))
    for i, (start, end) in enumerate(edges.reshape(-1, 2)):
        label = "" if i else "abnormal (ground truth)"
        axes.axvspan(start - 0.5, end - 0.5, color=ORANGE, alpha=0.3, linewidth=0, label=label)


def _draw_curve(axes: Axes, scores: FrameScores, clip: int, lowest: str) -> None:
    frames = scores.frames(clip)
    raw = np.where(scores.scored, scores.raw, np.nan)[frames]
    axes.plot(raw, color=INK, linewidth=1, label=lowest)
    axes.plot(scores.smoothed[frames], color=BLUE, linewidth=2, label="frame score")
    axes.set_xlim(-0.5, frames.stop - frames.start - 0.5)
    _scale(axes, scores, frames)
    tidy(axes, title=scores.clips[clip])


def _scale(axes: Axes, scores: FrameScores, frames: slice) -> None:
    """Makes the axis logarithmic beyond usual scores, where the lowest one would flatten all."""
    usual = 3 * abs(float(np.median(scores.raw)))
    lowest = float(scores.raw[frames].min(initial=0))
    if usual and lowest < -FLATTENING * usual:
        powers = np.arange(np.ceil(np.log10(usual)), np.log10(-lowest))
        axes.set_yscale("symlog", linthresh=usual, linscale=0.7)
        axes.set_ylim(2 * lowest, float(scores.raw[frames].max()) + usual / 2)
        ticks = [0, *-(10**powers)]
        axes.set_yticks(ticks, [minus(f"{tick:g}") for tick in ticks])
        axes.yaxis.set_minor_locator(NullLocator())


def _draw_people(axes: Axes, crowd: Sequence[Person]) -> None:
    for i, person in enumerate(crowd):
        label = "" if i else "each person"
        axes.plot(person.score, color=FAINT, linewidth=0.8, label=label)


def _draw_rarity(axes: Axes, crowd: Sequence[Person], hidden: int) -> None:
    rarity = np.ma.masked_invalid([person.rarity for person in crowd])
    corners = np.arange(rarity.shape[1] + 1) - 0.5, np.arange(len(crowd) + 1) - 0.5
    axes.pcolormesh(*corners, rarity, cmap=RARITY, norm=LogNorm(RAREST, 1), rasterized=True)
    tidy(axes)
    axes.set(xlim=(-0.5, rarity.shape[1] - 0.5), ylim=(len(crowd) - 0.5, -0.5))
    axes.set_yticks(range(len(crowd)), [f"person {one.number}" for one in crowd], fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if hidden:
        text = f"{hidden} more people, none lower"
        note = axes.text(
            1, 1.02, text, transform=axes.transAxes, ha="right", fontsize=7, color=GREY
        )
        note.set_in_layout(False)


def _color_bar(figure: Figure) -> None:
    """What the colours of the people's lines mean, below all axes that have such lines."""
    meshes = [
        each for axes in figure.axes for each in axes.collections if isinstance(each, QuadMesh)
    ]
    if not meshes:
        return
    bar = figure.colorbar(
        meshes[0], ax=figure.axes, location="bottom", shrink=0.5, aspect=50, pad=0.01, extend="min"
    )
    bar.set_ticks([1e-3, 1e-2, 1e-1, 1], labels=["0.1 %", "1 %", "10 %", "all"], minor=False)
    bar.ax.xaxis.set_minor_locator(NullLocator())
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, labelcolor=INK, color=FAINT)
    bar.set_label("share of all people's scores that are as low", fontsize=9, color=INK)
