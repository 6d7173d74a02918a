"""OpenPose's JSON: a file a frame, BODY_25 or COCO-18.

https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md:
`NAME_000000000012_keypoints.json` holds `{"version": 1.3, "people": [{"person_id": [-1],
"pose_keypoints_2d": [x, y, c, ...]}]}`. A joint that was not found is 0, 0, 0. `person_id` comes
from its experimental tracker and is -1 without it.
"""

from collections.abc import Iterator
from typing import Any

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.detection import (
    FRAME,
    NEITHER,
    NO_PERSON,
    Detection,
    Extent,
    Format,
    entries,
    flat_joints,
    whole_number,
)


def _extent(contents: Any) -> frozenset[Extent]:
    return FRAME if isinstance(contents, dict) and "people" in contents else NEITHER


def _read(contents: Any, frame: int | None) -> Iterator[Detection]:
    if not isinstance(contents, dict) or frame is None:
        raise InputError("is no frame of OpenPose's, expected an object with people")
    for place, person in entries(contents.get("people"), "people", frame):
        field = f"{place}: pose_keypoints_2d"
        yield Detection(
            frame,
            _person(person.get("person_id"), place),
            flat_joints(person.get("pose_keypoints_2d"), (25, 18), field, frame),
            float("nan"),
        )


def _person(person_id: Any, place: str) -> int:
    if person_id in (None, -1, [], [-1]):
        return NO_PERSON
    first = person_id[0] if isinstance(person_id, list) else person_id
    return whole_number(first, "person", f"{place}: person_id")


OPENPOSE = Format((".json",), _extent, _read)
