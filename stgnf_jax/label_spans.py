"""A file of labels: who does something abnormal, from which frame to which (paper section 3.3)."""

import csv
import os
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.poses import Tracks

FIELDS = ("clip", "person", "first_frame", "last_frame", "label")
LABELS = ("normal", "abnormal")


class Span(NamedTuple):
    """One person, or everybody, in one clip from a first to a last frame, both included.

    Attributes:
      place: the file, and the line or entry there.
      clip: its name.
      person: the number of the person in the clip, None for everybody.
      first_frame: its number.
      last_frame: its number.
      label: one of `LABELS`.
    """

    place: str
    clip: str
    person: int | None
    first_frame: int
    last_frame: int
    label: str


def abnormal_in_spans(path: str | os.PathLike[str], tracks: Tracks) -> NDArray[np.bool_]:
    """Which poses a file calls abnormal, (D,); those that it does not mention are normal.

    Args:
      path: a `.csv` with a header or a `.json` that holds a list of objects; both have `FIELDS`.
      tracks: the poses.

    Raises:
      InputError: the file cannot be read; a span is not of this form, is of a clip or a person
        that is not there, goes beyond the person's frames, or contradicts another one.
    """
    return abnormal_by(read_spans(path), tracks)


def abnormal_by(spans: Sequence[Span], tracks: Tracks) -> NDArray[np.bool_]:
    """Which poses some spans of single persons call abnormal, (D,): see `abnormal_in_spans`."""
    named = zip(tracks.clip.tolist(), tracks.person.tolist(), strict=True)
    track_of = {(tracks.clips[clip], person): track for track, (clip, person) in enumerate(named)}
    is_abnormal = np.array([span.label == "abnormal" for span in spans] + [False])
    labelled_by = np.full(len(tracks.frame), -1)
    for number, span in enumerate(spans):
        poses = _poses(span, tracks, track_of)
        earlier = labelled_by[poses]
        clash = np.flatnonzero((earlier >= 0) & (is_abnormal[earlier] != is_abnormal[number]))
        if clash.size:
            pose = poses[clash[0]]
            other = spans[labelled_by[pose]]
            raise _fault(
                span,
                f"is {span.label} here and {other.label} in {other.place}; keep one of the two",
                frame=tracks.frame[pose],
            )
        labelled_by[poses] = number
    return is_abnormal[labelled_by]


def _poses(
    span: Span, tracks: Tracks, track_of: Mapping[tuple[str, int | None], int]
) -> NDArray[np.intp]:
    """Numbers of the poses in a span."""
    if span.clip not in tracks.clips:
        raise InputError("is not among the poses", file=f"{span.place}: clip {span.clip}")
    if (span.clip, span.person) not in track_of:
        raise _fault(span, "is not in this clip")
    start, end = tracks.offsets[track_of[span.clip, span.person] :][:2]
    frame = tracks.frame[start:end]
    if span.first_frame < frame.min() or span.last_frame > frame.max():
        raise _fault(
            span,
            f"has frames {frame.min()} to {frame.max()}, "
            f"so {span.first_frame} to {span.last_frame} goes beyond them",
        )
    return start + np.flatnonzero((frame >= span.first_frame) & (frame <= span.last_frame))


def _fault(span: Span, reason: str, frame: object | None = None) -> InputError:
    return InputError(
        reason, file=f"{span.place}: clip {span.clip}", person=span.person, frame=frame
    )


def read_spans(path: str | os.PathLike[str], *, everybody: bool = False) -> list[Span]:
    """The spans of a CSV or JSON file, in its order; see `abnormal_in_spans`.

    With `everybody`, a span without a person is of all who are in its frames.
    """
    readers = {".csv": _csv_rows, ".json": _json_rows}
    read = readers.get(Path(path).suffix.lower())
    if read is None:
        raise InputError(
            "is not named *.csv or *.json; for masks, set config.data.train_label_kind", file=path
        )
    try:
        return [
            _span(f"{os.fspath(path)}: {where}", row, everybody) for where, row in read(Path(path))
        ]
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from error
    except UnicodeDecodeError as error:
        raise InputError("is not text in UTF-8; save it as that", file=path) from error


def _csv_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True, strict=True)
        try:
            header = ",".join(reader.fieldnames or [])
            if any(header.split(",").count(name) != 1 for name in FIELDS):
                reason = f"has the header {header!r}, expected each of {','.join(FIELDS)} once"
                raise InputError(reason, file=path)
            yield from ((f"line {reader.line_num}", row) for row in reader)
        except csv.Error as error:
            reason = f"is not CSV after line {reader.line_num} ({error})"
            raise InputError(reason, file=path) from error


def _json_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        rows = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InputError(f"is not JSON ({error})", file=path) from error
    if not isinstance(rows, list):
        raise InputError(f"holds {reprlib.repr(rows)}, expected a list of objects", file=path)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InputError(
                f"is {reprlib.repr(row)}, expected an object with {', '.join(FIELDS)}",
                file=f"{path}: entry {number}",
            )
        yield f"entry {number}", row


def _span(place: str, row: Mapping[str, Any], everybody: bool) -> Span:
    clip, label = row.get("clip"), row.get("label")
    if not isinstance(clip, str) or not clip:
        raise InputError(f"is {reprlib.repr(clip)}, expected a name", file=place, field="clip")
    if label not in LABELS:
        raise InputError(
            f"is {reprlib.repr(label)}, expected normal or abnormal", file=place, field="label"
        )
    nobody = everybody and row.get("person") in (None, "")
    person = None if nobody else _whole_number(row, "person", place)
    first, last = (_whole_number(row, name, place) for name in FIELDS[2:4])
    if last < first:
        raise InputError(
            f"is {last}, before the first one, {first}", file=place, field="last_frame"
        )
    return Span(place, clip, person, first, last, label)


def _whole_number(row: Mapping[str, Any], name: str, place: str) -> int:
    value = row.get(name)
    digits = str(value) if isinstance(value, int | str) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise InputError(
            f"is {reprlib.repr(value)}, expected a whole number", file=place, field=name
        )
    return int(digits)
