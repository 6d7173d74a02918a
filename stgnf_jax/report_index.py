"""What the page of a report knows of all clips before it shows one."""

import gzip
from collections.abc import Sequence
from typing import Any

import numpy as np

from stgnf_jax.alarm_threshold import alarm_threshold
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.metrics import auc_micro
from stgnf_jax.report_clips import PackedClip, View
from stgnf_jax.saved_scores import SavedScores
from stgnf_jax.score_origin import ScoreOrigin

# Frames a second of a video where nobody knows.
USUAL_FPS = 25.0
# Where the colours of people end, as a share of their scores.
COLOURED = 0.9


def make_index(
    saved: SavedScores, origin: ScoreOrigin, view: View, clips: Sequence[PackedClip]
) -> dict[str, Any]:
    """The index as JSON; `report_page/data.js` reads it.

    Args:
      saved: the scores.
      origin: where they come from.
      view: what is shown of the pictures.
      clips: all that have frames.
    """
    threshold = alarm_threshold(saved.frames.smoothed, saved.normal)
    score = saved.people.score[np.isfinite(saved.people.score)].astype(np.float64)
    colours = (float(score.min()), float(np.quantile(score, COLOURED)))
    skeleton = origin.model.flow.skeleton
    return {
        "view": [*view, view.step],
        "bones": skeleton.edges,
        "joints": skeleton.num_joints,
        "fps": BENCHMARKS[origin.config.data.benchmark].fps or USUAL_FPS,
        "threshold": threshold._asdict(),
        "colours": colours,
        "truth": saved.normal is not None,
        "clips": [_clip(saved, number, clip) for number, clip in enumerate(clips)],
    }


def pack_frames(saved: SavedScores) -> bytes:
    """The frames of all clips, gzip of: score float64, then abnormal uint8, then scored uint8."""
    frames = saved.frames
    normal = np.ones(len(frames.smoothed)) if saved.normal is None else saved.normal
    parts = (
        frames.smoothed.astype("<f8"),
        (normal == 0).astype(np.uint8),
        frames.scored.astype(np.uint8),
    )
    return gzip.compress(b"".join(part.tobytes() for part in parts), mtime=0)


def _clip(saved: SavedScores, number: int, clip: PackedClip) -> dict[str, Any]:
    return {
        "name": clip.name,
        "frames": clip.num_frames,
        "people": [str(person) for person in clip.people],  # beyond JavaScript's whole numbers
        "rows": clip.rows,
        "auc": _auc(saved, number),
        "range": _range(saved, number),
    }


def _auc(saved: SavedScores, clip: int) -> float | None:
    """The AUC within a clip; None where its frames are of one kind."""
    frames = saved.frames.frames(clip)
    normal = None if saved.normal is None else saved.normal[frames]
    if normal is None or normal.all() or not normal.any():
        return None
    return auc_micro(normal, saved.frames.smoothed[frames])


def _range(saved: SavedScores, clip: int) -> tuple[float, float] | None:
    """The lowest and the highest finite score of the people in a clip; None without any."""
    score = saved.people.score[saved.people.clip == clip]
    finite = score[np.isfinite(score)]
    return (float(finite.min()), float(finite.max())) if finite.size else None
