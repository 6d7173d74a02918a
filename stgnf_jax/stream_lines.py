"""JSON Lines of a live stream: a line in is a frame, a line out is what it makes known."""

import reprlib
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import orjson

from stgnf_jax.errors import InputError
from stgnf_jax.live_alarms import AlarmEvent
from stgnf_jax.live_scores import Frame, LiveScores, SettledFrame
from stgnf_jax.pose_json import LARGEST, check_detection, well_formed
from stgnf_jax.stream import LARGEST_FRAME
from stgnf_jax.strict_json import dumps

LONGEST_NAME = 200


class CameraFrame(NamedTuple):
    """A camera, by its name, and a frame of it; no frame when the camera has ended."""

    camera: str
    frame: Frame | None


def read_line(raw: bytes, num_joints: int) -> CameraFrame:
    """`{"camera": NAME, "frame": N, "people": [{"id": I, "keypoints": [x, y, confidence] * J}]}`.

    Or `{"camera": NAME, "end": true}`: a later frame of that camera may have any number again.
    Further fields are passed over.

    Args:
      raw: the line.
      num_joints: J, joints of a pose file.

    Raises:
      InputError: names person, frame and field.
    """
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InputError(f"is not JSON ({error})") from None
    if not isinstance(line, dict):
        raise InputError(f"holds {reprlib.repr(line)}, expected an object with camera and frame")
    camera = line.get("camera")
    if not isinstance(camera, str) or not 1 <= len(camera) <= LONGEST_NAME:
        raise _unexpected(camera, f"a name of 1 to {LONGEST_NAME} characters", "camera")
    if line.get("end") is True:
        return CameraFrame(camera, None)
    return CameraFrame(camera, _frame(line, num_joints, plain=_has_no_boolean(raw)))


def write_scores(
    camera: str,
    scores: LiveScores,
    latency: float,
    p: Sequence[float] | None = None,
    alarms: Sequence[AlarmEvent] | None = None,
) -> bytes:
    """A line for what `StreamScorer.update` gave.

    Args:
      camera: its name.
      scores: of one frame.
      latency: in milliseconds.
      p: of the people in `scores`; None where there are no normal scores.
      alarms: what was decided by this frame; None where no alarms are asked for.
    """
    line: dict[str, Any] = {"camera": camera, "frame": scores.frame, "use": scores.use}
    if scores.use == "scored":
        people = [
            {"id": one.person, "frame": one.frame, "score": one.score, "late": one.late}
            for one in scores.people
        ]
        if p is not None:
            people = [{**one, "p": chance} for one, chance in zip(people, p, strict=True)]
        line |= {"people": people, **_settled(scores.frames, alarms)}
    return dumps({**line, "latency_ms": round(latency, 3)}).encode() + b"\n"


def write_end(
    camera: str, frames: Sequence[SettledFrame], alarms: Sequence[AlarmEvent] | None = None
) -> bytes:
    """A line for a camera that has ended; arguments as of `write_scores`."""
    line = {"camera": camera, "end": True, **_settled(frames, alarms)}
    return dumps(line).encode() + b"\n"


def write_error(number: int, error: InputError) -> bytes:
    """A line for a line that cannot be used."""
    return dumps({"line": number, "error": str(error)}).encode() + b"\n"


def _settled(
    frames: Sequence[SettledFrame], alarms: Sequence[AlarmEvent] | None
) -> dict[str, list[dict[str, Any]]]:
    settled = {"frames": [one._asdict() for one in frames]}
    return settled if alarms is None else {**settled, "alarms": [_alarm(one) for one in alarms]}


def _alarm(event: AlarmEvent) -> dict[str, Any]:
    span = {"start": event.span.start}
    if event.state == "ends":
        span["end"] = event.span.end
    worst = {"frame": event.worst.frame, "person": event.worst.person, "score": event.worst.score}
    return {
        "alarm": event.alarm,
        "state": event.state,
        **span,
        **worst,
        "threshold": event.threshold,
    }


def _frame(line: dict[str, Any], num_joints: int, plain: bool) -> Frame:
    number, people = _whole_number(line, "frame", LARGEST_FRAME), line.get("people")
    if not isinstance(people, list):
        raise _unexpected(people, "a list", "people", frame=number)
    persons = [_person(one, i, number) for i, one in enumerate(people)]
    for person, count in Counter(persons).most_common(1):
        if count > 1:
            raise InputError("stands more than once", person=person, frame=number)
    if not plain or not well_formed(people, num_joints):
        for person, one in zip(persons, people, strict=True):
            check_detection(one, num_joints, partial(InputError, person=person, frame=number))
    keypoints = np.array([one["keypoints"] for one in people], np.float64)
    return Frame(number, np.array(persons, np.int64), keypoints.reshape(-1, num_joints, 3))


def _person(one: Any, index: int, frame: int) -> int:
    field = f"people[{index}]"
    if not isinstance(one, dict):
        raise _unexpected(one, "an object with id and keypoints", field, frame=frame)
    return _whole_number(one, "id", LARGEST["person"], f"{field}.", frame)


def _whole_number(
    line: dict[str, Any], name: str, largest: int, place: str = "", frame: int | None = None
) -> int:
    value = line.get(name)
    if type(value) is int and 0 <= value <= largest:
        return value
    expected = f"a whole number from 0 to {largest}"
    raise _unexpected(value, expected, f"{place}{name}", frame=frame)


def _has_no_boolean(raw: bytes) -> bool:
    return b"true" not in raw and b"false" not in raw


def _unexpected(value: Any, expected: str, field: str, frame: int | None = None) -> InputError:
    return InputError(f"is {reprlib.repr(value)}, expected {expected}", frame=frame, field=field)
