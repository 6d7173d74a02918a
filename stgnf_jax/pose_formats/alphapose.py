"""AlphaPose's results: a list of people, each with the name of its image.

https://github.com/MVIG-SJTU/AlphaPose/blob/master/docs/output.md. Newer versions also write `box`
and `idx`, the track's number or a list of the numbers that were merged, of which the first is
taken; without tracking it is 0 for everybody. Evaluation writes the image's number instead of its
name.
"""

from collections.abc import Iterator
from typing import Any

from stgnf_jax.pose_formats.detection import (
    CLIP,
    NEITHER,
    NO_PERSON,
    Detection,
    Extent,
    Format,
    entries,
    flat_joints,
    frame_in_name,
    image_entry,
    optional_number,
    whole_number,
)
from stgnf_jax.pose_formats.joint_maps import WHOLE_BODIES


def _extent(contents: Any) -> frozenset[Extent]:
    entry = image_entry(contents)
    return CLIP if entry is not None and (not contents or is_alphapose(entry)) else NEITHER


def is_alphapose(entry: dict[str, Any]) -> bool:
    """Whether an entry has what AlphaPose writes and COCO's results do not have."""
    return isinstance(entry.get("image_id"), str) or bool({"box", "idx"} & set(entry))


def _read(contents: Any, _: int | None) -> Iterator[Detection]:
    people = [
        _person(entry["idx"], place) if "idx" in entry else NO_PERSON
        for place, entry in entries(contents, "entry")
    ]
    is_tracked = any(person > 0 for person in people)
    for person, (place, entry) in zip(people, entries(contents, "entry"), strict=True):
        name = entry.get("image_id")
        frame = frame_in_name(name) if isinstance(name, str) else whole_number(name, "frame", place)
        yield Detection(
            frame,
            person if is_tracked else NO_PERSON,
            flat_joints(
                entry.get("keypoints"), (17, 26, *WHOLE_BODIES), f"{place}: keypoints", frame
            ),
            optional_number(entry.get("score"), f"{place}: score", frame),
        )


def _person(idx: Any, place: str) -> int:
    while isinstance(idx, list) and idx:
        idx = idx[0]
    return whole_number(idx, "person", f"{place}: idx")


ALPHAPOSE = Format((".json",), _extent, _read)
