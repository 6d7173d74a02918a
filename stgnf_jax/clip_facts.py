"""What a pose file holds, in numbers."""

import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.poses import Tracks
from stgnf_jax.windows import Windows


class Counts(NamedTuple):
    """What can be added up over clips.

    Attributes:
      people: tracks.
      short: tracks with fewer poses than a window has frames.
      poses: detections.
      repeated: poses that another person has in the same frame.
      windows: windows that can be normalised.
      frames: up to the last pose.
      joints: those with a confidence above 0.
      outside: joints outside the video.
    """

    people: int
    short: int
    poses: int
    repeated: int
    windows: int
    frames: int
    joints: int
    outside: int


class ClipFacts(NamedTuple):
    """What one pose file holds.

    Attributes:
      name: of the clip.
      content: hash of the file.
      counts: of what is in it.
      num_scored: frames up to the last one in the middle of a window, which gets its score.
      reach: the largest x and y of a joint, in pixels.
    """

    name: str
    content: str
    counts: Counts
    num_scored: int
    reach: tuple[float, float]


def clip_facts(
    file: Path, tracks: Tracks, windows: Windows, length: int, video: tuple[float, float]
) -> ClipFacts:
    """Counts what is in a file of one clip.

    Args:
      file: the pose file.
      tracks: what it holds.
      windows: of these tracks.
      length: T.
      video: width and height of the video in pixels.

    Raises:
      OSError: the file cannot be read.
    """
    place = tracks.keypoints[tracks.keypoints[..., 2] > 0][:, :2]  # (joints, 2)
    middle = tracks.frame[windows.start] + length // 2
    counts = Counts(
        people=len(tracks.person),
        short=int((np.diff(tracks.offsets) < length).sum()),
        poses=len(tracks.frame),
        repeated=_repeated(tracks),
        windows=len(windows.start),
        frames=_number_up_to(tracks.frame),
        joints=len(place),
        outside=int(((place < 0) | (place > video)).any(-1).sum()),
    )
    x, y = place.max(0, initial=0).tolist()
    return ClipFacts(tracks.clips[0], _content(file), counts, _number_up_to(middle), (x, y))


def total(clips: Iterable[ClipFacts]) -> Counts:
    """The counts of at least one clip together."""
    return Counts(*map(sum, zip(*(clip.counts for clip in clips), strict=True)))


def _number_up_to(frame: NDArray[np.integer]) -> int:
    return int(frame.max(initial=-1)) + 1


def _repeated(tracks: Tracks) -> int:
    joints = tracks.keypoints.reshape(-1, math.prod(tracks.keypoints.shape[1:]))
    poses = np.concatenate([tracks.frame[:, None], joints], 1)
    return len(poses) - len(np.unique(poses, axis=0))


def _content(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "blake2b").hexdigest()
