"""The poses of CHAD and PoseLift: a pickle a clip, `{frame: {person: [box, keypoints]}}`.

https://github.com/TeCSAR-UNCC/CHAD and https://github.com/TeCSAR-UNCC/PoseLift, "Annotations".
Keypoints are x, y and confidence of COCO's 17 joints. What holds box and keypoints, an array of
objects, a list or a tuple, is not said; any of them is read, however the numbers are nested.
"""

import itertools
import math
import reprlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.detection import (
    CLIP,
    NEITHER,
    Detection,
    Extent,
    Format,
    flat_joints,
    whole_number,
)
from stgnf_jax.pose_formats.numpy_pickle import flat, items


def _extent(contents: Any) -> frozenset[Extent]:
    if not isinstance(contents, dict):
        return NEITHER
    return CLIP if all(isinstance(people, dict) for people in contents.values()) else NEITHER


def _read(contents: Any, _: int | None) -> Iterator[Detection]:
    for key, people in contents.items():
        frame = whole_number(key, "frame", f"key {reprlib.repr(key)}")
        for name, detection in people.items():
            try:
                person = whole_number(name, "person", f"key {reprlib.repr(name)}")
                yield Detection(frame, person, _keypoints(detection), float("nan"))
            except InputError as error:
                where = "detection" if error.field is None else error.field
                raise InputError(error.reason, person=name, frame=frame, field=where) from error


def _keypoints(detection: Any) -> NDArray[np.float64]:
    pair = items(detection)
    if pair is None or len(pair) != 2:
        raise InputError(f"is {reprlib.repr(detection)}, expected a box and keypoints")
    numbers = list(itertools.islice(flat(pair[1]), 3 * 17 + 1))
    # Both are reported of these data sets: a joint, and a confidence, that is no number.
    known = [0.0 if isinstance(value, float) and math.isnan(value) else value for value in numbers]
    joints = flat_joints(known, (17,), "keypoints", None)
    for joint, (x, y, confidence) in enumerate(np.array(numbers, np.float64).reshape(-1, 3)):
        if math.isnan(x) or math.isnan(y):
            joints[joint] = 0
        elif math.isnan(confidence):
            joints[joint, 2] = 1
    return joints


CHAD = Format((".pkl",), _extent, _read)
