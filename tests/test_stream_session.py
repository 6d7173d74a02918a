"""Lines and their answers, with a scorer that only counts frames."""

import json
import time
from typing import Any

import numpy as np

from stgnf_jax.alarms import AlarmRule
from stgnf_jax.conformal import normal_table
from stgnf_jax.errors import InputError
from stgnf_jax.live_alarms import CameraRules
from stgnf_jax.live_scores import Frame, LiveScores, PersonScore, SettledFrame
from stgnf_jax.stream import CameraState, StreamScorer
from stgnf_jax.stream_session import (
    Service,
    Session,
    answer,
    end_all,
    give_up_all,
    new_session,
    report,
)


def update(camera: Any, frame: Frame) -> tuple[Any, LiveScores]:
    if frame.number <= camera:
        return camera, LiveScores(frame.number, "late")
    count = len(frame.person)
    people = tuple(PersonScore(1, frame.number, -2.0, i > 0) for i in range(count))
    settled = (SettledFrame(frame.number, -2.0 if people else None, -2.0),)
    return frame.number, LiveScores(frame.number, "scored", people, settled, 3, 4)


def init() -> CameraState:
    state: Any = -1
    return state


def finish(camera: Any) -> tuple[SettledFrame, ...]:
    return (SettledFrame(camera + 1, None, 0.0),)


SCORER = StreamScorer(init, update, finish)


def rules(camera: str) -> CameraRules:
    """Of cameras called so, alarms and normal scores, of which half are as low as -2."""
    if camera == "unknown":
        raise InputError("is of no scene")
    normal = normal_table(np.array([-2.0, 5.0]), np.arange(3))
    asked = CameraRules(AlarmRule(-1, min_frames=2), normal)
    return asked if camera.startswith("alarms") else CameraRules(None, None)


SERVICE = Service(SCORER, num_joints=1, max_cameras=2, longest=1000, rules=rules)


def frames_of(session: Session) -> dict[str, int]:
    """The newest frame of each camera, which is all that the scorer keeps."""
    return {name: int(camera.state) for name, camera in session.cameras.items()}  # type: ignore[call-overload]


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
    assert frames_of(session) == {"a": 5, "b": 4}
    assert session.counts == {
        "frames scored": 3,
        "frames late": 1,
        "people": 3,
        "windows": 3,
        "late windows": 1,
        "alarms": 0,
        "people without a slot": 9,
        "unscorable windows": 12,
    }


def test_the_camera_silent_for_longest_is_forgotten() -> None:
    session = new_session()
    for camera, frame in (("a", 0), ("b", 0), ("a", 1), ("c", 0)):
        tell(session, line(camera, frame))
    assert list(session.cameras) == ["a", "c"]
    assert session.counts["cameras forgotten"] == 1
    assert session.counts["frames not settled"] == 1


def test_a_camera_that_ends_may_start_again() -> None:
    session = new_session()
    tell(session, line("a", 5))
    ended = tell(session, b'{"camera": "a", "end": true}')
    assert ended == {
        "camera": "a",
        "end": True,
        "frames": [{"frame": 6, "score": None, "smoothed": 0.0}],
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
    assert frames_of(session) == {"a": 5}
    assert session.counts["bad lines"] == 2


ALARM = {"alarm": 1, "start": 0, "frame": 0, "person": 1, "score": -2.0, "threshold": -1}


def test_alarms_and_p_values() -> None:
    session = new_session()
    first = tell(session, line("alarms", 0, 1))
    assert first["people"] == [{"id": 1, "frame": 0, "score": -2.0, "late": False, "p": 2 / 3}]
    assert first["alarms"] == []
    assert tell(session, line("alarms", 1, 1))["alarms"] == [{**ALARM, "state": "begins"}]
    other = tell(session, line("a", 0, 1))
    assert "alarms" not in other
    assert "p" not in other["people"][0]
    ended = tell(session, b'{"camera": "alarms", "end": true}')
    assert ended["alarms"] == [{**ALARM, "state": "ends", "end": 2}]
    assert session.counts["alarms"] == 1
    assert tell(session, line("alarms", 0))["alarms"] == []


def test_an_alarm_of_a_camera_that_is_forgotten_is_counted() -> None:
    session = new_session()
    for camera, frame in (("alarms", 0), ("alarms", 1), ("a", 0), ("b", 0)):
        tell(session, line(camera, frame, 1))
    assert list(session.cameras) == ["a", "b"]
    assert session.counts["alarms not ended"] == 1


def test_a_camera_without_rules_is_refused() -> None:
    session = new_session()
    assert tell(session, line("unknown", 0), 3) == {"line": 3, "error": "is of no scene"}
    assert not session.cameras
    assert session.counts == {"bad lines": 1}


def test_all_cameras_end() -> None:
    session = new_session()
    for frame in (0, 1):
        tell(session, line("alarms", frame, 1))
    tell(session, line("a", 4))
    found = [json.loads(one) for one in end_all(SERVICE, session)]
    assert [(one["camera"], one["end"], len(one["frames"])) for one in found] == [
        ("alarms", True, 1),
        ("a", True, 1),
    ]
    assert found[0]["alarms"] == [{**ALARM, "state": "ends", "end": 2}]
    assert not session.cameras
    assert session.counts["cameras ended"] == 2


def test_what_is_not_answered_is_counted() -> None:
    session = new_session()
    for camera, frame in (("alarms", 0), ("alarms", 1), ("a", 0)):
        tell(session, line(camera, frame, 1))
    give_up_all(SERVICE, session)
    assert not session.cameras
    assert session.counts["frames not settled"] == 2
    assert session.counts["alarms not ended"] == 1


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
