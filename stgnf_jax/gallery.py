"""The pictures of an evaluation."""

import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import jax
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stgnf_jax import pictures
from stgnf_jax.decomposition import decompose_members
from stgnf_jax.evaluation import Evaluation, Scored
from stgnf_jax.explanations import load_windows
from stgnf_jax.metrics import average_precision, pr_curve, roc_curve
from stgnf_jax.model import Model
from stgnf_jax.pictures.style import minus
from stgnf_jax.score_kinds import UNITS
from stgnf_jax.scoring import extreme_windows

NUM_CURVES = 4
NUM_STRIPS = 3
NUM_SAMPLES = 3
# Clips that get a picture of their own, and windows of each kind in the latents' one, at most.
MOST_CLIPS = 24
MOST_LATENTS = 1000
# Windows that span a plane.
FEWEST_LATENTS = 3


def save_pictures(
    evaluation: Evaluation, models: Sequence[Model], kind: str, out: str | os.PathLike[str]
) -> tuple[Path, ...]:
    """Draws an evaluation into the folder `out`, each picture as PNG and as SVG.

    What there is, and how to read it: docs/pictures.md.

    Args:
      evaluation: what `evaluate` found.
      models: the members of the ensemble that scored, or one.
      kind: of the scores, a name in `SCORES`.
      out: folder to write to; made when it is missing.

    Returns:
      The files.

    Raises:
      InputError: a file cannot be written.
    """
    written: list[Path] = []
    for name, figure in _figures(evaluation, models, UNITS[kind]):
        written += pictures.save(figure, Path(out) / name)
    return tuple(written)


def _figures(
    evaluation: Evaluation, models: Sequence[Model], unit: str
) -> Iterator[tuple[str, Figure]]:
    """The pictures by their names, one after the other: only one is in memory."""
    scored, normal, metrics = evaluation
    frames, skeleton = scored.frames, models[0].config.skeleton
    curves = functools.partial(
        pictures.score_curves, frames, normal=normal, people=scored.people, unit=unit
    )
    yield "score_curves", curves(pictures.telling_clips(frames, normal, NUM_CURVES))
    roc, pr = roc_curve(normal, frames.smoothed), pr_curve(normal, frames.smoothed)
    precision = average_precision(normal, frames.smoothed)
    yield "detection", pictures.detection_curves(roc, pr, metrics.auc_micro, precision)
    yield "histograms", histograms(evaluation, unit)
    if len(scored.windows.score) >= FEWEST_LATENTS:
        yield "latents", latents(evaluation, models[0])
    yield "skeletons", pictures.film_strips(extremes(scored), skeleton)
    yield "explanations", explanations(scored, models)
    yield "samples", samples(scored, models[0])
    for clip in pictures.telling_clips(frames, normal, MOST_CLIPS):
        yield f"clips/{frames.clips[clip]}", curves([clip])


def normal_windows(evaluation: Evaluation) -> NDArray[np.bool_]:
    """Which windows have a normal frame in their middle, (N,)."""
    people, frames = evaluation.scored.people, evaluation.scored.frames
    return evaluation.normal[frames.offsets[people.clip] + people.frame]


def histograms(evaluation: Evaluation, unit: str) -> Figure:
    """How scores of windows and of frames are spread; infinite ones as the lowest finite one."""
    scored, truth = evaluation.scored, normal_windows(evaluation)
    frames, score = scored.frames.smoothed, scored.windows.score
    score = np.maximum(score, score[np.isfinite(score)].min())
    panels = [("frames, smoothed", frames, evaluation.normal)]
    if truth.any() and not truth.all():
        panels.insert(0, ("windows, by their middle frame", score, truth))
    groups = [
        pictures.ScoreGroups(title, score[which], score[~which]) for title, score, which in panels
    ]
    return pictures.score_histograms(groups, unit)


def latents(evaluation: Evaluation, model: Model) -> Figure:
    """Where the flow puts some windows of either kind, drawn by lot, always the same ones."""
    truth, lot = normal_windows(evaluation), np.random.default_rng(0)
    finite = np.isfinite(evaluation.scored.windows.score)
    groups = (np.flatnonzero(finite & kind) for kind in (truth, ~truth))
    chosen = np.concatenate([lot.permutation(group)[:MOST_LATENTS] for group in groups])
    x = load_windows(model, evaluation.scored.window_set, chosen)
    z = np.asarray(jax.jit(model.distribution.bijector.inverse)(x))
    radius, normal = model.config.radius, truth[chosen]
    planes = (pictures.principal_plane(z, normal, radius), pictures.mean_plane(z, radius))
    return pictures.latent_planes(planes, normal)


def extremes(scored: Scored, count: int = NUM_STRIPS) -> list[pictures.StripGroup]:
    """The people with the highest and the lowest scores, each by their most extreme window."""
    groups = []
    for title, color, lowest in (
        ("highest scores: most normal", pictures.BLUE, False),
        ("lowest scores: least normal", pictures.VERMILION, True),
    ):
        chosen = extreme_windows(scored.windows, count, lowest=lowest)
        strips = [pictures.Strip(_poses(scored, i), _caption(scored, i)) for i in chosen]
        groups.append(pictures.StripGroup(title, color, strips))
    return groups


def explanations(scored: Scored, models: Sequence[Model]) -> Figure:
    """Where the nll of the people with the lowest scores lies."""
    finite = np.where(np.isfinite(scored.windows.score), scored.windows.score, np.inf)
    windows = scored.windows._replace(score=finite)
    chosen = extreme_windows(windows, NUM_STRIPS, lowest=True)
    nll = decompose_members(models, load_windows(models[0], scored.window_set, chosen)).nll
    strips = [
        pictures.ExplainedStrip(
            _poses(scored, i), terms, f"nll {minus(f'{terms.sum():.2f}')}   {_place(scored, i)}"
        )
        for i, terms in zip(chosen, np.asarray(nll), strict=True)
    ]
    return pictures.explained_strips(strips, models[0].config.skeleton)


def samples(scored: Scored, model: Model) -> Figure:
    """Windows drawn from the flow, below a window with a middling score."""
    middle = np.argsort(scored.windows.score, kind="stable")[len(scored.windows.score) // 2]
    seen = pictures.Strip(_poses(scored, middle), _caption(scored, middle))
    drawn = jax.jit(lambda key: model.distribution.sample(seed=key, sample_shape=(NUM_SAMPLES,)))(
        jax.random.key(0)
    )
    shape = np.asarray(drawn)[..., :2] * np.array(model.resolution)
    strips = [pictures.Strip(one, f"sample {i}") for i, one in enumerate(shape, start=1)]
    return pictures.film_strips(
        [
            pictures.StripGroup("a window with a middling score", pictures.BLUE, [seen]),
            pictures.StripGroup("drawn from the flow", pictures.GREEN, strips),
        ],
        model.config.skeleton,
    )


def _poses(scored: Scored, window: int) -> NDArray[np.float32]:
    first = scored.window_set.windows.start[window]
    return scored.window_set.tracks.keypoints[first : first + scored.length]


def _caption(scored: Scored, window: int) -> str:
    return f"score {minus(f'{scored.windows.score[window]:.2f}')}   {_place(scored, window)}"


def _place(scored: Scored, window: int) -> str:
    clip, person, start, _ = (column[window] for column in scored.windows)
    return f"clip {scored.frames.clips[clip]}, person {person}, from frame {start}"
