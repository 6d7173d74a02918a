"""Scores and figures on disk: NPZ for programs, CSV for spreadsheets, JSON for the figures."""

import csv
import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.files import write_atomically
from stgnf_jax.metrics import Metrics
from stgnf_jax.scoring import FrameScores, PersonScores, WindowScores

Columns = dict[str, NDArray[np.generic]]


def save_scores(
    out: str | os.PathLike[str],
    windows: WindowScores,
    people: PersonScores,
    frames: FrameScores,
    normal: NDArray[np.bool_] | None = None,
) -> None:
    """Writes `scores.npz` and `window_scores.csv`, `person_scores.csv`, `frame_scores.csv`.

    The arrays of `scores.npz` for N windows and F frames, clips by name:
      `window_score`, `clip`, `person`, `start`: (N,), one row a window.
      `person_clip`, `person_id`, `person_frame`, `person_score`: (N,), one row a person and frame.
      `frame_clip`, `frame`, `frame_scored` (was a person scored there?), `frame_score` (before
      smoothing), `frame_smoothed`, and, with ground truth, `frame_normal`: (F,), one row a frame.
    The CSV files have the same columns, truth values as 0 and 1.

    Args:
      out: folder to write to; made when it is missing.
      windows: score of each window.
      people: score of each person in each frame.
      frames: score of each frame.
      normal: (F,) bool, ground truth.

    Raises:
      InputError: a file cannot be written.
    """
    clips = np.array(frames.clips, dtype=np.str_)
    tables = {
        "window": _window_table(clips, windows),
        "person": _person_table(clips, people),
        "frame": _frame_table(clips, frames, normal),
    }
    for name, table in tables.items():
        _save_csv(Path(out) / f"{name}_scores.csv", table)
    _save_npz(Path(out) / "scores.npz", tables["window"] | tables["person"] | tables["frame"])


def save_metrics(out: str | os.PathLike[str], metrics: Metrics) -> None:
    """Writes `metrics.json` into the folder `out`: an object of numbers, keys sorted.

    Raises:
      InputError: the file cannot be written.
      ValueError: a figure is NaN or infinite.
    """
    text = json.dumps(metrics._asdict(), sort_keys=True, indent=2, allow_nan=False)
    with write_atomically(Path(out) / "metrics.json") as path:
        path.write_text(text + "\n", encoding="utf-8")


def _window_table(clips: NDArray[np.str_], windows: WindowScores) -> Columns:
    return {
        "clip": clips[windows.clip],
        "person": windows.person,
        "start": windows.start,
        "window_score": windows.score,
    }


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
        np.savez_compressed(file, allow_pickle=False, **columns)


def _save_csv(path: Path, columns: Columns) -> None:
    plain = [column.astype(int) if column.dtype == bool else column for column in columns.values()]
    with (
        write_atomically(path) as partial,
        open(partial, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*plain, strict=True))
