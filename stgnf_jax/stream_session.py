"""Several cameras on one stream of lines: each line answered, nothing that grows without bound."""

import time
from collections import Counter, OrderedDict, deque
from typing import NamedTuple

import numpy as np

from stgnf_jax.errors import InputError
from stgnf_jax.live_scores import LiveScores
from stgnf_jax.stream import CameraState, StreamScorer
from stgnf_jax.stream_lines import CameraFrame, read_line, write_end, write_error, write_scores

# Latencies that the report looks back on.
REMEMBERED = 10_000


class Session(NamedTuple):
    """What is remembered from line to line; changed in place by `answer`.

    Attributes:
      cameras: the state of each camera, the one silent for longest first.
      counts: what happened how often.
      latencies: milliseconds of the last frames.
    """

    cameras: OrderedDict[str, CameraState]
    counts: Counter[str]
    latencies: deque[float]


class Service(NamedTuple):
    """How lines are answered.

    Attributes:
      scorer: of each camera.
      num_joints: J, joints of a person in a line.
      max_cameras: states kept; one more takes the place of the camera that is silent for longest.
      longest: bytes of a line.
    """

    scorer: StreamScorer
    num_joints: int
    max_cameras: int
    longest: int


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
    except InputError as error:
        session.counts["bad lines"] += 1
        return write_error(number, error)
    return _advance(service, session, line, received)


def report(session: Session) -> str:
    """Latency and counts, on one line."""
    parts = [f"{len(session.cameras)} cameras"]
    if session.latencies:
        median, high = np.quantile(session.latencies, (0.5, 0.99))
        parts.append(f"latency median {median:.2f} ms, 99 % {high:.2f} ms")
    parts += [f"{count} {name}" for name, count in sorted(session.counts.items()) if count]
    return "; ".join(parts)


def _advance(service: Service, session: Session, line: CameraFrame, received: float) -> bytes:
    cameras = session.cameras
    camera = cameras.pop(line.camera, None)
    if line.frame is None:
        session.counts["cameras ended"] += camera is not None
        return write_end(line.camera, service.scorer.finish(camera) if camera else ())
    if camera is None:
        camera = service.scorer.init()
    cameras[line.camera], scores = service.scorer.update(camera, line.frame)
    if len(cameras) > service.max_cameras:
        cameras.popitem(last=False)
        session.counts["cameras forgotten"] += 1
    _count(session.counts, scores, len(line.frame.person))
    latency = 1000 * (time.perf_counter() - received)
    session.latencies.append(latency)
    return write_scores(line.camera, scores, latency)


def _count(counts: Counter[str], scores: LiveScores, people: int) -> None:
    counts[f"frames {scores.use}"] += 1
    if scores.use == "scored":
        counts["people"] += people
        counts["windows"] += len(scores.people)
        counts["late windows"] += sum(one.late for one in scores.people)
        counts["unscorable windows"] += scores.unscorable
        counts["people without a slot"] += scores.without_slot
