"""Tracks for detections that have none, by ByteTrack.

Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022, as
Roboflow's `trackers` has it. A detection's box is that of the joints that are seen, its confidence
their mean one.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.clip_poses import ClipPoses
from stgnf_jax.pose_formats.conversion import Tracking
from stgnf_jax.pose_formats.detection import NO_PERSON


def with_tracks(poses: ClipPoses, tracking: Tracking) -> ClipPoses:
    """Only the detections with a track: those that the file gives, or ByteTrack's if it has none.

    ByteTrack gives a track its number at its second detection, so the first one is left out.

    Raises:
      InputError: a tracker is needed, and `trackers` is not installed.
    """
    if len(poses.person) and (poses.person == NO_PERSON).all():
        poses = poses._replace(person=_track(poses, tracking))
    return poses.take(poses.person != NO_PERSON).sorted()


def _track(poses: ClipPoses, tracking: Tracking) -> NDArray[np.int64]:
    """The track of each detection, `NO_PERSON` for those in none."""
    trackers, supervision = _libraries()
    tracker = trackers.ByteTrackTracker(
        lost_track_buffer=tracking.patience,
        frame_rate=30.0,  # The library counts the buffer in frames at 30 a second.
        track_activation_threshold=tracking.confidence,
        high_conf_det_threshold=tracking.confidence,
        minimum_consecutive_frames=1,
        minimum_iou_threshold=tracking.overlap,
    )
    boxes, confidence = _boxes(poses.keypoints)
    person = np.full(len(boxes), NO_PERSON)
    nobody = supervision.Detections.empty()
    for frames_without, rows in _by_frame(poses.frame):
        for _ in range(min(frames_without, tracking.patience + 1)):
            tracker.update(nobody)
        row = rows[confidence[rows] > 0]
        seen = supervision.Detections(boxes[row], confidence=confidence[row], data={"row": row})
        tracked = tracker.update(seen if row.size else nobody)
        if len(tracked):
            person[tracked.data["row"]] = tracked.tracker_id
    return person


def _by_frame(frame: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Frame by frame, how many frames before it have no detections, and the detections in it."""
    order = np.argsort(frame, kind="stable")
    frames, starts = np.unique(frame[order], return_index=True)
    yield from zip(
        np.diff(frames, prepend=frames[0] - 1) - 1, np.split(order, starts[1:]), strict=True
    )


def _libraries() -> tuple[Any, Any]:
    try:
        import supervision  # noqa: PLC0415
        import trackers  # noqa: PLC0415
    except ImportError as error:
        raise InputError(
            f"has no track numbers, and the tracker cannot be imported ({error}); install it by "
            'pip install "stgnf-jax[track]", or track with your pose estimator'
        ) from error
    return trackers, supervision


def _boxes(keypoints: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The box (D, 4) around the joints that are seen, and their mean confidence (D,)."""
    confidence = keypoints[..., 2].clip(0, 1)
    seen = (confidence > 0)[..., None]
    lowest = np.where(seen, keypoints[..., :2], np.inf).min(1)
    highest = np.where(seen, keypoints[..., :2], -np.inf).max(1)
    mean = confidence.sum(1) / np.maximum(1, (confidence > 0).sum(1))
    return np.concatenate([lowest, highest], 1), mean
