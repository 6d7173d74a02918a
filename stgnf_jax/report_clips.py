"""Clips as bytes for the page of a report: people, where they are and how they score."""

import gzip
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.poses import Tracks
from stgnf_jax.saved_scores import SavedScores

# Joints with less confidence do not count for what the view shows.
CONFIDENT = 0.3
# Steps along the longer side of the view; 16 bits reach four views each way.
STEPS = 8192
# Detections that are looked at to find the view.
SAMPLE = 20_000


class View(NamedTuple):
    """The part of the picture that is shown.

    Attributes:
      left: x of its left edge, pixels.
      top: y of its upper edge, pixels.
      width: in pixels.
      height: in pixels.
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def step(self) -> float:
        """Pixels from one of the numbers that stand for a place to the next."""
        return max(self.width, self.height) / STEPS


class PackedClip(NamedTuple):
    """One clip, ready for the page.

    Attributes:
      name: the clip's name.
      num_frames: F.
      people: (P,) the numbers of its people.
      rows: (P,) for each of them, in how many frames they are seen or scored; R in all.
      data: gzip of, one after the other and little-endian, by person, then frame: score float32
        (R,), NaN where there is none; frame int32 (R,); place int16 (V, 2, R), in steps of the
        view from its corner; confidence uint8 (V, R), 255 for 1; seen uint8 (R,), 0 where the
        person has a score but no pose. Frames and places are differences along R, from 0 on,
        which compress to half.
    """

    name: str
    num_frames: int
    people: tuple[int, ...]
    rows: tuple[int, ...]
    data: bytes


class _Rows(NamedTuple):
    """The people of a clip in its frames, R of them, by track of the clip, then frame."""

    track: NDArray[np.int64]
    frame: NDArray[np.int64]
    score: NDArray[np.float32]
    seen: NDArray[np.bool_]
    keypoints: NDArray[np.float32]  # (R, V, 3)


def find_view(tracks: Tracks, resolution: tuple[float, float]) -> View:
    """The whole picture, where the poses lie in it, or else the box around nearly all of them.

    Args:
      tracks: poses, in pixels.
      resolution: width and height of the picture as the model has it.
    """
    sample = tracks.keypoints[:: 1 + len(tracks.keypoints) // SAMPLE].reshape(-1, 3)
    confident = sample[:, 2] >= CONFIDENT
    places = sample[confident if confident.any() else slice(None), :2].astype(np.float64)
    low, high = np.quantile(places, (0.001, 0.999), axis=0)
    size = np.asarray(resolution, np.float64)
    if (low < -0.02 * size).any() or (high > 1.02 * size).any():
        margin = 0.05 * (high - low).max() or 1.0
        low, size = low - margin, high - low + 2 * margin
    else:
        low = np.zeros(2)
    return View(*low.tolist(), *size.tolist())


def pack_clips(saved: SavedScores, tracks: Tracks, view: View) -> Iterator[PackedClip]:
    """The clips that have frames, one after the other.

    Args:
      saved: the scores; their windows are cut from the tracks.
      tracks: the poses.
      view: what is shown of them.
    """
    numbers = {name: number for number, name in enumerate(tracks.clips)}
    ends = np.searchsorted(tracks.clip, np.arange(len(tracks.clips) + 1))
    order = np.argsort(saved.people.clip, kind="stable")
    scored = np.searchsorted(saved.people.clip[order], np.arange(len(saved.frames.clips) + 1))
    for clip, (name, num_frames) in enumerate(
        zip(saved.frames.clips, np.diff(saved.frames.offsets).tolist(), strict=True)
    ):
        first, end = ends[numbers[name]], ends[numbers[name] + 1]
        theirs = order[scored[clip] : scored[clip + 1]]
        rows = _rows(saved, theirs, tracks, slice(first, end), num_frames)
        yield PackedClip(
            name,
            num_frames,
            tuple(tracks.person[first:end].tolist()),
            tuple(np.bincount(rows.track, minlength=end - first).tolist()),
            _packed(rows, view),
        )


def _rows(
    saved: SavedScores,
    scored: NDArray[np.int64],
    tracks: Tracks,
    those: slice,
    num_frames: int,
) -> _Rows:
    """What is known of the tracks `those` of one clip, whose rows of scores are `scored`."""
    first, end = tracks.offsets[those.start], tracks.offsets[those.stop]
    track = np.repeat(
        np.arange(those.stop - those.start), np.diff(tracks.offsets[those.start : those.stop + 1])
    )
    seen = _sorted_places(track, tracks.frame[first:end], num_frames)
    people = saved.people
    owner = np.searchsorted(tracks.person[those], people.person[scored])
    score_key = owner * num_frames + people.frame[scored]
    key = np.union1d(seen.key, score_key)
    score = np.full(len(key), np.nan, np.float32)
    score[np.searchsorted(key, score_key)] = people.score[scored]
    # A person who is not seen stays where they were.
    place = (np.searchsorted(seen.key, key, side="right") - 1).clip(0)
    is_seen = np.isin(key, seen.key)
    keypoints = tracks.keypoints[first:end][seen.detection[place]]
    return _Rows(key // num_frames, key % num_frames, score, is_seen, keypoints)


class _Places(NamedTuple):
    """Detections within a clip's frames: `track` times the frames plus `frame`, ascending."""

    key: NDArray[np.int64]
    detection: NDArray[np.int64]


def _sorted_places(track: NDArray[np.int64], frame: NDArray[np.int32], num_frames: int) -> _Places:
    inside = np.flatnonzero((frame >= 0) & (frame < num_frames))
    key = track[inside] * num_frames + frame[inside]
    order = np.argsort(key)
    return _Places(key[order], inside[order])


def _packed(rows: _Rows, view: View) -> bytes:
    limits = np.iinfo(np.int16)
    corner = np.array([view.left, view.top])
    steps = np.rint((rows.keypoints[..., :2] - corner) / view.step)
    place = steps.clip(limits.min, limits.max).astype("<i2").transpose(1, 2, 0)  # (V, 2, R)
    confidence = rows.keypoints[..., 2].T
    if not confidence.any():  # The files do not know.
        confidence = np.ones_like(confidence)
    parts = (
        rows.score.astype("<f4"),
        np.diff(rows.frame.astype("<i4"), prepend=np.int32(0)),
        np.diff(place, prepend=np.int16(0)),  # Differences wrap around, and back.
        np.rint(255 * confidence.clip(0, 1)).astype(np.uint8),
        rows.seen.astype(np.uint8),
    )
    return gzip.compress(b"".join(part.tobytes() for part in parts), mtime=0)
