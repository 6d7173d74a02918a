"""What goes into a live stream and what comes out, in Python's and NumPy's numbers."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.stream_state import Observed


class Frame(NamedTuple):
    """The people seen in one frame.

    Attributes:
      number: the frame's, from 0 on.
      person: (P,) int64, all different, none negative.
      keypoints: (P, J, 3), [x, y, confidence] in pixels of the J joints of a pose file, or of the
        V joints of the model's skeleton.
    """

    number: int
    person: NDArray[np.int64]
    keypoints: NDArray[np.floating]


class PersonScore(NamedTuple):
    """A person's score, higher is more normal.

    Attributes:
      person: the person's number.
      frame: the frame that the score belongs to, the middle of a window that ends now.
      score: of that window.
      late: whether that frame was settled without this score.
    """

    person: int
    frame: int
    score: float
    late: bool


class SettledFrame(NamedTuple):
    """A frame whose score is final.

    Attributes:
      frame: its number.
      score: the lowest of the people in it; None when no one has one.
      smoothed: filtered with the frames before; None as long as none had a finite score.
    """

    frame: int
    score: float | None
    smoothed: float | None


class LiveScores(NamedTuple):
    """What one frame makes known.

    Attributes:
      frame: the number of the frame just seen.
      use: `scored`, or why it was left out: it had been seen (`duplicate`), or a later one had
        (`late`).
      people: scores of the people in it whose last T detections are a window.
      frames: what is settled now, from the first score of the camera on.
      without_slot: people who were left out because there are too many at once.
      unscorable: windows that have no score, as where y is the same in all joints.
    """

    frame: int
    use: Literal["scored", "duplicate", "late"]
    people: tuple[PersonScore, ...] = ()
    frames: tuple[SettledFrame, ...] = ()
    without_slot: int = 0
    unscorable: int = 0


def live_scores(frame: int, person: NDArray[np.int64], observed: Observed) -> LiveScores:
    """What `observe` found in a frame.

    Args:
      frame: its number.
      person: (P,) the people that it was given, without those made up.
      observed: NumPy arrays.
    """
    scored = np.flatnonzero(observed.complete & (observed.score < np.inf))
    first_open = int(observed.settled_frame[-1])
    people = (
        PersonScore(int(person[i]), at, float(observed.score[i]), at < first_open)
        for i, at in zip(scored, observed.speaks_for[scored].tolist(), strict=True)
    )
    frames = (
        SettledFrame(
            int(number),
            float(lowest) if lowest < np.inf else None,
            None if np.isnan(smoothed) else float(smoothed),
        )
        for settled, number, lowest, smoothed in zip(*observed[3:], strict=True)
        if settled and (lowest < np.inf or not np.isnan(smoothed))
    )
    unscorable = int(observed.complete.sum()) - len(scored)
    return LiveScores(frame, "scored", tuple(people), tuple(frames), unscorable=unscorable)
