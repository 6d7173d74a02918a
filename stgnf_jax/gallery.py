"""The pictures of an evaluation: score curves, ROC, and who scored highest and lowest."""

import os
from pathlib import Path

import numpy as np

from stgnf_jax import pictures
from stgnf_jax.evaluation import Evaluation, Scored
from stgnf_jax.metrics import roc_curve
from stgnf_jax.skeleton import Skeleton

NUM_CURVES = 4
NUM_STRIPS = 3


def save_pictures(
    evaluation: Evaluation, skeleton: Skeleton, out: str | os.PathLike[str]
) -> tuple[Path, ...]:
    """Draws an evaluation into the folder `out` and says which files it wrote.

    Each is a PNG and an SVG: `score_curves` has the clips that tell most, `clips/<clip>` each clip,
    `roc` the ROC curve, and `skeletons` the people with the highest and the lowest scores.

    Raises:
      InputError: a file cannot be written.
    """
    scored, normal, metrics = evaluation
    frames = scored.frames
    telling = pictures.telling_clips(frames, normal, NUM_CURVES)
    drawn = {
        "score_curves": pictures.score_curves(frames, telling, normal),
        "roc": pictures.roc(roc_curve(normal, frames.smoothed), metrics.auc_micro),
        "skeletons": pictures.skeleton_strips(
            strips(scored, lowest=False), strips(scored, lowest=True), skeleton
        ),
    }
    for number, clip in enumerate(frames.clips):
        drawn[f"clips/{clip}"] = pictures.score_curves(frames, [number], normal)
    written: list[Path] = []
    for name, figure in drawn.items():
        written += pictures.save(figure, Path(out) / name)
    return tuple(written)


def strips(scored: Scored, *, lowest: bool, count: int = NUM_STRIPS) -> list[pictures.Strip]:
    """The people with the lowest or the highest scores, each by their most extreme window."""
    windows = scored.windows
    order = np.argsort(windows.score if lowest else -windows.score, kind="stable")
    people = np.stack([windows.clip, windows.person], 1)[order]
    first = np.sort(np.unique(people, axis=0, return_index=True)[1])[:count]
    return [_strip(scored, int(window)) for window in order[first]]


def _strip(scored: Scored, window: int) -> pictures.Strip:
    clip, person, start, score = (column[window] for column in scored.windows)
    first = scored.window_set.windows.start[window]
    poses = scored.window_set.tracks.keypoints[first : first + scored.length]
    return pictures.Strip(poses, float(score), scored.frames.clips[clip], int(person), int(start))
