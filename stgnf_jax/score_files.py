"""Scores and figures on disk: NPZ for programs, CSV for spreadsheets, JSON for the figures."""

import json
import os
import statistics
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.csv_file import save_csv
from stgnf_jax.ensemble_scores import MemberScores
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.format_version import versioned
from stgnf_jax.metrics import Metrics
from stgnf_jax.metrics_file import METRICS_FILE
from stgnf_jax.scoring import FrameScores, PersonScores, WindowScores

SCORES_FILE = "scores.npz"
Columns = dict[str, NDArray[np.generic]]


def forget_scores(out: str | os.PathLike[str]) -> None:
    """Removes `scores.npz`, before other files of the folder are written anew.

    All that reads scores asks for this file. So a process that is killed on the way leaves a
    folder without scores, never one with the scores of one model and the figures of another.

    Raises:
      InputError: it cannot be removed.
    """
    file = Path(out) / SCORES_FILE
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", file=file) from error


def save_scores(
    out: str | os.PathLike[str],
    windows: WindowScores,
    people: PersonScores,
    frames: FrameScores,
    *,
    members: MemberScores,
    normal: NDArray[np.bool_] | None = None,
) -> None:
    """Writes `scores.npz` and `window_scores.csv`, `person_scores.csv`, `frame_scores.csv`.

    The arrays of `scores.npz` for N windows and F frames, clips by name:

      `window_score`, `clip`, `person`, `start`: (N,), one row a window.
      `person_clip`, `person_id`, `person_frame`, `person_score`: (N,), one row a person and frame.
      `frame_clip`, `frame`, `frame_scored` (was a person scored there?), `frame_score` (before
      smoothing), `frame_smoothed`, and, with ground truth, `frame_normal`: (F,), one row a frame.
      `format_version`: a number, see docs/checkpoints.md.

    Of an ensemble of E members also `window_spread`, `window_disagreement` (see `MemberScores`),
    (N,), and `member_window_score`, (E, N), of which `window_score` is the mean.
    The CSV files have the same columns but for the last, truth values as 0 and 1.

    `scores.npz` comes last: see `forget_scores`.

    Args:
      out: folder to write to; made when it is missing.
      windows: score of each window.
      people: score of each person in each frame.
      frames: score of each frame.
      members: score of each window by each member.
      normal: (F,) bool, ground truth.

    Raises:
      InputError: a file cannot be written.
    """
    clips = np.array(frames.clips, dtype=np.str_)
    tables = {
        "window": _window_table(clips, windows, members),
        "person": _person_table(clips, people),
        "frame": _frame_table(clips, frames, normal),
    }
    for name, table in tables.items():
        _save_csv(Path(out) / f"{name}_scores.csv", table)
    columns = tables["window"] | tables["person"] | tables["frame"]
    if len(members.score) > 1:
        columns["member_window_score"] = members.score
    _save_npz(Path(out) / SCORES_FILE, columns)


def save_metrics(out: str | os.PathLike[str], metrics: Metrics) -> None:
    """Writes `metrics.json` into the folder `out`, keys sorted.

    Every figure is a number, or null where it could not be computed; `not_computed` says why.
    `intervals` has [low, high] for those with an interval, `interval_level` and
    `interval_resamples` say which, and `num_clips_auc_macro` how many clips have an AUC. Of an
    ensemble there are also the members' AUCs, a list, and their mean and standard deviation (of a
    sample).

    Raises:
      InputError: the file cannot be written.
      ValueError: a figure is NaN or infinite.
    """
    figures = metrics.figures._asdict()
    fields = {
        **{name: figure.value for name, figure in figures.items()},
        "auc_micro": metrics.auc_micro,
        "num_windows": metrics.num_windows,
        "num_frames": metrics.num_frames,
        "num_clips": metrics.num_clips,
        "num_clips_auc_macro": metrics.figures.auc_macro.num_clips,
        "intervals": {name: figure.interval for name, figure in figures.items() if figure.interval},
        "interval_level": metrics.bootstrap.level,
        "interval_resamples": metrics.bootstrap.resamples,
        "not_computed": {
            name: figure.reason for name, figure in figures.items() if figure.value is None
        },
        **_of_members(metrics.auc_micro_members),
    }
    text = json.dumps(versioned(fields), sort_keys=True, indent=2, allow_nan=False)
    with write_atomically(Path(out) / METRICS_FILE) as path:
        path.write_text(text + "\n", encoding="utf-8")


def _of_members(aucs: tuple[float, ...]) -> dict[str, object]:
    if not aucs:
        return {}
    return {
        "auc_micro_members": aucs,
        "auc_micro_mean": statistics.mean(aucs),
        "auc_micro_std": statistics.stdev(aucs),
    }


def _window_table(clips: NDArray[np.str_], windows: WindowScores, members: MemberScores) -> Columns:
    table: Columns = {
        "clip": clips[windows.clip],
        "person": windows.person,
        "start": windows.start,
        "window_score": windows.score,
    }
    if len(members.score) > 1:
        table["window_spread"] = members.spread
        table["window_disagreement"] = members.disagreement
    return table


def _person_table(clips: NDArray[np.str_], people: PersonScores) -> Columns:
    return {
        "person_clip": clips[people.clip],
        "person_id": people.person,
        "person_frame": people.frame,
        "person_score": people.score,
    }


def _frame_table(
    clips: NDArray[np.str_], frames: FrameScores, normal: NDArray[np.bool_] | None
) -> Columns:
    lengths = np.diff(frames.offsets)
    table: Columns = {
        "frame_clip": np.repeat(clips, lengths),
        "frame": np.arange(frames.raw.size) - np.repeat(frames.offsets[:-1], lengths),
        "frame_scored": frames.scored,
        "frame_score": frames.raw,
        "frame_smoothed": frames.smoothed,
    }
    return table if normal is None else {**table, "frame_normal": normal}


def _save_npz(path: Path, columns: Columns) -> None:
    with write_atomically(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **versioned(columns))


def _save_csv(path: Path, columns: Columns) -> None:
    plain = [column.astype(int) if column.dtype == bool else column for column in columns.values()]
    save_csv(path, columns, zip(*plain, strict=True))
