"""RBDC and TBDC: are the regions and the tracks of abnormal events found?

Ramachandra & Jones, "Street Scene: A new dataset and evaluation protocol for video anomaly
detection", WACV 2020, with their alpha = beta = 0.1.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.metrics.counts import Levels, count_up_to, levels

# Share of its boxes from which on a track is found.
ALPHA = 0.1
# Intersection over union from which on a detection hits a box.
BETA = 0.1
# Detections that are compared with the boxes of their frames together.
_CHUNK = 2**16


class RbdcTbdc(NamedTuple):
    """Both figures, in [0, 1], higher is better.

    Attributes:
      rbdc: region-based detection criterion.
      tbdc: track-based detection criterion.
    """

    rbdc: float
    tbdc: float


class BoxCounts(NamedTuple):
    """What turns up until each of L levels of the detections' scores, most anomalous first.

    From none, through the L levels, to all there are, found or not.

    Attributes:
      false_alarms: (..., L + 2) float64, detections that hit no box; none is left to the end.
      regions: (..., L + 2) float64, boxes of the ground truth that are hit.
      tracks: (..., L + 2) float64, tracks of which `ALPHA` is hit.
      num_frames: (...) float64, frames that there are.
    """

    false_alarms: NDArray[np.float64]
    regions: NDArray[np.float64]
    tracks: NDArray[np.float64]
    num_frames: NDArray[np.float64]


def rbdc_tbdc(
    tracks: NDArray[np.number], detections: NDArray[np.number], num_frames: int
) -> RbdcTbdc:
    """Areas under the rates of regions and of tracks found, over false alarms a frame from 0 to 1.

    Detections are taken by falling score, all of one score at once. One hits every ground-truth
    box of its frame with an intersection over union of at least `BETA`, pixels counted with both
    edges (width = x2 - x1 + 1). One that hits none is a false alarm; one that hits only boxes
    found before is neither. A track is found when at least `ALPHA` of its boxes are. Points of a
    curve are joined by lines, which tells only where scores are equal; the last one holds up to
    one false alarm a frame when there are fewer.

    Args:
      tracks: (N, 7) ground truth, a row [video, track, frame, x1, y1, x2, y2] a box; the track's
        number is one of its video's.
      detections: (M, 7), a row [video, frame, x1, y1, x2, y2, score] each; a higher score is
        MORE ANOMALOUS, the opposite of a normality score. One with x2 < x1 or y2 < y1 hits nothing.
      num_frames: frames of all videos.

    Raises:
      InputError: there is no ground-truth box.
      ValueError: an array of another shape, a box that is none, a number that is not whole or
        finite where it must be, no frame.
    """
    tracks, detections = (np.asarray(rows, np.float64) for rows in (tracks, detections))
    _check(tracks, detections, num_frames)
    if not len(tracks):
        raise InputError("the ground truth holds no box, so there is nothing to find")
    one_video = np.zeros(len(tracks), np.int64), np.zeros(len(detections), np.int64)
    frames = np.array([num_frames])
    counts = _count(tracks, detections, levels(-detections[:, 6]), one_video, frames)
    return RbdcTbdc(*(area.item() for area in areas(counts)))


def count_boxes(
    tracks: NDArray[np.float64],
    detections: NDArray[np.float64],
    num_frames: NDArray[np.integer],
    most: int,
) -> BoxCounts:
    """Of each clip, what turns up until each of at most `most` levels: (num_clips, L + 2).

    The first two arguments are those of `rbdc_tbdc`; videos are numbered from 0 on.
    `num_frames` are those of each, (num_clips,).
    """
    clips = tracks[:, 0].astype(np.int64), detections[:, 0].astype(np.int64)
    return _count(tracks, detections, levels(-detections[:, 6], most), clips, num_frames)


def areas(counts: BoxCounts) -> tuple[NDArray[np.float64], ...]:
    """RBDC and TBDC, (...) each, from counts (..., L + 2)."""
    false_alarms = counts.false_alarms[..., :-1]
    return tuple(
        _area(false_alarms, found[..., :-1] / found[..., -1:], counts.num_frames)
        / counts.num_frames
        for found in (counts.regions, counts.tracks)
    )


def _area(
    x: NDArray[np.float64], y: NDArray[np.float64], limit: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Area under lines through points (..., P) with x rising from 0, up to a limit (...)."""
    limit = limit[..., None]
    step = np.diff(x)
    inside = np.clip(limit - x[..., :-1], 0, step)
    slope = np.diff(y) / np.where(step > 0, step, 1)
    beyond = np.maximum(limit - x[..., -1:], 0) * y[..., -1:]
    return (inside * (y[..., :-1] + slope * inside / 2)).sum(-1) + beyond[..., 0]


def _count(
    tracks: NDArray[np.number],
    detections: NDArray[np.number],
    at: Levels,
    clips: tuple[NDArray[np.int64], NDArray[np.int64]],
    num_frames: NDArray[np.integer],
) -> BoxCounts:
    false_alarm = np.ones(len(detections), np.bool_)
    found = np.full(len(tracks), at.num_levels)
    for detection, box in _hits(tracks, detections):
        false_alarm[detection] = False
        np.minimum.at(found, box, at.level[detection])
    first_box, track_found = _track_found(_numbered(tracks[:, 0], tracks[:, 1]), found)
    shape = (len(num_frames), at.num_levels + 1)
    return BoxCounts(
        count_up_to(at.level[false_alarm], clips[1][false_alarm], shape),
        count_up_to(found, clips[0], shape),
        count_up_to(track_found, clips[0][first_box], shape),
        num_frames.astype(np.float64),
    )


def _track_found(
    track: NDArray[np.int64], found: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A box of each track, and the level at which enough of its boxes are found; (K,) each."""
    _, first, size = np.unique(track, return_index=True, return_counts=True)
    # 30 boxes need 3, although 0.1 * 30 is a little above 3 in floating point.
    needed = np.ceil(ALPHA * size - 1e-9).astype(np.int64)
    in_turn = found[np.lexsort((found, track))]
    return first, in_turn[np.cumsum(size) - size + needed - 1]


def _hits(
    tracks: NDArray[np.number], detections: NDArray[np.number]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of a detection and a box that it hits, by their places, some at a time."""
    video = np.concatenate([tracks[:, 0], detections[:, 0]])
    frame = np.concatenate([tracks[:, 2], detections[:, 1]])
    box_frame, detection_frame = np.split(_numbered(video, frame), [len(tracks)])
    order = np.argsort(box_frame)
    box_frame = box_frame[order]
    for start in range(0, len(detections), _CHUNK):
        frames = detection_frame[start : start + _CHUNK]
        first, end = (np.searchsorted(box_frame, frames, side) for side in ("left", "right"))
        number = end - first
        nth = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
        box = order[np.repeat(first, number) + nth]
        detection = start + np.repeat(np.arange(len(frames)), number)
        hit = _overlap(detections[detection, 2:6], tracks[box, 3:7]) >= BETA
        yield detection[hit], box[hit]


def _numbered(video: NDArray[np.number], number: NDArray[np.number]) -> NDArray[np.int64]:
    """One whole number for each pair, the same for equal pairs; (N,)."""
    (_, first), (values, second) = (np.unique(x, return_inverse=True) for x in (video, number))
    return first * len(values) + second


def _overlap(a: NDArray[np.number], b: NDArray[np.number]) -> NDArray[np.floating]:
    """Intersection over union of boxes (N, 4) [x1, y1, x2, y2], edges included: (N,)."""
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]) + 1
    common = np.maximum(sides, 0).prod(1)
    union = (a[:, 2:] - a[:, :2] + 1).prod(1) + (b[:, 2:] - b[:, :2] + 1).prod(1) - common
    return common / np.where(common > 0, union, 1)


def _check(tracks: NDArray[np.float64], detections: NDArray[np.float64], num_frames: int) -> None:
    for name, rows, whole, finite in (("tracks", tracks, 3, 7), ("detections", detections, 2, 6)):
        if rows.ndim != 2 or rows.shape[1] != 7:
            raise ValueError(f"{name} must have the shape (N, 7), got {rows.shape}")
        if not np.isfinite(rows[:, :finite]).all():
            raise ValueError(f"{name} must be finite")
        if (rows[:, :whole] % 1 != 0).any():
            raise ValueError(f"{name} must have whole numbers in the first {whole} columns")
    if (tracks[:, 5:] < tracks[:, 3:5]).any():
        raise ValueError("tracks must have boxes with x1 <= x2 and y1 <= y2")
    if num_frames < 1:
        raise ValueError(f"num_frames must be at least 1, got {num_frames}")
