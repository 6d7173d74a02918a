"""From window scores to frame scores (paper sections 4 and 4.1)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from stgnf_jax.errors import InputError

SIGMAS = (1, 2, 3, 4, 5, 6)


class WindowScores(NamedTuple):
    """The normality score of every window.

    Attributes:
      clip: (N,) integer, index into the clips.
      person: (N,) integer.
      start: (N,) integer, the window's first frame.
      score: (N,) float, bits per dimension, higher is more normal.
    """

    clip: NDArray[np.integer]
    person: NDArray[np.integer]
    start: NDArray[np.integer]
    score: NDArray[np.floating]


class PersonScores(NamedTuple):
    """The normality score of a person in a frame; only where there is one.

    Attributes:
      clip: (N,) integer, index into the clips.
      person: (N,) integer.
      frame: (N,) integer.
      score: (N,) float.
    """

    clip: NDArray[np.integer]
    person: NDArray[np.integer]
    frame: NDArray[np.integer]
    score: NDArray[np.floating]


class FrameScores(NamedTuple):
    """The normality score of every frame, clip after clip; F frames in all, every score finite.

    Attributes:
      clips: names of the clips.
      offsets: (number of clips + 1,) int64; clip i has the frames offsets[i] to offsets[i + 1].
      scored: (F,) bool, whether a person was scored in the frame.
      raw: (F,) float64, before smoothing.
      smoothed: (F,) float64.
    """

    clips: tuple[str, ...]
    offsets: NDArray[np.int64]
    scored: NDArray[np.bool_]
    raw: NDArray[np.float64]
    smoothed: NDArray[np.float64]

    def frames(self, clip: int) -> slice:
        """Where clip number `clip` lies in the arrays."""
        return slice(int(self.offsets[clip]), int(self.offsets[clip + 1]))


def extreme_windows(windows: WindowScores, count: int, *, lowest: bool) -> NDArray[np.intp]:
    """The people with the lowest or the highest scores, each by their most extreme window.

    Args:
      windows: scores of windows.
      count: of how many people, at most.
      lowest: whether the least normal ones are asked for, or the most normal ones.

    Returns:
      Numbers of windows, the most extreme one first.
    """
    order = np.argsort(windows.score if lowest else -windows.score, kind="stable")
    people = np.stack([windows.clip, windows.person], 1)[order]
    first = np.sort(np.unique(people, axis=0, return_index=True)[1])[:count]
    return order[first]


def person_scores(windows: WindowScores, length: int) -> PersonScores:
    """Scores of people: a window of `length` frames T speaks for its start frame + T // 2."""
    return PersonScores(windows.clip, windows.person, windows.start + length // 2, windows.score)


def frame_scores(
    people: PersonScores, clips: Sequence[str], num_frames: Sequence[int]
) -> FrameScores:
    """Scores of frames: the lowest of the people in each, then smoothed clip by clip.

    A frame without a score takes the largest finite score of all clips. A score of minus infinity
    stays lower than all others among the people of its frame; the frame then takes the smallest
    finite score of all clips, since smoothing would spread the infinity over 84 frames each way.

    Args:
      people: scores of people in frames.
      clips: names of the clips.
      num_frames: length of each clip in frames.

    Raises:
      InputError: a score is NaN or plus infinity, a frame lies outside its clip, or no score is
        finite.
      ValueError: `clips` and `num_frames` differ in length.
    """
    if len(clips) != len(num_frames):
        raise ValueError(f"num_frames must have {len(clips)} numbers, got {len(num_frames)}")
    _check(people, clips, num_frames)
    offsets = np.concatenate(([0], np.cumsum(num_frames, dtype=np.int64)))
    lowest = np.full(offsets[-1], np.inf)
    np.minimum.at(lowest, offsets[people.clip] + people.frame, people.score)
    raw = _fill(lowest)
    smoothed = np.concatenate([smooth(clip) for clip in np.split(raw, offsets[1:-1])])
    return FrameScores(tuple(clips), offsets, lowest < np.inf, raw, smoothed)


def smooth(score: NDArray[np.float64], sigmas: Sequence[float] = SIGMAS) -> NDArray[np.float64]:
    """One clip's scores (F,), filtered with Gaussians of each width in turn (widths in frames)."""
    for sigma in sigmas:
        score = gaussian_filter1d(score, sigma)
    return score


def _fill(lowest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Infinities, by their sign, give way to the largest or smallest finite score."""
    finite = lowest[np.isfinite(lowest)]
    if not finite.size:
        raise InputError(
            f"none of {lowest.size} frames has a finite score; are there people long enough in "
            "view to fill a window?"
        )
    return lowest.clip(finite.min(), finite.max())


def _check(people: PersonScores, clips: Sequence[str], num_frames: Sequence[int]) -> None:
    limit = np.asarray(num_frames, dtype=np.int64)[people.clip]
    outside = (people.frame < 0) | (people.frame >= limit)
    unusable = ~(people.score < np.inf)
    for i in np.flatnonzero(outside | unusable)[:1]:
        raise InputError(
            f"has a score, but the clip (its mask, where there is one) has {limit[i]} frames"
            if outside[i]
            else f"the window with this frame in its middle has the score {people.score[i]}",
            file=clips[people.clip[i]],
            person=people.person[i],
            frame=people.frame[i],
        )
