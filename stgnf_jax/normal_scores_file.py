"""Normal scores on disk: one NPZ beside a model's checkpoints, nothing in it ever executed."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.format_version import Fields, migrated, versioned
from stgnf_jax.normal_scores import NormalScene, NormalScores, ScoredAs
from stgnf_jax.npz_files import load_npz

NORMAL_SCORES_FILE = "normal_scores.npz"


def save_normal_scores(directory: str | os.PathLike[str], normal: NormalScores) -> None:
    """Writes `normal_scores.npz`.

    It holds `score` and `offsets` of all scenes' tracks, scene after scene, `scenes`, which tracks
    are whose, and `about`, the rest as JSON.

    Raises:
      InputError: it cannot be written.
    """
    scenes = normal.scenes
    about = {
        "scored_as": normal.scored_as._asdict(),
        "weights": normal.weights,
        "scene_pattern": normal.scene_pattern,
        "names": [scene.name for scene in scenes],
        "hours": [scene.hours for scene in scenes],
    }
    sizes = np.concatenate([np.diff(scene.offsets) for scene in scenes])
    columns = {
        "score": np.concatenate([scene.score for scene in scenes]),
        "offsets": np.append(0, np.cumsum(sizes)),
        "scenes": np.append(0, np.cumsum([len(scene.offsets) - 1 for scene in scenes])),
        "about": np.array(orjson.dumps(versioned(about)).decode()),
    }
    file = Path(directory) / NORMAL_SCORES_FILE
    with write_atomically(file) as partial, open(partial, "wb") as opened:
        np.savez(opened, allow_pickle=False, **columns)


def load_normal_scores(directory: str | os.PathLike[str]) -> NormalScores:
    """Reads what `save_normal_scores` wrote.

    Raises:
      InputError: there is no such file, or it is damaged.
    """
    file = Path(directory) / NORMAL_SCORES_FILE
    try:
        with open(file, "rb") as raw, load_npz(raw) as opened:
            about = migrated(orjson.loads(str(opened["about"])), file)
            return _normal_scores(about, opened)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("is missing; make it with stgnf calibrate", file=file) from error
    except Exception as error:  # a damaged archive makes NumPy and zlib raise what they meet
        raise InputError(
            f"cannot be read ({error}); make it anew with stgnf calibrate", file=file
        ) from error


def _normal_scores(about: Fields, opened: Any) -> NormalScores:
    score, offsets, scenes = opened["score"], opened["offsets"], opened["scenes"]
    if score.dtype != np.float64 or score.ndim != 1 or not (score < np.inf).all():
        raise ValueError("score holds no scores")
    _check_offsets("offsets", offsets, len(score))
    _check_offsets("scenes", scenes, len(offsets) - 1)
    names, hours = about["names"], [float(value) for value in about["hours"]]
    if not all(0 < value < np.inf for value in hours):
        raise ValueError(f"hours are {hours}")
    found = []
    for name, one, first, end in zip(names, hours, scenes[:-1], scenes[1:], strict=True):
        own = offsets[first : end + 1]
        found.append(NormalScene(str(name), one, score[own[0] : own[-1]], own - own[0]))
    return NormalScores(
        ScoredAs(**about["scored_as"]), str(about["weights"]), str(about["scene_pattern"]),
        tuple(found),
    )  # fmt: skip


def _check_offsets(name: str, offsets: Any, end: int) -> None:
    """From 0 to `end`, each above the one before: no track and no scene is empty."""
    whole = offsets.dtype == np.int64 and offsets.ndim == 1 and len(offsets) > 1
    if not whole or offsets[0] or offsets[-1] != end or (np.diff(offsets) < 1).any():
        raise ValueError(f"{name} are no offsets up to {end}")
