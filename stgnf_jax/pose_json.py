"""One pose file: bytes to numbers, or the exact place of what cannot be used."""

import json
import reprlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from stgnf_jax.errors import InputError

FrameOrder = Literal["numeric", "string"]
Fault = Callable[..., InputError]
Report = Callable[[InputError], None]

# A frame's bound is four days of video, and what a clip's scores may take in memory.
LARGEST = {"frame": 10**7, "person": 10**18}
# Pixels; float32 takes squares and sums of such values without overflow.
LARGEST_VALUE = 1e9


class Person(NamedTuple):
    """One person of a pose file, in the order of the frames.

    Attributes:
      number: the person's number in the file.
      frame: (F,) int32.
      keypoints: (F, J, 3) float64, [x, y, confidence] of the joints of the file.
      score: (F,) float64, NaN where the file gives none.
    """

    number: int
    frame: NDArray[np.int32]
    keypoints: NDArray[np.float64]
    score: NDArray[np.float64]


class _EveryPair(dict[str, Any]):
    """A JSON object that also holds the pairs whose key stands more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def read_people(
    raw: bytes, num_joints: int, frame_order: FrameOrder, report: Report
) -> list[Person]:
    """The people of a pose file, `{person: {frame: {"keypoints": [x, y, confidence] * J}}}`.

    Args:
      raw: the file's contents. Instead of an object, a person may be a list of such objects. A
        frame may also have `scores`, one number.
      num_joints: J.
      frame_order: whether frames sort as numbers or as the strings in the file.
      report: is told of each frame and person that cannot be used; when it returns, that one is
        left out.

    Returns:
      People sorted by number, each with at least one frame.

    Raises:
      InputError: the file as a whole cannot be used.
    """
    document, plain = _parse(raw)
    return people_in(document, num_joints, frame_order, report, plain=plain)


def people_in(
    document: Any, num_joints: int, frame_order: FrameOrder, report: Report, *, plain: bool = False
) -> list[Person]:
    """`read_people` of JSON that is parsed already.

    `plain` says that no key stood twice in it and that no number is a boolean, which is faster.
    """
    if not isinstance(document, dict):
        raise InputError(f"holds {reprlib.repr(document)}, expected an object of persons")
    people = []
    for number, (_, value) in sorted(
        _numbered(_pairs(document), "person", InputError, report).items()
    ):
        fault = partial(InputError, person=number)
        frames = _numbered(_frame_pairs(value, fault, report), "frame", fault, report)
        text_of = {frame: text for frame, (text, _) in frames.items()}
        order = sorted(frames, key=text_of.__getitem__ if frame_order == "string" else None)
        detections = {frame: frames[frame][1] for frame in order}
        if not plain or not well_formed(detections.values(), num_joints):
            detections = _checked(detections, num_joints, fault, report)
        if detections:
            people.append(_person(number, detections))
    return people


def _parse(raw: bytes) -> tuple[Any, bool]:
    """The document, and whether it is plain: no key stands twice, and no number is a boolean."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _parse_every_pair(raw), False
    if b"true" in raw or b"false" in raw or raw.count(b'":') != _count_keys(document):
        return _parse_every_pair(raw), False
    return document, True


def _parse_every_pair(raw: bytes) -> Any:
    """Slower, but takes NaN, Infinity and numbers of any length, and keeps repeated keys."""
    try:
        return json.loads(raw, object_pairs_hook=_EveryPair, parse_int=_integer)
    except RecursionError:
        raise InputError("is nested too deeply to be a pose file") from None
    except ValueError as error:
        raise InputError(f"is not JSON ({error})") from error


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 20 else float(text)


def _count_keys(document: Any) -> int:
    """How many keys a document of the expected form has, -1 when it is of another."""
    try:
        objects = [
            frames
            for person in document.values()
            for frames in ([person] if isinstance(person, dict) else person)
        ]
        detections = [detection for frames in objects for detection in frames.values()]
        return len(document) + sum(map(len, objects)) + sum(map(len, detections))
    except (AttributeError, TypeError):
        return -1


def _pairs(value: dict[str, Any]) -> list[tuple[str, Any]]:
    return value.pairs if isinstance(value, _EveryPair) else list(value.items())


def _frame_pairs(value: Any, fault: Fault, report: Report) -> list[tuple[str, Any]]:
    """A person's frames as pairs, from an object of frames or a list of such objects."""
    pairs: list[tuple[str, Any]] = []
    entries = value if isinstance(value, list) else [value]
    for index, entry in enumerate(entries):
        if isinstance(entry, dict):
            pairs += _pairs(entry)
        else:
            place = f"entry {index}" if isinstance(value, list) else None
            reason = f"is {reprlib.repr(entry)}, expected an object of frames"
            report(fault(reason, field=place))
    if not pairs and all(isinstance(entry, dict) for entry in entries):
        report(fault("has no frames; remove the person or give it some"))
    return pairs


def _numbered(
    pairs: Iterable[tuple[str, Any]], kind: Literal["person", "frame"], fault: Fault, report: Report
) -> dict[int, tuple[str, Any]]:
    """The pairs by number; reports keys that are no numbers, and all that share one."""
    found: dict[int, tuple[str, Any]] = {}
    repeated: set[int] = set()
    for text, value in pairs:
        number = _whole_number(text, LARGEST[kind])
        if number is None:
            reason = f"is not a whole number from 0 to {LARGEST[kind]}; renumber the {kind}s"
            report(fault(reason, **{kind: reprlib.repr(text)}))
        elif number in found:
            repeated.add(number)
        else:
            found[number] = (text, value)
    for number in sorted(repeated):
        report(fault(f"stands more than once; keep one {kind} {number}", **{kind: number}))
        del found[number]
    return found


def _whole_number(text: str, largest: int) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    number = int(digits) if len(digits) < 20 else largest + 1
    return number if number <= largest else None


def well_formed(detections: Iterable[Any], num_joints: int) -> bool:
    """Whether all of a person's detections are what they should be, found out all at once."""
    try:
        keypoints = np.array([detection["keypoints"] for detection in detections])
        scores = [detection.get("scores") for detection in detections]
        score = np.array([value for value in scores if value is not None] or [0.0])
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return (
        keypoints.shape[1:] == (3 * num_joints,)
        and score.ndim == 1
        and all(
            array.dtype.kind in "iuf"
            and bool((np.abs(array.astype(np.float64)) <= LARGEST_VALUE).all())
            for array in (keypoints, score)
        )
    )


def _checked(
    detections: dict[int, Any], num_joints: int, fault: Fault, report: Report
) -> dict[int, Any]:
    """The detections that can be used; reports the others."""
    kept = {}
    for frame, detection in detections.items():
        try:
            check_detection(detection, num_joints, partial(fault, frame=frame))
        except InputError as error:
            report(error)
        else:
            kept[frame] = detection
    return kept


def check_detection(detection: Any, num_joints: int, fault: Fault) -> None:
    """Raises `fault` unless it is `{"keypoints": [x, y, confidence] * J}`, maybe with `scores`."""
    if not isinstance(detection, dict):
        raise fault(f'is {reprlib.repr(detection)}, expected {{"keypoints": [...]}}')
    if len(_pairs(detection)) != len(detection):
        raise fault("has a field more than once; keep one")
    keypoints = detection.get("keypoints")
    if not isinstance(keypoints, list):
        reason = f"is {reprlib.repr(keypoints)}, expected a list of {3 * num_joints} numbers"
        raise fault(reason if "keypoints" in detection else "is missing", field="keypoints")
    if len(keypoints) != 3 * num_joints:
        reason = (
            f"has {len(keypoints)} numbers, expected x, y and confidence of {num_joints} joints"
        )
        raise fault(reason, field="keypoints")
    fields = {f"keypoints[{index}]": value for index, value in enumerate(keypoints)}
    if detection.get("scores") is not None:
        fields["scores"] = detection["scores"]
    for field, value in fields.items():
        if type(value) not in (int, float) or not abs(value) <= LARGEST_VALUE:
            reason = (
                f"is {reprlib.repr(value)}, expected a number of size {LARGEST_VALUE:g} at most"
            )
            raise fault(reason, field=field)


def _person(number: int, detections: dict[int, Any]) -> Person:
    keypoints = np.array([one["keypoints"] for one in detections.values()], np.float64)
    score = np.array([one.get("scores") for one in detections.values()], np.float64)
    frame = np.array(list(detections), np.int32)
    return Person(number, frame, keypoints.reshape(len(frame), -1, 3), score)
