"""Alarms that are followed are those that are found afterwards, which is done in another way."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stgnf_jax.alarms import Alarm, AlarmRule, Span, find_alarms
from stgnf_jax.live_alarms import AlarmEvent, AlarmState, Worst, end_alarms, follow_alarms, is_alarm
from stgnf_jax.live_scores import PersonScore, SettledFrame
from stgnf_jax.scoring import FrameScores, PersonScores

# Frames from a person's score to that of its frame, as D - 1 of a stream.
DELAY = 3


class Seen(NamedTuple):
    """A score, and how many frames later it is known."""

    person: int
    score: float
    after: int


SEEN = st.builds(
    Seen,
    st.integers(1, 3),
    st.sampled_from([-np.inf, -2.0, -1.0, 0.0, 1.0, 2.0]),
    st.integers(0, DELAY),
)
FRAMES = st.lists(st.lists(SEEN, max_size=3, unique_by=lambda one: one.person), max_size=30)
RULES = st.builds(
    AlarmRule, st.integers(-3, 1), st.sampled_from([0.0, 0.5, 1.0, 2.0]), st.integers(1, 4)
)


def settled(frame: int, people: Sequence[object]) -> SettledFrame:
    """Its score, which is the lowest of its people, is not looked at."""
    return SettledFrame(frame, -9.0 if people else None, 0.0)


def live(frames: list[list[Seen]], rule: AlarmRule, skipped: set[int]) -> list[AlarmEvent]:
    """All events; frames that are skipped and have no one are never told of."""
    told = [settled(i, one) for i, one in enumerate(frames) if one or i not in skipped]
    state, events = AlarmState(), list[AlarmEvent]()
    for now in range(len(frames)):
        people = [
            PersonScore(one.person, at, one.score, late=False)
            for at in range(max(0, now - DELAY), now + 1)
            for one in frames[at]
            if at + one.after == now or (now == len(frames) - 1 and at + one.after > now)
        ]
        due = [frame for frame in told if frame.frame == now - DELAY]
        state, found = follow_alarms(state, people, due, rule)
        assert len(state.open) <= DELAY
        events += found
    left = [frame for frame in told if frame.frame >= len(frames) - DELAY]
    return [*events, *end_alarms(state, left, rule)]


def offline(frames: list[list[Seen]], rule: AlarmRule) -> list[Alarm]:
    rows = sorted((one.person, i, one.score) for i, seen in enumerate(frames) for one in seen)
    person, frame, score = np.array(rows, float).reshape(-1, 3).T
    lowest = np.array([min((one.score for one in seen), default=np.inf) for seen in frames])
    offsets = np.array([0, len(frames)])
    scores = FrameScores(("a",), offsets, lowest < np.inf, lowest, lowest)
    clip = np.zeros(len(rows), int)
    people = PersonScores(clip, person.astype(int), frame.astype(int), score)
    return find_alarms(scores, people, [rule])


@settings(max_examples=300)
@given(FRAMES, RULES, st.sets(st.integers(0, 30)))
def test_live_is_offline(frames: list[list[Seen]], rule: AlarmRule, skipped: set[int]) -> None:
    events = live(frames, rule, skipped)
    ends = [one for one in events if one.state == "ends"]
    found = [Alarm(0, e.span, e.worst.person, e.worst.score, e.worst.frame) for e in ends]
    assert found == offline(frames, rule)
    assert [one.state for one in events] == ["begins", "ends"] * len(found)
    assert [one.alarm for one in events] == [n for n in range(1, len(found) + 1) for _ in (0, 1)]
    assert {one.threshold for one in events} <= {rule.threshold}
    for begins, one in zip(events[::2], found, strict=True):
        assert begins.span == (one.span.start, one.span.start + rule.min_frames)
        assert begins.worst.frame in range(*begins.span)
        assert begins.worst >= Worst(one.score, one.person or 0, one.frame)


def person(frame: int, score: float, late: bool = False) -> PersonScore:
    return PersonScore(7, frame, score, late)


def test_an_alarm_begins_when_it_is_long_enough() -> None:
    rule, state, told = AlarmRule(-1, 0.5, 3), AlarmState(), []
    for frame, score in enumerate([-2.0, -0.6, -1.5, -3.0, 0.0]):
        state, events = follow_alarms(state, [person(frame, score)], [settled(frame, "x")], rule)
        told.append((is_alarm(state, rule), events))
    begins = AlarmEvent("begins", 1, Span(0, 3), Worst(-2.0, 7, 0), -1)
    ends = AlarmEvent("ends", 1, Span(0, 4), Worst(-3.0, 7, 3), -1)
    expected = [(False, ()), (False, ()), (True, (begins,)), (True, ()), (False, (ends,))]
    assert told == expected


def test_a_score_that_is_late_raises_nothing() -> None:
    state, events = follow_alarms(AlarmState(), [person(3, -9.0, late=True)], [], AlarmRule(0))
    assert (state, events) == (AlarmState(), ())
