"""Scores in a folder to a page that shows them on the people: `stgnf report`."""

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.alarm_threshold import alarm_threshold
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.metrics import auc_micro
from stgnf_jax.poses import Tracks
from stgnf_jax.report_clips import PackedClip, View, find_view, pack_clips
from stgnf_jax.report_facts import gather_facts, headline, load_metrics
from stgnf_jax.report_html import page
from stgnf_jax.saved_scores import SavedScores, load_scores
from stgnf_jax.score_origin import ScoreOrigin, load_origin
from stgnf_jax.window_set import load_window_set
from stgnf_jax.windows import window_origin

REPORT_FILE = "report.html"
# Where the colours of people end, as a share of their scores.
COLOURED = 0.9


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
    saved, origin = load_scores(run), load_origin(run)
    tracks = _load_tracks(origin, saved, poses)
    view = find_view(tracks, origin.model.resolution)
    clips = list(pack_clips(saved, tracks, view))
    metrics = {} if saved.normal is None else load_metrics(run)
    facts = gather_facts(run, saved, origin, metrics)
    index = {
        **_index(saved, view, clips),
        "headline": headline(saved, metrics),
        "facts": [[title, rows] for title, rows in facts],
        "bones": origin.model.flow.skeleton.edges,
        "joints": origin.model.flow.skeleton.num_joints,
    }
    title = run.absolute().name
    file = run / REPORT_FILE if out is None else Path(out)
    with write_atomically(file) as path, open(path, "w", encoding="utf-8", newline="\n") as text:
        text.writelines(page(title, index, (_packed_frames(saved), *(c.data for c in clips))))
    return file


def _load_tracks(
    origin: ScoreOrigin, saved: SavedScores, poses: str | os.PathLike[str] | None
) -> Tracks:
    """The poses that were scored.

    Raises:
      InputError: they are not where they were, or are others.
    """
    data = origin.config.data
    folder = Path(data.root, data.test_poses) if poses is None else Path(poses).absolute()
    if not folder.is_dir():
        raise InputError(
            "is no folder; the poses that were scored are needed to draw the people: say where "
            "they are with --poses=FOLDER",
            file=folder,
        )
    tracks, windows = load_window_set(data, origin.model.flow, os.fspath(folder), data.test_stride)
    cut = window_origin(tracks, windows)
    scored = saved.windows
    names = np.array(saved.frames.clips, dtype=np.str_)[scored.clip]
    same = len(cut.clip) == len(scored.clip) and (
        (np.array(tracks.clips, dtype=np.str_)[cut.clip] == names).all()
        and (cut.person == scored.person).all()
        and (cut.frame == scored.start).all()
    )
    if not (same and set(saved.frames.clips) <= set(tracks.clips)):
        raise InputError(
            "holds other poses than those that were scored; score them again, or say where the "
            "poses that were are with --poses=FOLDER",
            file=folder,
        )
    return tracks


def _index(saved: SavedScores, view: View, clips: list[PackedClip]) -> dict[str, Any]:
    """What the page needs before a clip is shown."""
    threshold = alarm_threshold(saved.frames.smoothed, saved.normal)
    finite = saved.people.score[np.isfinite(saved.people.score)].astype(np.float64)
    low, high = float(finite.min()), float(np.quantile(finite, COLOURED))
    return {
        "view": [*view, view.step],
        "threshold": threshold._asdict(),
        "colours": [min(low, threshold.score), max(high, threshold.score)],
        "truth": saved.normal is not None,
        "clips": [
            {
                "name": clip.name,
                "frames": clip.num_frames,
                "people": [str(person) for person in clip.people],  # beyond JavaScript's numbers
                "rows": clip.rows,
                "auc": _clip_auc(saved, number),
                "range": _people_range(saved, number),
            }
            for number, clip in enumerate(clips)
        ],
    }


def _clip_auc(saved: SavedScores, clip: int) -> float | None:
    """The AUC within a clip; None where its frames are of one kind."""
    frames = saved.frames.frames(clip)
    normal = None if saved.normal is None else saved.normal[frames]
    if normal is None or normal.all() or not normal.any():
        return None
    return auc_micro(normal, saved.frames.smoothed[frames])


def _people_range(saved: SavedScores, clip: int) -> tuple[float, float] | None:
    """The lowest and the highest finite score of the people in a clip; None without any."""
    score = saved.people.score[saved.people.clip == clip]
    finite = score[np.isfinite(score)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _packed_frames(saved: SavedScores) -> bytes:
    """Gzip of the frames of all clips: score float64, then abnormal uint8, then scored uint8."""
    frames = saved.frames
    normal: NDArray[np.bool_] = (
        np.ones(len(frames.smoothed), np.bool_) if saved.normal is None else saved.normal
    )
    parts = (
        frames.smoothed.astype("<f8"),
        (~normal).astype(np.uint8),
        frames.scored.astype(np.uint8),
    )
    return gzip.compress(b"".join(part.tobytes() for part in parts), mtime=0)
