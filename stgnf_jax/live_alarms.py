"""Alarms of one camera, frame after frame: state in, state and events out.

All of a camera's events together are what `alarms.find_alarms` finds once all its scores are known.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from stgnf_jax.alarms import AlarmRule, Span
from stgnf_jax.conformal import NormalTable
from stgnf_jax.live_scores import PersonScore, SettledFrame


class CameraRules(NamedTuple):
    """What the scores of a camera are held to.

    Attributes:
      alarm: when there is an alarm; None where none is asked for.
      normal: what p-values are looked up in; None where there are no normal scores.
    """

    alarm: AlarmRule | None
    normal: NormalTable | None


class Worst(NamedTuple):
    """The least normal person of some frames; of two it is the lesser.

    Attributes:
      score: of that person, the lowest.
      person: who that is.
      frame: where that is.
    """

    score: float
    person: int
    frame: int


class Running(NamedTuple):
    """Frames that are an alarm or may become one.

    Attributes:
      span: they.
      worst: in them.
    """

    span: Span
    worst: Worst


class AlarmState(NamedTuple):
    """What a camera's frames have left behind; no more than the frames that are not settled.

    Attributes:
      begun: how many alarms have begun.
      open: the least normal person of each frame that is not settled and has one.
      running: up to the frame settled last; None when that was an end.
    """

    begun: int = 0
    open: tuple[Worst, ...] = ()
    running: Running | None = None


class AlarmEvent(NamedTuple):
    """An alarm begins, once it is long enough, or ends.

    Attributes:
      state: which of both.
      alarm: its number, from 1 on for each camera.
      span: its frames so far, or when it ends all of them.
      worst: the least normal person in these.
      threshold: what it went by.
    """

    state: Literal["begins", "ends"]
    alarm: int
    span: Span
    worst: Worst
    threshold: float


def follow_alarms(
    state: AlarmState,
    people: Iterable[PersonScore],
    frames: Iterable[SettledFrame],
    rule: AlarmRule,
) -> tuple[AlarmState, tuple[AlarmEvent, ...]]:
    """Takes in what one frame made known.

    A frame without a score is higher than any, and so is one that is passed over. A score that is
    late has come after its frame, and counts for nothing.

    Args:
      state: what came before has left.
      people: scores of people, for frames of `frames` or later ones.
      frames: that are settled now, rising, after all before.
      rule: when there is an alarm.
    """
    lowest = {worst.frame: worst for worst in state.open}
    for one in people:
        if not one.late:
            worst = Worst(one.score, one.person, one.frame)
            lowest[one.frame] = min(worst, lowest.get(one.frame, worst))
    events: list[AlarmEvent] = []
    for frame in frames:
        state, found = _turn(state, frame.frame, lowest.pop(frame.frame, None), rule)
        events += found
    return state._replace(open=tuple(lowest.values())), tuple(events)


def end_alarms(
    state: AlarmState, frames: Iterable[SettledFrame], rule: AlarmRule
) -> tuple[AlarmEvent, ...]:
    """What the last frames of a camera make known, which end an alarm that is still running."""
    state, events = follow_alarms(state, (), frames, rule)
    return (*events, *_ending(state, rule))


def is_alarm(state: AlarmState, rule: AlarmRule) -> bool:
    """Whether an alarm has begun and not ended."""
    return state.running is not None and _length(state.running) >= rule.min_frames


def _turn(
    state: AlarmState, frame: int, worst: Worst | None, rule: AlarmRule
) -> tuple[AlarmState, list[AlarmEvent]]:
    """Takes in the next settled frame, and the least normal person in it, if there is one."""
    events, running = [], state.running
    high = worst is None or worst.score > rule.threshold + rule.hysteresis
    if running is not None and (high or frame > running.span.end):
        events += _ending(state, rule)
        running = None
    if worst is not None and not high and (running or worst.score <= rule.threshold):
        span = Span(running.span.start if running else frame, frame + 1)
        running = Running(span, min(running.worst, worst) if running else worst)
        if _length(running) == rule.min_frames:
            state = state._replace(begun=state.begun + 1)
            events.append(AlarmEvent("begins", state.begun, *running, rule.threshold))
    return state._replace(running=running), events


def _ending(state: AlarmState, rule: AlarmRule) -> list[AlarmEvent]:
    if state.running is None or not is_alarm(state, rule):
        return []
    return [AlarmEvent("ends", state.begun, *state.running, rule.threshold)]


def _length(running: Running) -> int:
    return running.span.end - running.span.start
