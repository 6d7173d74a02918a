import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stgnf_jax.alarms import Span
from stgnf_jax.errors import InputError
from stgnf_jax.live_alarms import AlarmEvent, Worst
from stgnf_jax.live_scores import LiveScores, PersonScore, SettledFrame
from stgnf_jax.stream_lines import read_line, write_end, write_error, write_scores

POSE = [float(n) for n in range(6)]  # of two joints


def line(**fields: Any) -> bytes:
    frame = {"camera": "a", "frame": 3, "people": [{"id": 7, "keypoints": POSE}]}
    return json.dumps(frame | fields).encode()


def person(**fields: Any) -> list[dict[str, Any]]:
    return [{"id": 7, "keypoints": POSE} | fields]


def test_a_frame() -> None:
    people = [*person(), {"id": 10**18, "keypoints": [1, 2, 3, 4, 5, 6], "name": "x"}]
    camera, frame = read_line(line(people=people, time=12.5), 2)
    assert camera == "a"
    assert frame is not None
    assert frame.number == 3
    assert frame.person.tolist() == [7, 10**18]
    assert frame.keypoints.tolist() == [[[0, 1, 2], [3, 4, 5]], [[1, 2, 3], [4, 5, 6]]]


def test_a_frame_without_people() -> None:
    _, frame = read_line(line(people=[]), 2)
    assert frame is not None
    assert frame.keypoints.shape == (0, 2, 3)
    assert frame.person.dtype == np.int64


def test_the_end_of_a_camera() -> None:
    assert read_line(b'{"camera": "b", "end": true}\n', 2) == ("b", None)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "is not JSON ("),
        (b"{", "is not JSON ("),
        (b"\xff\xfe{}", "is not JSON ("),
        (b"[" * 10**5, "is not JSON ("),
        (b"[1]", "holds [1], expected an object with camera and frame"),
        (line(camera=None), "camera: is None, expected a name of 1 to 200 characters"),
        (line(camera="x" * 201), "camera: is 'xxxxxxxxxxxx"),
        (line(frame=-1), "frame: is -1, expected a whole number from 0 to 2147418112"),
        (line(frame=1.0), "frame: is 1.0, expected a whole number"),
        (line(frame=True), "frame: is True, expected a whole number"),
        (line(frame=2**31), "frame: is 2147483648, expected"),
        (line(frame=10**30), "frame: is 1e+30, expected"),
        (line(people={}), "frame 3: people: is {}, expected a list"),
        (line(people=[[]]), "frame 3: people[0]: is [], expected an object with id and keypoints"),
        (line(people=person(id="7")), "frame 3: people[0].id: is '7', expected a whole number"),
        (line(people=person() * 2), "person 7: frame 3: stands more than once"),
        (line(people=person(keypoints=None)), "person 7: frame 3: keypoints: is None, expected a"),
        (line(people=[{"id": 7}]), "person 7: frame 3: keypoints: is missing"),
        (line(people=person(keypoints=[1, 2])), "keypoints: has 2 numbers, expected x, y and"),
        (line(people=person(keypoints=[*POSE[:5], "6"])), "frame 3: keypoints[5]: is '6', expec"),
        (line(people=person(keypoints=[*POSE[:5], 1e300])), "keypoints[5]: is 1e+300, expected a"),
        (line(people=person(keypoints=[*POSE[:5], True])), "keypoints[5]: is True, expected"),
        (line(people=person(keypoints=[*POSE[:5], math.nan])), "is not JSON ("),
    ],
)
def test_a_line_that_cannot_be_used(raw: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_line(raw, 2)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(InputError):
        read_line(raw, 2)


@given(st.sampled_from(["camera", "frame", "people", "end", "id", "keypoints"]), ANYTHING)
def test_any_field_is_read_or_refused(field: str, value: Any) -> None:
    inner = {"people": person(**{field: value})} if field in ("id", "keypoints") else {}
    try:
        _, frame = read_line(line(**(inner or {field: value})), 2)
    except InputError:
        return
    assert frame is None or np.isfinite(frame.keypoints).all()


def test_scores_as_a_line() -> None:
    scores = LiveScores(
        30, "scored", (PersonScore(7, 19, -math.inf, True),), (SettledFrame(17, None, -1.5),), 1, 2
    )
    assert json.loads(write_scores("a", scores, 0.12345)) == {
        "camera": "a",
        "frame": 30,
        "use": "scored",
        "people": [{"id": 7, "frame": 19, "score": "-Infinity", "late": True}],
        "frames": [{"frame": 17, "score": None, "smoothed": -1.5}],
        "latency_ms": 0.123,
    }


def test_alarms_and_p_values_as_a_line() -> None:
    people = (PersonScore(7, 19, -4.0, False), PersonScore(8, 19, -1.0, False))
    worst = Worst(-5.0, 7, 18)
    begins = AlarmEvent("begins", 2, Span(17, 19), worst, -3.0)
    line = write_scores("a", LiveScores(30, "scored", people), 1.0, [0.01, 0.5], [begins])
    assert [one["p"] for one in json.loads(line)["people"]] == [0.01, 0.5]
    told = {"alarm": 2, "start": 17, "frame": 18, "person": 7, "score": -5.0, "threshold": -3.0}
    assert json.loads(line)["alarms"] == [{**told, "state": "begins"}]
    ends = begins._replace(state="ends", span=Span(17, 23))
    line = write_end("a", [], [ends])
    assert json.loads(line)["alarms"] == [{**told, "state": "ends", "end": 23}]


def test_other_answers() -> None:
    assert json.loads(write_scores("a", LiveScores(3, "late"), 1.0)) == {
        "camera": "a",
        "frame": 3,
        "use": "late",
        "latency_ms": 1.0,
    }
    assert json.loads(write_end("a", [SettledFrame(17, -2.0, -1.5)])) == {
        "camera": "a",
        "end": True,
        "frames": [{"frame": 17, "score": -2.0, "smoothed": -1.5}],
    }
    answer = write_error(12, InputError("is missing", person=3, frame=4, field="keypoints"))
    expected = {"line": 12, "error": "person 3: frame 4: keypoints: is missing"}
    assert json.loads(answer) == expected
