"""COCO's keypoint results: a list of people, each with the number of its image.

https://cocodataset.org/#format-results: `[{"image_id": int, "category_id": int, "keypoints":
[x1, y1, v1, ...], "score": float}]`. Programs that write it put the joint's confidence into v. An
entry may also have `track_id`, as PoseTrack's have.
"""

from collections.abc import Iterator
from typing import Any

from stgnf_jax.pose_formats.alphapose import is_alphapose
from stgnf_jax.pose_formats.detection import (
    CLIP,
    NEITHER,
    NO_PERSON,
    Detection,
    Extent,
    Format,
    entries,
    flat_joints,
    image_entry,
    optional_number,
    whole_number,
)
from stgnf_jax.pose_formats.joint_maps import WHOLE_BODIES


def _extent(contents: Any) -> frozenset[Extent]:
    entry = image_entry(contents)
    if entry is None or is_alphapose(entry):
        return NEITHER
    return CLIP if not contents or type(entry.get("image_id")) is int else NEITHER


def _read(contents: Any, _: int | None) -> Iterator[Detection]:
    for place, entry in entries(contents, "entry"):
        frame = whole_number(entry.get("image_id"), "frame", f"{place}: image_id")
        track = entry.get("track_id")
        yield Detection(
            frame,
            NO_PERSON if track is None else whole_number(track, "person", f"{place}: track_id"),
            flat_joints(entry.get("keypoints"), (17, *WHOLE_BODIES), f"{place}: keypoints", frame),
            optional_number(entry.get("score"), f"{place}: score", frame),
        )


COCO = Format((".json",), _extent, _read)
