"""The poses that scores in a folder are of, read once more and cut into the same windows."""

import os
from pathlib import Path

import numpy as np

from stgnf_jax.errors import InputError
from stgnf_jax.saved_scores import SavedScores
from stgnf_jax.score_origin import ScoreOrigin
from stgnf_jax.window_set import WindowSet, load_test_windows
from stgnf_jax.windows import window_origin


def located(origin: ScoreOrigin, poses: str | os.PathLike[str] | None) -> ScoreOrigin:
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


def load_scored(origin: ScoreOrigin, saved: SavedScores) -> WindowSet:
    """The poses that were scored and their windows, one for each score and in that order.

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
    return WindowSet(tracks, windows)
