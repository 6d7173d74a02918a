"""Scores in a folder against normal ones: p-values and drift, as tables and a picture."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax import pictures
from stgnf_jax.comparable import comparable_scores
from stgnf_jax.conformal import TrackScores, by_track
from stgnf_jax.csv_file import save_csv
from stgnf_jax.drift import Drift, drift
from stgnf_jax.normal_scores import NormalScene, scenes_of
from stgnf_jax.saved_scores import SavedScores, load_scores
from stgnf_jax.scoring import WindowScores

P_FIELDS = ("clip", "person", "start", "window_p", "track_p")
DRIFT_FIELDS = ("scene", "clip", "person", "lowest_score", "p", "log10_capital")


class SceneDrift(NamedTuple):
    """The new tracks of a scene, by the names of their clips and the times of their ends.

    Attributes:
      name: of the scene.
      clip: (M,) index into the clips.
      person: (M,).
      lowest: (M,) the score of the least normal window of each.
      drift: what it tells.
    """

    name: str
    clip: NDArray[np.integer]
    person: NDArray[np.integer]
    lowest: NDArray[np.floating]
    drift: Drift


def watch_drift(folder: str | os.PathLike[str]) -> tuple[SceneDrift, ...]:
    """Compares the scores in a folder with the normal ones of their model, and writes it there.

    `p_values.csv` has both kinds of p-values of each window, `drift.csv` the p-value of each track
    and the capital of who bets on a drift, `drift.png` and `drift.svg` both over time.

    Args:
      folder: what `stgnf score` or `stgnf evaluate` has written to.

    Raises:
      InputError: scores or normal scores are missing or damaged, or are not comparable.
    """
    scores, normal = load_scores(folder), comparable_scores(folder)
    clips = scores.frames.clips
    scenes = scenes_of(normal, clips)
    tracks = by_track(scores.windows)
    names = np.array([scene.name for scene in scenes])
    by_name = {scene.name: scene for scene in scenes}
    found = tuple(
        _scene_drift(scene, tracks, np.flatnonzero(names[tracks.clip] == name))
        for name, scene in sorted(by_name.items())
    )
    out = Path(folder)
    save_csv(out / "p_values.csv", P_FIELDS, _p_rows(scores, by_name, names))
    save_csv(out / "drift.csv", DRIFT_FIELDS, _drift_rows(clips, found))
    curves = [pictures.DriftCurve(one.name, one.drift.p, one.drift.log10_capital) for one in found]
    pictures.save(pictures.drift_curves(curves), out / "drift")
    return found


def _scene_drift(scene: NormalScene, tracks: TrackScores, here: NDArray[np.int64]) -> SceneDrift:
    order = here[np.lexsort((tracks.person[here], tracks.last[here], tracks.clip[here]))]
    lowest = tracks.lowest[order]
    return SceneDrift(
        scene.name, tracks.clip[order], tracks.person[order], lowest, drift(scene.lowest, lowest)
    )


def _p_rows(
    scores: SavedScores, scenes: dict[str, NormalScene], names: NDArray[np.str_]
) -> Iterable[tuple[Any, ...]]:
    windows: WindowScores = scores.windows
    window_p, track_p = np.ones((2, len(windows.score)))
    for name, scene in scenes.items():
        here = names[windows.clip] == name
        window_p[here] = scene.window_p(windows.score[here])
        track_p[here] = scene.track_p(windows.score[here])
    clips = np.array(scores.frames.clips)[windows.clip]
    return zip(clips, windows.person, windows.start, window_p, track_p, strict=True)


def _drift_rows(clips: tuple[str, ...], found: Iterable[SceneDrift]) -> Iterable[tuple[Any, ...]]:
    for one in found:
        names = (clips[clip] for clip in one.clip)
        for row in zip(names, one.person, one.lowest, *one.drift, strict=True):
            yield one.name, *row
