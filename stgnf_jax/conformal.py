"""Conformal p-values: how many normal tracks are as abnormal as this one.

Windows of a track overlap, so they are no exchangeable sample, however many there are. Tracks are
taken to be one, and windows count through the tracks they belong to. What then holds, and what
breaks it: docs/thresholds.md.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.scoring import WindowScores


class TrackScores(NamedTuple):
    """Scores of windows, track by track: N windows of K tracks, at least one in each.

    Attributes:
      clip: (K,) integer, index into the clips.
      person: (K,) integer.
      last: (K,) integer, the first frame of the track's last window.
      score: (N,) float, higher is more normal.
      offsets: (K + 1,) int64; track k has the scores offsets[k] to offsets[k + 1].
    """

    clip: NDArray[np.integer]
    person: NDArray[np.integer]
    last: NDArray[np.integer]
    score: NDArray[np.floating]
    offsets: NDArray[np.int64]

    @property
    def lowest(self) -> NDArray[np.floating]:
        """(K,), the score of the least normal window of each track."""
        return lowest_of_tracks(self.score, self.offsets)


def by_track(windows: WindowScores) -> TrackScores:
    """Windows in any order, track by track: by clip, person and start."""
    order = np.lexsort((windows.start, windows.person, windows.clip))
    clip, person, start = windows.clip[order], windows.person[order], windows.start[order]
    score = windows.score[order]
    new = (np.diff(clip) != 0) | (np.diff(person) != 0)
    first = np.flatnonzero(np.append(True, new)[: len(score)])
    offsets = np.append(first, len(score))
    return TrackScores(clip[first], person[first], start[offsets[1:] - 1], score, offsets)


def lowest_of_tracks(
    score: NDArray[np.floating], offsets: NDArray[np.integer]
) -> NDArray[np.floating]:
    """The lowest of each track's scores, (K,); arguments as in `TrackScores`."""
    if len(offsets) < 2:
        return score[:0]
    return np.minimum.reduceat(score, offsets[:-1])


class NormalTable(NamedTuple):
    """What a window's p-value is looked up in, from N normal windows.

    Attributes:
      score: (N,) rising.
      p: (N + 1,) of a window as low as which there are 0 to N of them.
    """

    score: NDArray[np.floating]
    p: NDArray[np.float64]


def window_p_values(
    normal: NDArray[np.floating], offsets: NDArray[np.integer], score: NDArray[np.floating]
) -> NDArray[np.float64]:
    """p-values of windows: the share of normal windows as low, every track counting alike.

    It is (1 + the sum over K normal tracks of the share of each one's windows with this score or
    a lower one) / (K + 1). Of a track that is exchangeable with the normal ones, a window drawn at
    random has a p-value of alpha or less with a chance of alpha at most, however the windows of a
    track depend on each other (conformal prediction for hierarchical data: Lee, Barber and
    Willett, 2023). With one window a track it is the p-value of split conformal prediction.

    Args:
      normal: (N,) scores of the windows of K normal tracks.
      offsets: (K + 1,) as in `TrackScores`.
      score: (M,) scores of the windows in question.

    Returns:
      (M,) in (0, 1], 1 where there is no normal track.
    """
    return look_up(normal_table(normal, offsets), score)


def normal_table(normal: NDArray[np.floating], offsets: NDArray[np.integer]) -> NormalTable:
    """The p-values of `window_p_values`, with the same arguments, for any score."""
    sizes = np.diff(offsets)
    order = np.argsort(normal, kind="stable")
    as_low = np.append(0, np.cumsum(np.repeat(1 / np.maximum(sizes, 1), sizes)[order]))
    return NormalTable(normal[order], np.minimum((1 + as_low) / (len(sizes) + 1), 1.0))


def look_up(table: NormalTable, score: NDArray[np.floating]) -> NDArray[np.float64]:
    """The p-values (M,) of windows' scores (M,)."""
    return table.p[np.searchsorted(table.score, score, "right")]


def track_p_values(
    lowest: NDArray[np.floating], score: NDArray[np.floating]
) -> NDArray[np.float64]:
    """p-values against whole tracks: the share of normal tracks that are ever as low.

    It is (1 + the number of K normal tracks whose lowest score is this or lower) / (K + 1). That
    any window of a track that is exchangeable with the normal ones has a p-value of alpha or less
    has a chance of alpha at most: a promise for the whole track, however long it is.

    Args:
      lowest: (K,) the lowest scores of normal tracks.
      score: (M,) scores of windows, or the lowest of tracks.

    Returns:
      (M,) in (0, 1].
    """
    as_low = np.searchsorted(np.sort(lowest), score, "right")
    return np.asarray((1 + as_low) / (len(lowest) + 1))
