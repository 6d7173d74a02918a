"""A NumPy array (persons, frames, joints, 3): x, y and confidence.

A joint that was not found has NaN or confidence 0, and so have all joints of a person who is not
in a frame. The first axis numbers the tracks, the second the frames, both from 0. Joints are told
apart by how many there are: 17 COCO, 18 and 25 OpenPose, 26 Halpe, 33 MediaPipe, 133 and 136 whole
bodies.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.detection import CLIP, NEITHER, Detection, Extent, Format
from stgnf_jax.pose_formats.joint_maps import SOURCES
from stgnf_jax.pose_json import LARGEST, LARGEST_VALUE


def _extent(contents: Any) -> frozenset[Extent]:
    return CLIP if isinstance(contents, np.ndarray) else NEITHER


def _read(contents: Any, _: int | None) -> Iterator[Detection]:
    if contents.dtype.kind not in "iuf":
        raise InputError(f"holds {contents.dtype}, expected numbers")
    if contents.ndim != 4 or contents.shape[2] not in SOURCES or contents.shape[3] != 3:
        expected = ", ".join(map(str, sorted(SOURCES)))
        raise InputError(
            f"has shape {contents.shape}, expected (persons, frames, joints, 3) with one of "
            f"{expected} joints"
        )
    if contents.shape[1] > LARGEST["frame"]:
        raise InputError(f"has {contents.shape[1]} frames, more than {LARGEST['frame']}")
    if not contents.size:  # and an axis may be of any length
        return
    joints = list(SOURCES[contents.shape[2]])
    for person, frames in enumerate(contents):
        for frame, points in enumerate(frames):
            with np.errstate(invalid="ignore"):  # What is no number is dealt with next.
                keypoints = points[joints].astype(np.float64)
            keypoints[np.isnan(keypoints).any(-1)] = 0
            if not (np.abs(keypoints) <= LARGEST_VALUE).all():
                raise InputError(f"has numbers above {LARGEST_VALUE:g}", person=person, frame=frame)
            if keypoints[:, 2].any():
                yield Detection(frame, person, keypoints, float("nan"))


NUMPY = Format((".npy",), _extent, _read)
