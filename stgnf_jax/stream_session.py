"""Several cameras on one stream of lines: each line answered, nothing that grows without bound."""

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stgnf_jax.conformal import look_up
from stgnf_jax.errors import InputError
from stgnf_jax.live_alarms import (
    AlarmEvent,
    AlarmState,
    CameraRules,
    end_alarms,
    follow_alarms,
    is_alarm,
)
from stgnf_jax.live_scores import Frame, LiveScores
from stgnf_jax.stream import CameraState, StreamScorer
from stgnf_jax.stream_lines import read_line, write_end, write_error, write_scores

# Latencies that the report looks back on.
REMEMBERED = 10_000


class Camera(NamedTuple):
    """What is known of one camera.

    Attributes:
      state: of its scores.
      rules: what these are held to.
      alarms: of its alarms.
    """

    state: CameraState
    rules: CameraRules
    alarms: AlarmState


class Session(NamedTuple):
    """What is remembered from line to line; changed in place by `answer`.

    Attributes:
      cameras: by name, the one silent for longest first.
      counts: what happened how often.
      latencies: milliseconds of the last frames.
    """

    cameras: OrderedDict[str, Camera]
    counts: Counter[str]
    latencies: deque[float]


class Service(NamedTuple):
    """How lines are answered.

    Attributes:
      scorer: of each camera.
      num_joints: J, joints of a person in a line.
      max_cameras: states kept; one more takes the place of the camera that is silent for longest.
      longest: bytes of a line.
      rules: from a camera's name to what its scores are held to; may raise InputError.
    """

    scorer: StreamScorer
    num_joints: int
    max_cameras: int
    longest: int
    rules: Callable[[str], CameraRules]


def new_session() -> Session:
    """Before the first line."""
    return Session(OrderedDict(), Counter(), deque(maxlen=REMEMBERED))


def answer(service: Service, session: Session, raw: bytes, number: int, received: float) -> bytes:
    """The line that answers one.

    Args:
      service: how.
      session: what is remembered, changed in place.
      raw: the line, or so much of it that it is too long.
      number: of the line in its input, for errors.
      received: when it came, by `time.perf_counter`.
    """
    try:
        if len(raw) > service.longest:
            raise InputError(f"is longer than {service.longest} bytes")
        line = read_line(raw, service.num_joints)
        if line.frame is None:
            return _end(service, session, line.camera)
        return _advance(service, session, line.camera, line.frame, received)
    except InputError as error:
        session.counts["bad lines"] += 1
        return write_error(number, error)


def end_all(service: Service, session: Session) -> Iterator[bytes]:
    """The lines for all cameras when no more lines come, as if each had said that it ends."""
    for camera in list(session.cameras):
        yield _end(service, session, camera)


def give_up_all(service: Service, session: Session) -> None:
    """Counts what will not be answered when no more lines come."""
    while session.cameras:
        _, camera = session.cameras.popitem()
        _give_up(service, session, camera)


def report(session: Session) -> str:
    """Latency and counts, on one line."""
    parts = [f"{len(session.cameras)} cameras"]
    if session.latencies:
        median, high = np.quantile(session.latencies, (0.5, 0.99))
        parts.append(f"latency median {median:.2f} ms, 99 % {high:.2f} ms")
    parts += [f"{count} {name}" for name, count in sorted(session.counts.items()) if count]
    return "; ".join(parts)


def _advance(service: Service, session: Session, name: str, frame: Frame, received: float) -> bytes:
    camera = session.cameras.get(name) or _new_camera(service, name)
    state, scores = service.scorer.update(camera.state, frame)
    alarms, events = _raise(camera, scores)
    session.cameras[name] = Camera(state, camera.rules, alarms)
    session.cameras.move_to_end(name)
    if len(session.cameras) > service.max_cameras:
        _, forgotten = session.cameras.popitem(last=False)
        session.counts["cameras forgotten"] += 1
        _give_up(service, session, forgotten)
    _count(session.counts, scores, len(frame.person))
    _count_alarms(session.counts, events)
    p = _p_values(camera.rules, scores)
    latency = 1000 * (time.perf_counter() - received)
    session.latencies.append(latency)
    return write_scores(name, scores, latency, p, events)


def _new_camera(service: Service, name: str) -> Camera:
    return Camera(service.scorer.init(), service.rules(name), AlarmState())


def _raise(camera: Camera, scores: LiveScores) -> tuple[AlarmState, tuple[AlarmEvent, ...] | None]:
    if camera.rules.alarm is None:
        return camera.alarms, None
    return follow_alarms(camera.alarms, scores.people, scores.frames, camera.rules.alarm)


def _p_values(rules: CameraRules, scores: LiveScores) -> list[float] | None:
    if rules.normal is None:
        return None
    return look_up(rules.normal, np.array([one.score for one in scores.people])).tolist()


def _end(service: Service, session: Session, name: str) -> bytes:
    camera = session.cameras.pop(name, None)
    if camera is None:
        return write_end(name, ())
    session.counts["cameras ended"] += 1
    frames, rule = service.scorer.finish(camera.state), camera.rules.alarm
    events = None if rule is None else end_alarms(camera.alarms, frames, rule)
    _count_alarms(session.counts, events)
    return write_end(name, frames, events)


def _give_up(service: Service, session: Session, camera: Camera) -> None:
    session.counts["frames not settled"] += len(service.scorer.finish(camera.state))
    rule = camera.rules.alarm
    session.counts["alarms not ended"] += rule is not None and is_alarm(camera.alarms, rule)


def _count_alarms(counts: Counter[str], events: Sequence[AlarmEvent] | None) -> None:
    counts["alarms"] += sum(event.state == "begins" for event in events or ())


def _count(counts: Counter[str], scores: LiveScores, people: int) -> None:
    counts[f"frames {scores.use}"] += 1
    if scores.use == "scored":
        counts["people"] += people
        counts["windows"] += len(scores.people)
        counts["late windows"] += sum(one.late for one in scores.people)
        counts["unscorable windows"] += scores.unscorable
        counts["people without a slot"] += scores.without_slot
