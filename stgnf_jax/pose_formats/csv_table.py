"""A CSV table with a person in a frame a row.

The header has `frame`, for each of COCO's joints `JOINT_x`, `JOINT_y` and `JOINT_confidence`
(`left_eye_x`, ...), and, where there are any, `person`, the number of the track, and `score`. Other
columns are passed over. A joint with an empty x or y was not found; an empty confidence is 1.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.detection import (
    CLIP,
    NEITHER,
    NO_PERSON,
    Detection,
    Extent,
    Format,
    entries,
    number,
    whole_number,
)
from stgnf_jax.pose_formats.joint_maps import COCO_17


def _extent(contents: Any) -> frozenset[Extent]:
    first = contents[0] if isinstance(contents, list) and contents else None
    if isinstance(first, dict) and {"frame", "nose_x"} <= set(first):
        return CLIP
    return NEITHER


def _read(contents: Any, _: int | None) -> Iterator[Detection]:
    for place, row in entries(contents, "row"):
        frame = whole_number(row.get("frame"), "frame", place)
        person = row.get("person") or None
        yield Detection(
            frame,
            NO_PERSON if person is None else whole_number(person, "person", place),
            np.array([_joint(row, joint, place, frame) for joint in COCO_17]),
            _number(row, "score", float("nan"), place, frame),
        )


def _joint(row: dict[str, Any], joint: str, place: str, frame: int) -> NDArray[np.float64]:
    x = _number(row, f"{joint}_x", None, place, frame)
    y = _number(row, f"{joint}_y", None, place, frame)
    confidence = _number(row, f"{joint}_confidence", 1.0, place, frame)
    return np.zeros(3) if x is None or y is None else np.array([x, y, confidence])


def _number(row: dict[str, Any], name: str, empty: Any, place: str, frame: int) -> Any:
    """The number in a column, `empty` where its cell is."""
    text = row.get(name)
    if not text:
        if name.endswith(("_x", "_y")) and name not in row:
            raise InputError("is not among the columns", frame=frame, field=f"{place}: {name}")
        return empty
    try:
        value: Any = float(text)
    except (TypeError, ValueError):
        value = text
    return number(value, f"{place}: {name}", frame)


CSV = Format((".csv",), _extent, _read)
