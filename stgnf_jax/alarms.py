"""From scores of frames to alarms: who, from when to when."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.scoring import FrameScores, PersonScores


class AlarmRule(NamedTuple):
    """When there is an alarm.

    Attributes:
      threshold: it begins with a frame whose score is this or lower.
      hysteresis: and ends with the first whose score is higher than the threshold by more.
      min_frames: one that is shorter is none.
    """

    threshold: float
    hysteresis: float = 0.0
    min_frames: int = 1


class Span(NamedTuple):
    """Frames of a clip, from `start` to before `end`."""

    start: int
    end: int


class Alarm(NamedTuple):
    """One alarm.

    Attributes:
      clip: index into the clips.
      span: its frames.
      person: the person with the lowest score in these frames; None where nobody is scored there.
      score: of that person, the lowest; of the frame without one.
      frame: where that is.
    """

    clip: int
    span: Span
    person: int | None
    score: float
    frame: int


def alarm_spans(score: NDArray[np.floating], rule: AlarmRule) -> list[Span]:
    """The alarms in one clip's frame scores (F,), in their order.

    Raises:
      ValueError: the hysteresis is negative, or `min_frames` below 1.
    """
    if not rule.hysteresis >= 0 or rule.min_frames < 1:
        raise ValueError(
            "hysteresis must be at least 0 and min_frames at least 1, got "
            f"{rule.hysteresis} and {rule.min_frames}"
        )
    begins, ends = score <= rule.threshold, score > rule.threshold + rule.hysteresis
    # Frames in between are as the last one that was not.
    decided = np.maximum.accumulate(np.where(begins | ends, np.arange(len(score)), -1))
    on = (decided >= 0) & begins[decided]
    edges = np.flatnonzero(np.diff(on, prepend=False, append=False)).reshape(-1, 2)
    return [Span(*span) for span in edges.tolist() if span[1] - span[0] >= rule.min_frames]


def find_alarms(
    frames: FrameScores, people: PersonScores, rules: Sequence[AlarmRule], *, smoothed: bool = False
) -> list[Alarm]:
    """The alarms of all clips, by clip and start.

    Args:
      frames: scores of frames.
      people: scores of the people in them.
      rules: one for each clip.
      smoothed: go by the smoothed scores of frames, not by the lowest of the people.

    Raises:
      ValueError: a rule is none, or there is not one for each clip.
    """
    score = frames.smoothed if smoothed else _lowest(frames, people)
    found = []
    for clip, rule in zip(range(len(frames.clips)), rules, strict=True):
        here = people.clip == clip
        seen = PersonScores(*(column[here] for column in people))
        of_clip = score[frames.frames(clip)]
        found += [_alarm(clip, span, of_clip, seen) for span in alarm_spans(of_clip, rule)]
    return found


def _lowest(frames: FrameScores, people: PersonScores) -> NDArray[np.floating]:
    """The lowest score of the people in each frame, minus infinity where that is one."""
    score = frames.raw.copy()
    endless = people.score == -np.inf
    score[frames.offsets[people.clip[endless]] + people.frame[endless]] = -np.inf
    return score


def _alarm(clip: int, span: Span, score: NDArray[np.floating], seen: PersonScores) -> Alarm:
    within = np.flatnonzero((seen.frame >= span.start) & (seen.frame < span.end))
    if not within.size:
        frame = span.start + int(np.argmin(score[slice(*span)]))
        return Alarm(clip, span, None, float(score[frame]), frame)
    least = within[np.argmin(seen.score[within])]
    person, frame = int(seen.person[least]), int(seen.frame[least])
    return Alarm(clip, span, person, float(seen.score[least]), frame)
