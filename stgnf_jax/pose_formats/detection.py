"""What every format is read into, and the checks that readers share."""

import re
import reprlib
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.joint_maps import SOURCES
from stgnf_jax.pose_json import LARGEST, LARGEST_VALUE

NO_PERSON = -1


class Detection(NamedTuple):
    """One person in one frame.

    Attributes:
      frame: its number, as the format counts.
      person: the number of the track, `NO_PERSON` where the format gives none.
      keypoints: (17, 3) float64, [x, y, confidence] of COCO's joints; confidence 0 is a joint that
        is not seen.
      score: the detector's, NaN where the format gives none.
    """

    frame: int
    person: int
    keypoints: NDArray[np.float64]
    score: float


# How much a file holds: all frames of a clip, or one frame. A file without people may be either.
Extent = Literal["clip", "frame"]
CLIP: frozenset[Extent] = frozenset(("clip",))
FRAME: frozenset[Extent] = frozenset(("frame",))
EITHER = CLIP | FRAME
NEITHER: frozenset[Extent] = frozenset()


class Format(NamedTuple):
    """How one format is recognised and read.

    Attributes:
      suffixes: what names of its files end in.
      extent: how much a file's contents hold, `NEITHER` if they are not of this format. It looks
        at the beginning only and takes anything.
      read: contents to detections. Its second argument is the frame that the file's name gives,
        None for a file that holds a clip.
      fractions: coordinates are fractions of the picture, not pixels.
    """

    suffixes: tuple[str, ...]
    extent: Callable[[Any], frozenset[Extent]]
    read: Callable[[Any, int | None], Iterator[Detection]]
    fractions: bool = False


def numbers(values: Any, field: str, frame: object) -> NDArray[np.float64]:
    """A list of numbers, (N,).

    Raises:
      InputError: it is no list, or something in it is no finite number of a usable size.
    """
    if not isinstance(values, list):
        raise InputError(f"is {reprlib.repr(values)}, expected a list", frame=frame, field=field)
    if set(map(type, values)) <= {int, float}:
        try:
            array = np.array(values, np.float64)
        except OverflowError:
            array = np.full(len(values), np.inf)
        if (np.abs(array) <= LARGEST_VALUE).all():
            return array
    for index, value in enumerate(values):
        number(value, f"{field}[{index}]", frame)
    raise AssertionError("one of the values is no number")


def number(value: Any, field: str, frame: object) -> float:
    """A finite number.

    Raises:
      InputError: it is none.
    """
    if type(value) not in (int, float) or not abs(value) <= LARGEST_VALUE:
        raise InputError(
            f"is {reprlib.repr(value)}, expected a number of size {LARGEST_VALUE:g} at most",
            frame=frame,
            field=field,
        )
    return float(value)


def optional_number(value: Any, field: str, frame: object) -> float:
    """As `number`, NaN for None."""
    return float("nan") if value is None else number(value, field, frame)


def whole_number(value: Any, kind: Literal["frame", "person"], place: str) -> int:
    """A frame's or a person's number, also as a float or as digits.

    Raises:
      InputError: it is none, or beyond what a clip may have.
    """
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value):
        value = int(value)
    usable = type(value) in (int, float) and 0 <= value <= LARGEST[kind]
    if not usable or value != int(value):
        raise InputError(
            f"is {reprlib.repr(value)}, expected a whole number from 0 to {LARGEST[kind]}",
            field=f"{place}: {kind}",
        )
    return int(value)


def frame_in_name(name: str) -> int:
    """The frame's number in the name of an image or of a frame's file: its last digits.

    Raises:
      InputError: there are no digits in it, or too many.
    """
    digits = re.findall(r"[0-9]+", name.rpartition(".")[0] or name)
    if not digits:
        raise InputError(f"has no number of a frame in {reprlib.repr(name)}")
    return whole_number(digits[-1].lstrip("0") or "0", "frame", reprlib.repr(name))


def image_entry(contents: Any) -> dict[str, Any] | None:
    """The first of a list of people with keypoints, each in an image: COCO's and AlphaPose's form.

    Returns:
      It, one without an image where the list is empty; None where it is another form.
    """
    if not isinstance(contents, list):
        return None
    first: Any = contents[0] if contents else {"keypoints": []}
    is_entry = isinstance(first, dict) and isinstance(first.get("keypoints"), list)
    return first if is_entry else None


def coco_joints(
    points: NDArray[np.float64], layouts: tuple[int, ...], place: str, frame: object
) -> NDArray[np.float64]:
    """The 17 joints of COCO among those of another layout, (J, 3) to (17, 3).

    Args:
      points: [x, y, confidence] of the joints.
      layouts: the numbers of joints that the format may have, keys of `SOURCES`.
      place: what the message names.
      frame: likewise.

    Raises:
      InputError: there are not as many joints as in any of the layouts.
    """
    if len(points) not in layouts:
        expected = " or ".join(map(str, layouts))
        raise InputError(f"has {len(points)} joints, expected {expected}", frame=frame, field=place)
    return points[list(SOURCES[len(points)])]


def flat_joints(
    values: Any, layouts: tuple[int, ...], field: str, frame: object
) -> NDArray[np.float64]:
    """`coco_joints` of a list x, y, confidence, x, y, confidence, ..."""
    flat = numbers(values, field, frame)
    if len(flat) % 3:
        raise InputError(
            f"has {len(flat)} numbers, expected x, y and confidence of every joint",
            frame=frame,
            field=field,
        )
    return coco_joints(flat.reshape(-1, 3), layouts, field, frame)


def entries(value: Any, place: str, frame: object = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a list, each with the name of its place.

    Raises:
      InputError: it is no list, or something in it is no object.
    """
    if not isinstance(value, list):
        raise InputError(f"is {reprlib.repr(value)}, expected a list", frame=frame, field=place)
    for index, entry in enumerate(value):
        if not isinstance(entry, dict):
            raise InputError(
                f"is {reprlib.repr(entry)}, expected an object",
                frame=frame,
                field=f"{place}[{index}]",
            )
        yield f"{place}[{index}]", entry
