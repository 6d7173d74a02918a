"""MMPose's and RTMPose's predictions.

https://mmpose.readthedocs.io/en/latest/user_guides/inference.html and
https://github.com/open-mmlab/mmpose/blob/main/demo/docs/en/2d_human_pose_demo.md: a person is
`{"keypoints": [[x, y], ...], "keypoint_scores": [c, ...], "bbox": [[...]], "bbox_score": s}`. A
video is a list of `{"frame_id": n, "instances": [person, ...]}`, which the demos put into
`{"meta_info": ..., "instance_info": [...]}` and number from 1; an image is a list of people. There
are no numbers of tracks; `track_id` is read where somebody has added it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
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
from stgnf_jax.pose_formats.joint_maps import WHOLE_BODIES


def _frames(contents: Any) -> Any:
    """The list of frames or people, without what the demos put around it."""
    return contents.get("instance_info") if isinstance(contents, dict) else contents


def _extent(contents: Any) -> frozenset[Extent]:
    frames = _frames(contents)
    if frames == []:
        return EITHER
    first = frames[0] if isinstance(frames, list) else None
    if not isinstance(first, dict):
        return NEITHER
    return CLIP if "instances" in first else FRAME if "keypoint_scores" in first else NEITHER


def _read(contents: Any, frame: int | None) -> Iterator[Detection]:
    frames = _frames(contents)
    if frame is not None:
        yield from _people(frames, frame, "instances")
        return
    for place, entry in entries(frames, "entry"):
        number = whole_number(entry.get("frame_id"), "frame", f"{place}: frame_id")
        yield from _people(entry.get("instances"), number, f"{place}: instances")


def _people(instances: Any, frame: int, place: str) -> Iterator[Detection]:
    for where, person in entries(instances, place, frame):
        track = person.get("track_id")
        points = _points(person, where, frame)
        yield Detection(
            frame,
            NO_PERSON if track is None else whole_number(track, "person", f"{where}: track_id"),
            coco_joints(points, (17, 26, *WHOLE_BODIES), f"{where}: keypoints", frame),
            optional_number(person.get("bbox_score"), f"{where}: bbox_score", frame),
        )


def _points(person: dict[str, Any], place: str, frame: int) -> NDArray[np.float64]:
    pairs = person.get("keypoints")
    if not isinstance(pairs, list) or not all(
        isinstance(pair, list) and len(pair) == 2 for pair in pairs
    ):
        raise InputError("is not a list of [x, y]", frame=frame, field=f"{place}: keypoints")
    flat = numbers([value for pair in pairs for value in pair], f"{place}: keypoints", frame)
    confidence = numbers(person.get("keypoint_scores"), f"{place}: keypoint_scores", frame)
    if len(confidence) != len(pairs):
        raise InputError(
            f"has {len(confidence)} numbers for {len(pairs)} keypoints",
            frame=frame,
            field=f"{place}: keypoint_scores",
        )
    return np.column_stack([flat.reshape(-1, 2), confidence])


MMPOSE = Format((".json",), _extent, _read)
