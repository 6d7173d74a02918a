"""Files of boxes of abnormal events, tracked over frames, one file a clip."""

import csv
import math
import os
import reprlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.errors import InputError

FIELDS = ("track", "frame", "x1", "y1", "x2", "y2")


def load_track_truth(
    data: ConfigDict, clips: Sequence[str], masks: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float64] | None:
    """`read_track_truth` of the folder that a configuration names; None where it names none.

    Raises:
      InputError: see there.
    """
    if not data.track_truth:
        return None
    return read_track_truth(Path(data.root) / data.track_truth, clips, masks)


def read_track_truth(
    folder: str | os.PathLike[str], clips: Sequence[str], masks: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """The boxes of `CLIP.csv` for every clip, as `metrics.rbdc_tbdc` takes them.

    A line is a box: the number of its track in the clip, the number of its frame, and its left,
    upper, right and lower edge in pixels, all within it. The first line may name the columns
    `FIELDS`, in any order and beside others; without it they are these six in this order.

    Args:
      folder: where the files lie.
      clips: names of the clips.
      masks: of each clip, which of its frames are normal. A clip whose frames all are may have no
        file.

    Returns:
      (N, 7), a row [clip, track, frame, x1, y1, x2, y2] a box; clips by their place in `clips`.

    Raises:
      InputError: a file is missing or cannot be read; a value is not of this form, a frame is not
        in its clip, or a track has two boxes in one frame.
    """
    if not Path(folder).is_dir():
        raise InputError("is no folder; give that of the boxes of abnormal events", file=folder)
    rows: list[list[float]] = []
    for clip, (name, normal) in enumerate(zip(clips, masks, strict=True)):
        path = Path(folder) / f"{name}.csv"
        if path.exists() or not normal.all():
            rows += ([clip, *row] for row in _read_file(path, len(normal)))
    return np.array(rows, np.float64).reshape(-1, 1 + len(FIELDS))


def _read_file(path: Path, num_frames: int) -> list[list[float]]:
    """The boxes of one clip, a row of `FIELDS` each."""
    lines = _read_lines(path)
    columns = list(FIELDS)
    if lines and not lines[0][1][0].strip().isdigit():
        columns = [name.strip() for name in lines.pop(0)[1]]
        if any(columns.count(name) != 1 for name in FIELDS):
            header, expected = ",".join(columns), ",".join(FIELDS)
            reason = f"has the header {header!r}, expected each of {expected} once"
            raise InputError(reason, file=path)
    boxes: dict[tuple[float, float], list[float]] = {}
    for number, cells in lines:
        try:
            box = _box(cells, columns, num_frames)
        except InputError as error:
            raise error.at(f"{path}: line {number}") from error
        track, frame = box[:2]
        if (track, frame) in boxes:
            reason = f"is a second box of track {track}; keep one"
            raise InputError(reason, file=f"{path}: line {number}", frame=frame)
        boxes[track, frame] = box
    return list(boxes.values())


def _read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """The cells of every line that is not empty, with its number."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, skipinitialspace=True, strict=True)
            return [(reader.line_num, cells) for cells in reader if cells]
    except FileNotFoundError as error:
        reason = "is missing; the boxes of the clip's abnormal events are expected under this name"
        raise InputError(reason, file=path) from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from error
    except UnicodeDecodeError as error:
        raise InputError("is not text in UTF-8; save it as that", file=path) from error
    except csv.Error as error:
        raise InputError(f"is not CSV ({error})", file=path) from error


def _box(cells: list[str], columns: list[str], num_frames: int) -> list[float]:
    if len(cells) != len(columns):
        raise InputError(f"has {len(cells)} values, expected {len(columns)}: {','.join(columns)}")
    text = dict(zip(columns, cells, strict=True))
    track, frame = (_whole_number(text, name) for name in FIELDS[:2])
    x1, y1, x2, y2 = (_pixels(text, name) for name in FIELDS[2:])
    if frame >= num_frames:
        reason = f"is {frame}, but the clip's mask has {num_frames} frames, counted from 0"
        raise InputError(reason, field="frame")
    for name, low, high in (("x", x1, x2), ("y", y1, y2)):
        if high < low:
            raise InputError(f"is {high:g}, less than {name}1, {low:g}", field=f"{name}2")
    return [track, frame, x1, y1, x2, y2]


def _whole_number(text: dict[str, str], name: str) -> int:
    value = text[name].strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise InputError(f"is {reprlib.repr(value)}, expected a whole number", field=name)
    return int(value)


def _pixels(text: dict[str, str], name: str) -> float:
    try:
        value = float(text[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        reason = f"is {reprlib.repr(text[name])}, expected a number of pixels"
        raise InputError(reason, field=name)
    return value
