"""Scores in a folder to a page that shows them on the people: `stgnf report`."""

import os
from pathlib import Path

import numpy as np

from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.poses import Tracks
from stgnf_jax.report_clips import find_view, pack_clips
from stgnf_jax.report_facts import gather_facts, headline
from stgnf_jax.report_html import page
from stgnf_jax.report_index import make_index, pack_frames
from stgnf_jax.saved_scores import SavedScores, load_scores
from stgnf_jax.score_files import load_metrics
from stgnf_jax.score_origin import ScoreOrigin, load_origin
from stgnf_jax.window_set import load_test_windows
from stgnf_jax.windows import window_origin

REPORT_FILE = "report.html"


def write_report(
    run: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    poses: str | os.PathLike[str] | None = None,
) -> Path:
    """Writes the report on the scores in a folder: one HTML file that needs no other.

    Args:
      run: folder that `score`, `evaluate` or `train_and_evaluate` has written scores to.
      out: the file; `report.html` in `run` by default.
      poses: folder of the pose files; by default where they were when they were scored.

    Returns:
      The file.

    Raises:
      InputError: the folder holds no scores, its files are damaged, the poses are not those that
        were scored, or the page cannot be written.
    """
    run = Path(run)
    saved, origin = load_scores(run), _located(load_origin(run), poses)
    metrics = {} if saved.normal is None else load_metrics(run) or {}
    facts = gather_facts(run, saved, origin, metrics)
    tracks = _load_tracks(origin, saved)
    view = find_view(tracks, origin.model.resolution)
    clips = list(pack_clips(saved, tracks, view))
    index = make_index(saved, origin, view, clips)
    index |= {"headline": headline(saved, metrics), "facts": facts}
    pieces = page(run.absolute().name, index, [pack_frames(saved), *(clip.data for clip in clips)])
    file = run / REPORT_FILE if out is None else Path(out)
    with write_atomically(file) as path, open(path, "w", encoding="utf-8", newline="\n") as text:
        text.writelines(pieces)
    return file


def _located(origin: ScoreOrigin, poses: str | os.PathLike[str] | None) -> ScoreOrigin:
    """The origin with the folder where the poses are now.

    Raises:
      InputError: they are not where they were.
    """
    data = origin.config.data
    if poses is not None:
        data.test_poses = os.path.abspath(poses)
    folder = Path(data.root, data.test_poses)
    if not folder.is_dir():
        raise InputError(
            "is no folder; the poses that were scored are needed to draw the people: say where "
            "they are with --poses=FOLDER",
            file=folder,
        )
    return origin


def _load_tracks(origin: ScoreOrigin, saved: SavedScores) -> Tracks:
    """The poses that were scored.

    Raises:
      InputError: those in the folder are others.
    """
    data = origin.config.data
    tracks, windows = load_test_windows(data, origin.model.flow)
    cut, scored = window_origin(tracks, windows), saved.windows
    numbers = {name: number for number, name in enumerate(tracks.clips)}
    clips = np.array([numbers.get(name, -1) for name in saved.frames.clips])
    same = (
        (clips >= 0).all()
        and np.array_equal(cut.clip, clips[scored.clip])
        and np.array_equal(cut.person, scored.person)
        and np.array_equal(cut.frame, scored.start)
    )
    if not same:
        raise InputError(
            "holds other poses than those that were scored; score them again, or say where the "
            "poses that were are with --poses=FOLDER",
            file=Path(data.root, data.test_poses),
        )
    return tracks
