"""Lines and their answers, with a scorer that only counts frames."""

import json
import time
from typing import Any

import numpy as np

from stgnf_jax.live_scores import Frame, LiveScores, PersonScore, SettledFrame
from stgnf_jax.stream import CameraState, StreamScorer
from stgnf_jax.stream_session import Service, Session, answer, new_session, report


def update(camera: Any, frame: Frame) -> tuple[Any, LiveScores]:
    if frame.number <= camera:
        return camera, LiveScores(frame.number, "late")
    people = (PersonScore(1, frame.number, -2.0, True),) * len(frame.person)
    return frame.number, LiveScores(frame.number, "scored", people, (), 3, 4)


def init() -> CameraState:
    state: Any = -1
    return state


SCORER = StreamScorer(init, update, lambda camera: (SettledFrame(int(camera), None, 0.0),))  # type: ignore[call-overload]
SERVICE = Service(SCORER, num_joints=1, max_cameras=2, longest=1000)


def tell(session: Session, raw: bytes, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer(SERVICE, session, raw, number, time.perf_counter()))
    return found


def line(camera: str, frame: int, *people: int) -> bytes:
    found = [{"id": one, "keypoints": [1, 2, 3]} for one in people]
    return json.dumps({"camera": camera, "frame": frame, "people": found}).encode()


def test_each_camera_has_a_state_of_its_own() -> None:
    session = new_session()
    assert tell(session, line("a", 5, 1))["use"] == "scored"
    assert tell(session, line("b", 3))["use"] == "scored"
    assert tell(session, line("a", 4))["use"] == "late"
    assert tell(session, line("b", 4, 1, 2))["people"][0]["id"] == 1
    assert json.dumps(session.cameras) == '{"a": 5, "b": 4}'
    assert session.counts == {
        "frames scored": 3,
        "frames late": 1,
        "people": 3,
        "windows": 3,
        "late windows": 3,
        "people without a slot": 9,
        "unscorable windows": 12,
    }


def test_the_camera_silent_for_longest_is_forgotten() -> None:
    session = new_session()
    for camera, frame in (("a", 0), ("b", 0), ("a", 1), ("c", 0)):
        tell(session, line(camera, frame))
    assert list(session.cameras) == ["a", "c"]
    assert session.counts["cameras forgotten"] == 1


def test_a_camera_that_ends_may_start_again() -> None:
    session = new_session()
    tell(session, line("a", 5))
    ended = tell(session, b'{"camera": "a", "end": true}')
    assert ended == {
        "camera": "a",
        "end": True,
        "frames": [{"frame": 5, "score": None, "smoothed": 0.0}],
    }
    assert tell(session, line("a", 0))["use"] == "scored"
    unknown = tell(session, b'{"camera": "x", "end": true}')
    assert unknown == {"camera": "x", "end": True, "frames": []}
    assert session.counts["cameras ended"] == 1


def test_a_bad_line_is_named_and_changes_nothing() -> None:
    session = new_session()
    tell(session, line("a", 5))
    found = tell(session, b'{"camera": "a", "frame": 6}', 17)
    assert found == {"line": 17, "error": "frame 6: people: is None, expected a list"}
    assert tell(session, b"x" * 1001, 18)["error"] == "is longer than 1000 bytes"
    assert json.dumps(session.cameras) == '{"a": 5}'
    assert session.counts["bad lines"] == 2


def test_the_report() -> None:
    session = new_session()
    assert report(session) == "0 cameras"
    for frame in range(3):
        tell(session, line("a", frame))
    session.latencies.clear()
    session.latencies.extend(np.arange(101.0))
    assert report(session) == (
        "1 cameras; latency median 50.00 ms, 99 % 99.00 ms; 3 frames scored; "
        "9 people without a slot; 12 unscorable windows"
    )


def test_latency_counts_from_when_the_line_came() -> None:
    session = new_session()
    found = json.loads(answer(SERVICE, session, line("a", 0), 1, time.perf_counter() - 2))
    assert found["latency_ms"] > 2000
    assert next(iter(session.latencies)) > 2000
