"""Ultralytics' YOLO poses, as `Results.to_json()` and `Results.to_csv()` write them.

https://docs.ultralytics.com/reference/engine/results: a person is `{"name": "person", "class": 0,
"confidence": s, "box": {...}, "track_id": 3, "keypoints": {"x": [...], "y": [...], "visible":
[...]}}`, and a frame is a list of them; `track_id` comes with `model.track`, and `visible`, the
joints' confidences, with models that have them. A file holds a frame, or a list of frames that are
numbered from 0. In a CSV file a row is a person and `keypoints` is the same object as text. A joint
at 0, 0 was not found.
"""

import reprlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.detection import (
    CLIP,
    EITHER,
    FRAME,
    NEITHER,
    NO_PERSON,
    Detection,
    Extent,
    Format,
    coco_joints,
    entries,
    numbers,
    optional_number,
    whole_number,
)


def _extent(contents: Any) -> frozenset[Extent]:
    if contents == []:
        return EITHER
    if not isinstance(contents, list):
        return NEITHER
    if isinstance(contents[0], list):
        people = next((frame for frame in contents if frame), None)
        return CLIP if people is None or _is_frame(people) else NEITHER
    return FRAME if _is_frame(contents) else NEITHER


def _is_frame(contents: Any) -> bool:
    first = contents[0] if isinstance(contents, list) else None
    if not isinstance(first, dict):
        return False
    return isinstance(first.get("keypoints"), dict | str) and "confidence" in first


def _read(contents: Any, frame: int | None) -> Iterator[Detection]:
    if frame is not None:
        yield from _people(contents, frame)
        return
    if not isinstance(contents, list):
        raise InputError(f"is {reprlib.repr(contents)}, expected a list of frames")
    for number, people in enumerate(contents):
        yield from _people(people, number)


def _people(people: Any, frame: int) -> Iterator[Detection]:
    for place, person in entries(people, "person", frame):
        track, score = person.get("track_id"), person.get("confidence")
        yield Detection(
            frame,
            NO_PERSON if track in (None, "") else whole_number(track, "person", place),
            coco_joints(_points(person, place, frame), (17,), f"{place}: keypoints", frame),
            optional_number(_parsed(score), f"{place}: confidence", frame),
        )


def _parsed(value: Any) -> Any:
    """The value of a cell of a CSV file, which may be Python's notation of a dictionary."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value.replace("'", '"'))
    except orjson.JSONDecodeError:
        return value


def _points(person: dict[str, Any], place: str, frame: int) -> NDArray[np.float64]:
    joints = _parsed(person.get("keypoints"))
    if not isinstance(joints, dict):
        raise InputError(
            f"is {reprlib.repr(joints)}, expected an object with x and y",
            frame=frame,
            field=f"{place}: keypoints",
        )
    x, y = (numbers(joints.get(axis), f"{place}: keypoints: {axis}", frame) for axis in "xy")
    visible = joints.get("visible")
    confidence = (
        np.ones(len(x))
        if visible is None
        else numbers(visible, f"{place}: keypoints: visible", frame)
    )
    if not len(x) == len(y) == len(confidence):
        raise InputError(
            f"has {len(x)} x, {len(y)} y and {len(confidence)} visible, expected as many of each",
            frame=frame,
            field=f"{place}: keypoints",
        )
    return np.column_stack([x, y, np.where((x == 0) & (y == 0), 0.0, confidence)])


ULTRALYTICS = Format((".json", ".csv"), _extent, _read)
