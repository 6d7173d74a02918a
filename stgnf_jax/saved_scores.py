"""Scores that lie on disk, read back."""

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.format_version import FIELD, migrated
from stgnf_jax.npz_files import load_npz
from stgnf_jax.scoring import FrameScores, PersonScores, WindowScores

SCORES_FILE = "scores.npz"
# The type and the table of each array that is read; `frame_normal` may be absent.
_KINDS = {
    **{"clip": ("U", "window"), "person": ("iu", "window"), "start": ("iu", "window")},
    **{"window_score": ("f", "window"), "person_clip": ("U", "person")},
    **{"person_id": ("iu", "person"), "person_frame": ("iu", "person")},
    **{"person_score": ("f", "person"), "frame_clip": ("U", "frame"), "frame": ("iu", "frame")},
    **{"frame_scored": ("b", "frame"), "frame_score": ("f", "frame")},
    **{"frame_smoothed": ("f", "frame"), "frame_normal": ("b", "frame")},
}


class SavedScores(NamedTuple):
    """What `save_scores` has saved; clips without frames are lost.

    Attributes:
      windows: score of each window.
      people: score of each person in each frame.
      frames: score of each frame.
      normal: (F,) bool, ground truth; None where scores were made without.
    """

    windows: WindowScores
    people: PersonScores
    frames: FrameScores
    normal: NDArray[np.bool_] | None


def load_scores(folder: str | os.PathLike[str]) -> SavedScores:
    """Reads `scores.npz` of a folder.

    Raises:
      InputError: there is none, or it is not what `save_scores` writes.
    """
    file = Path(folder) / SCORES_FILE
    arrays = _read(file)
    try:
        return _scores(arrays)
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(
            f"does not hold the scores of clips ({error}); score again", file=file
        ) from error


def _read(file: Path) -> dict[str, NDArray[Any]]:
    try:
        # numpy leaves a file open that is no archive, unless it has been opened for it.
        with open(file, "rb") as opened, load_npz(opened) as arrays:
            found = {name: arrays[name] for name in (FIELD, *_KINDS) if name in arrays}
        return migrated(found, file)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(
            "is missing; give the folder that stgnf score, stgnf evaluate, or a training with an "
            "evaluation has written to",
            file=file,
        ) from error
    except Exception as error:  # A damaged file makes numpy raise whatever its parsers meet.
        raise InputError(f"cannot be read ({error}); score again", file=file) from error


def _scores(arrays: dict[str, NDArray[Any]]) -> SavedScores:
    _check(arrays)
    clips, first = np.unique(arrays["frame_clip"], return_index=True)
    order = np.argsort(first)
    offsets = np.append(first[order], len(arrays["frame"]))
    numbers = np.argsort(order)

    def clip_numbers(names: NDArray[np.str_]) -> NDArray[np.int64]:
        found = np.searchsorted(clips, names)
        if (clips[found.clip(max=len(clips) - 1)] != names).any():
            raise ValueError("a window lies in a clip without frames")
        return numbers[found]

    windows = WindowScores(
        clip_numbers(arrays["clip"]), arrays["person"], arrays["start"], arrays["window_score"]
    )
    people = PersonScores(
        clip_numbers(arrays["person_clip"]),
        *(arrays[f"person_{name}"] for name in ("id", "frame", "score")),
    )
    frames = FrameScores(
        tuple(clips[order].tolist()),
        offsets,
        *(arrays[name] for name in ("frame_scored", "frame_score", "frame_smoothed")),
    )
    return SavedScores(windows, people, frames, arrays.get("frame_normal"))


def _is_text(array: NDArray[np.str_]) -> bool:
    """Whether all characters are such: NumPy takes any four bytes for one, Python does not."""
    native = array.astype(array.dtype.newbyteorder("="), order="C")
    return bool((native.view(np.uint32) <= sys.maxunicode).all())


def _check(arrays: dict[str, NDArray[Any]]) -> None:
    lengths: dict[str, int] = {}
    for name, (kinds, table) in _KINDS.items():
        if name == "frame_normal" and name not in arrays:
            continue
        array = arrays[name]
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is no array")
        if array.ndim != 1 or array.dtype.kind not in kinds:
            raise ValueError(f"{name} is {array.dtype} {array.shape}")
        if kinds == "U" and not _is_text(array):
            raise ValueError(f"{name} holds what is no text")
        if len(array) != lengths.setdefault(table, len(array)):
            raise ValueError(f"{name} has {len(array)} rows, others {lengths[table]}")
    if not lengths["frame"]:
        raise ValueError("there are no frames")
    if not np.isfinite(arrays["frame_smoothed"]).all():
        raise ValueError("frame_smoothed is not finite")
