"""MediaPipe's pose landmarks: 33 joints, in fractions of the picture.

https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker: a result has
`pose_landmarks` (Python) or `landmarks` (JavaScript), for each person the list of `{"x": ..., "y":
..., "z": ..., "visibility": ...}`. MediaPipe itself writes no files: `json.dumps` of
`dataclasses.asdict(result)` and `JSON.stringify(result)` give this. A file holds the result of a
frame, or a list of results, one a frame, numbered from 0. There are no numbers of tracks.
"""

import reprlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.detection import (
    CLIP,
    FRAME,
    NEITHER,
    NO_PERSON,
    Detection,
    Extent,
    Format,
    coco_joints,
    entries,
    number,
)

_KEYS = ("pose_landmarks", "landmarks")


def _extent(contents: Any) -> frozenset[Extent]:
    if isinstance(contents, list):
        return CLIP if not contents or _is_result(contents[0]) else NEITHER
    return FRAME if _is_result(contents) else NEITHER


def _is_result(contents: Any) -> bool:
    return isinstance(contents, dict) and bool(set(_KEYS) & set(contents))


def _read(contents: Any, frame: int | None) -> Iterator[Detection]:
    results = contents if frame is None else [contents]
    for index, (place, result) in enumerate(entries(results, "result")):
        yield from _people(result, index if frame is None else frame, place)


def _people(result: dict[str, Any], frame: int, place: str) -> Iterator[Detection]:
    people = next((result[key] for key in _KEYS if key in result), None)
    if not isinstance(people, list):
        raise InputError(
            f"is {reprlib.repr(people)}, expected a list of people",
            frame=frame,
            field=f"{place}: pose_landmarks",
        )
    for index, landmarks in enumerate(people):
        where = f"{place}: person {index}"
        points = [
            [number(joint.get(name), f"{at}: {name}", frame) for name in ("x", "y", "visibility")]
            for at, joint in entries(landmarks, where, frame)
        ]
        joints = coco_joints(np.array(points).reshape(-1, 3), (33,), where, frame)
        yield Detection(frame, NO_PERSON, joints, float("nan"))


MEDIAPIPE = Format((".json",), _extent, _read, fractions=True)
