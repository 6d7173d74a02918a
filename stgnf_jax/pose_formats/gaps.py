"""Joints that were not found: filled over short gaps, and what happens to the others."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.pose_formats.clip_poses import ClipPoses
from stgnf_jax.pose_formats.conversion import Missing
from stgnf_jax.skeleton import COCO_17, hop_distance


class Filled(NamedTuple):
    """A clip after its gaps were seen to, and what was done.

    Attributes:
      poses: the clip.
      interpolated: joints that were filled.
      missing: joints that are still missing.
      dropped: detections that were left out.
    """

    poses: ClipPoses
    interpolated: int
    missing: int
    dropped: int


def fill_gaps(poses: ClipPoses, missing: Missing, max_gap: int) -> Filled:
    """Fills in joints that were not found, those with a confidence of 0.

    Between two frames of a track in which a joint is seen, it moves in a straight line, and so does
    its confidence. A detection without any joint is left out. No detections are added.

    Args:
      poses: the clip, sorted by person and frame.
      missing: what to do. `keep` changes nothing. `interpolate` fills gaps, and puts what is still
        missing, with confidence 0, where the nearest joint of the skeleton is that is seen in the
        frame. `drop` fills gaps and leaves out detections that still miss a joint.
      max_gap: frames between the two in which the joint is seen, at most.
    """
    lacks = _lacks(poses.keypoints)
    if missing == "keep":
        return Filled(poses, 0, int(lacks.sum()), 0)
    keypoints = poses.keypoints.copy()
    starts = np.flatnonzero(np.diff(poses.person, prepend=-1))
    for start, end in zip(starts, np.append(starts, len(poses.person))[1:], strict=True):
        for joint in np.flatnonzero(lacks[start:end].any(0)):
            _fill(poses.frame[start:end], keypoints[start:end, joint], max_gap)
    still = _lacks(keypoints)
    interpolated = int((lacks & ~still).sum())
    kept = np.logical_not(still.any(1) if missing == "drop" else still.all(1))
    keypoints, still = keypoints[kept], still[kept]
    _move_to_neighbours(keypoints, still)
    filled = poses.take(kept)._replace(keypoints=keypoints)
    return Filled(filled, interpolated, int(still.sum()), int((~kept).sum()))


def _lacks(keypoints: NDArray[np.float64]) -> NDArray[np.bool_]:
    return keypoints[..., 2] <= 0


def _fill(frame: NDArray[np.int64], joint: NDArray[np.float64], max_gap: int) -> None:
    """Fills short gaps of one joint of one track, (F, 3), in place."""
    seen, gaps = np.flatnonzero(joint[:, 2] > 0), np.flatnonzero(joint[:, 2] <= 0)
    if not seen.size:
        return
    after = np.searchsorted(seen, gaps)
    inside = (after > 0) & (after < len(seen))
    gaps, after = gaps[inside], after[inside]
    length = frame[seen[after]] - frame[seen[after - 1]] - 1
    short = gaps[length <= max_gap]
    for channel in range(3):
        joint[short, channel] = np.interp(frame[short], frame[seen], joint[seen, channel])


def _move_to_neighbours(keypoints: NDArray[np.float64], lacks: NDArray[np.bool_]) -> None:
    """Puts each missing joint where the nearest seen one by bones is, with confidence 0."""
    by_distance = np.argsort(hop_distance(COCO_17, COCO_17.num_joints), axis=1, kind="stable")
    for joint in np.flatnonzero(lacks.any(0)):
        rows = np.flatnonzero(lacks[:, joint])
        order = by_distance[joint]
        nearest = order[np.argmax(~lacks[rows][:, order], axis=1)]
        keypoints[rows, joint, :2] = keypoints[rows, nearest, :2]
        keypoints[rows, joint, 2] = 0
