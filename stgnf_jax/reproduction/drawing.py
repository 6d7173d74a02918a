"""The pictures of a reproduction: scores over time, people, and what a setting does."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.figure import Figure as Picture

from stgnf_jax import pictures
from stgnf_jax.evaluation import Evaluation
from stgnf_jax.gallery import NUM_CURVES, extremes
from stgnf_jax.pictures import AblationPoint
from stgnf_jax.reproduction.experiments import EXPERIMENTS
from stgnf_jax.reproduction.outcome import Outcome
from stgnf_jax.reproduction.paper import AUC, WHOLE
from stgnf_jax.reproduction.results import Figure
from stgnf_jax.skeleton import Skeleton

FOLDER = "figures"


def _curves(evaluation: Evaluation, _: Skeleton) -> Picture:
    """The clips that tell most, as in figure 5."""
    scored, normal = evaluation.scored, evaluation.normal
    clips = pictures.telling_clips(scored.frames, normal, NUM_CURVES)
    return pictures.score_curves(scored.frames, clips, normal, scored.people)


def _people(evaluation: Evaluation, skeleton: Skeleton) -> Picture:
    """Whose scores are the highest and the lowest, where figure 12 has video frames."""
    return pictures.film_strips(extremes(evaluation.scored), skeleton)


PICTURES: dict[str, Callable[[Evaluation, Skeleton], Picture]] = {
    "curves": _curves,
    "people": _people,
}


def picture_name(experiment: str, tested_on: str, picture: str) -> str:
    """The name, without an ending, of what is drawn of a test."""
    return f"{experiment}_{tested_on}_{picture}"


def draw_test(
    experiment: str,
    tested_on: str,
    evaluation: Evaluation,
    skeleton: Skeleton,
    out: str | os.PathLike[str],
) -> None:
    """Draws what an experiment shows of a test into `out`/figures, as PNG and SVG.

    Raises:
      InputError: a file cannot be written.
    """
    for picture in EXPERIMENTS[experiment].pictures:
        stem = Path(out, FOLDER, picture_name(experiment, tested_on, picture))
        pictures.save(PICTURES[picture](evaluation, skeleton), stem)


def draw_curve(experiment: str, outcomes: Sequence[Outcome], out: str | os.PathLike[str]) -> None:
    """Draws the AUC over a setting, a curve a data set, into `out`/figures, as PNG and SVG.

    An error bar is the standard deviation over seeds. Nothing is drawn where nothing was run.

    Raises:
      InputError: a file cannot be written.
    """
    curves: dict[str, list[AblationPoint]] = {}
    for outcome in outcomes:
        row = outcome.planned.row
        if AUC in outcome.figures and row.x is not None:
            paper = row.paper.get(AUC) if row.tested_on in WHOLE else None
            point = _point(outcome.figures[AUC], row.x, paper)
            curves.setdefault(row.tested_on, []).append(point)
    if curves:
        drawn = pictures.ablation_curve(curves, xlabel=EXPERIMENTS[experiment].axis)
        pictures.save(drawn, Path(out, FOLDER, experiment))


def _point(auc: Figure, x: float, paper: float | None) -> AblationPoint:
    spread = auc.std or 0.0
    return AblationPoint(x, auc.mean, auc.mean - spread, auc.mean + spread, paper)
