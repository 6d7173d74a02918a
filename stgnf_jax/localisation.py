"""Where in a frame people with low scores are: a box for each person in each frame."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.npy_files import release
from stgnf_jax.poses import Tracks
from stgnf_jax.skeleton import Skeleton
from stgnf_jax.windows import Windows

# Detections that are looked at together: 14 MB of keypoints.
_CHUNK = 2**16


class PersonBoxes(NamedTuple):
    """A box and a score for each person in each frame.

    Attributes:
      clip: (N,) int32, index into the clips.
      person: (N,) int64.
      frame: (N,) int32.
      box: (N, 4) float64, [x1, y1, x2, y2] in pixels.
      score: (N,) float, higher is more normal.
    """

    clip: NDArray[np.int32]
    person: NDArray[np.int64]
    frame: NDArray[np.int32]
    box: NDArray[np.float64]
    score: NDArray[np.floating]


def person_boxes(
    tracks: Tracks,
    windows: Windows,
    score: NDArray[np.floating],
    *,
    length: int,
    skeleton: Skeleton,
    confidence: float,
) -> PersonBoxes:
    """The box of each detection, with the score of its person's nearest window in time.

    A box bounds the joints of the pose file whose confidence is above a threshold; a joint that
    the skeleton makes up from several, as the neck, says nothing that those do not. A window
    speaks for its start frame + T // 2; of two that are as near the earlier one counts. There is
    no box where no joint is seen well enough, and none of a person without any window.

    Args:
      tracks: the detections.
      windows: which of them are windows.
      score: (number of windows,), higher is more normal.
      length: T.
      skeleton: of the tracks.
      confidence: the threshold.
    """
    track = np.repeat(np.arange(len(tracks.clip)), np.diff(tracks.offsets))
    window = _nearest(tracks, windows, track, length)
    box = _bounds(tracks.keypoints, skeleton, confidence)
    kept = np.isfinite(box[:, 0]) & (windows.track[window] == track)
    return PersonBoxes(
        clip=tracks.clip[track[kept]],
        person=tracks.person[track[kept]],
        frame=tracks.frame[kept],
        box=box[kept],
        score=score[window[kept]],
    )


def as_detections(boxes: PersonBoxes) -> NDArray[np.float64]:
    """Boxes as `metrics.rbdc_tbdc` takes them, (N, 7): what is less normal is more anomalous."""
    return np.column_stack([boxes.clip, boxes.frame, boxes.box, -boxes.score]).astype(np.float64)


def _nearest(
    tracks: Tracks, windows: Windows, track: NDArray[np.int64], length: int
) -> NDArray[np.int64]:
    """For each detection the number of the nearest window, of another track if its own has none."""
    # Tracks lie so far apart that every window of the same track is nearer than those of others.
    apart = 2 * (int(tracks.frame.max(initial=0)) + length + 1)
    middle = tracks.frame[windows.start] + length // 2
    place = windows.track.astype(np.int64) * apart + middle
    order = np.argsort(place, kind="stable")
    place, wanted = place[order], track * apart + tracks.frame
    after = np.minimum(np.searchsorted(place, wanted), len(place) - 1)
    before = np.maximum(after - 1, 0)
    return order[np.where(wanted - place[before] <= place[after] - wanted, before, after)]


def _bounds(
    keypoints: NDArray[np.float32], skeleton: Skeleton, confidence: float
) -> NDArray[np.float64]:
    """[x1, y1, x2, y2] of each detection, (D, 4), infinite where no joint is seen."""
    joints = [joint for joint, source in enumerate(skeleton.sources) if len(source) == 1]
    box = np.empty((len(keypoints), 4))
    for start in range(0, len(keypoints), _CHUNK):
        poses = keypoints[start : start + _CHUNK, joints]
        seen = poses[..., 2:] > confidence
        box[start : start + _CHUNK, :2] = np.where(seen, poses[..., :2], np.inf).min(1)
        box[start : start + _CHUNK, 2:] = np.where(seen, poses[..., :2], -np.inf).max(1)
        release(keypoints)
    return box
