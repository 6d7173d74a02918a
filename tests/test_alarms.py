import numpy as np
import pytest

from stgnf_jax.alarms import Alarm, AlarmRule, Span, alarm_spans, find_alarms
from stgnf_jax.scoring import FrameScores, PersonScores

SCORE = np.array([5, -1, 5, 0, 1, 2, 1, 3, 1, -2, -2, 2, 2], float)


@pytest.mark.parametrize(
    ("rule", "spans"),
    [
        (AlarmRule(0), [(1, 2), (3, 4), (9, 11)]),
        (AlarmRule(0, min_frames=2), [(9, 11)]),
        # From frame 3 on it stays at 2 or lower until 7, and from 9 on until the end.
        (AlarmRule(0, hysteresis=2), [(1, 2), (3, 7), (9, 13)]),
        (AlarmRule(0, hysteresis=2, min_frames=4), [(3, 7), (9, 13)]),
        (AlarmRule(0, hysteresis=9), [(1, 13)]),
        (AlarmRule(-2), [(9, 11)]),
        (AlarmRule(-3), []),
        (AlarmRule(9), [(0, 13)]),
    ],
)
def test_spans(rule: AlarmRule, spans: list[tuple[int, int]]) -> None:
    assert alarm_spans(SCORE, rule) == spans


def test_no_frames() -> None:
    assert alarm_spans(np.zeros(0), AlarmRule(0)) == []


@pytest.mark.parametrize("rule", [AlarmRule(0, -1), AlarmRule(0, np.nan), AlarmRule(0, 0, 0)])
def test_rules_that_are_none(rule: AlarmRule) -> None:
    with pytest.raises(ValueError, match="hysteresis must be at least 0 and min_frames at least 1"):
        alarm_spans(SCORE, rule)


def test_who_raises_an_alarm() -> None:
    raw = np.array([4, -1, -3, 4, 4, 4, -5, 4], float)
    frames = FrameScores(("a", "b"), np.array([0, 4, 8]), raw < 4, raw, np.append(raw[1:], 4.0))
    people = PersonScores(
        clip=np.array([0, 0, 0, 1]),
        person=np.array([2, 7, 7, 2]),
        frame=np.array([1, 1, 2, 2]),
        score=np.array([-1.0, 0.0, -3.0, -5.0]),
    )
    rules = [AlarmRule(-1), AlarmRule(-5)]
    assert find_alarms(frames, people, rules) == [
        Alarm(0, Span(1, 3), 7, -3.0, 2),
        Alarm(1, Span(2, 3), 2, -5.0, 2),
    ]
    assert find_alarms(frames, people, rules, smoothed=True) == [
        Alarm(0, Span(0, 2), 2, -1.0, 1),
        Alarm(1, Span(1, 2), None, -5.0, 1),
    ]


def test_a_window_without_any_likelihood_raises_an_alarm() -> None:
    one = np.array([1.0, 2.0, 1.0, 2.0])
    frames = FrameScores(("a", "b"), np.array([0, 2, 4]), np.ones(4, bool), one, one)
    people = PersonScores(
        clip=np.array([1]), person=np.array([3]), frame=np.array([0]), score=np.array([-np.inf])
    )
    found = find_alarms(frames, people, [AlarmRule(-9)] * 2)
    assert found == [Alarm(1, Span(0, 1), 3, -np.inf, 0)]
    assert one[2] == 1
