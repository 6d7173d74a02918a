import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax import localisation
from stgnf_jax.localisation import PersonBoxes, as_detections, person_boxes
from stgnf_jax.poses import Tracks
from stgnf_jax.skeleton import COCO_17, OPENPOSE_18, Skeleton
from stgnf_jax.windows import Windows, index_windows

# Shoulders and neck of OpenPose's 18 joints.
RIGHT_SHOULDER, LEFT_SHOULDER, NECK = 2, 5, 1
LENGTH = 4


def make_tracks(frames: list[list[int]], clips: list[int], joints: int = 18) -> Tracks:
    """People whose joint v lies at (v, 2 v), moved to the right by 100 times the frame."""
    frame = np.array([number for track in frames for number in track], np.int32)
    keypoints = np.ones((len(frame), joints, 3), np.float32)
    keypoints[..., 0] = np.arange(joints) + 100 * frame[:, None]
    keypoints[..., 1] = 2 * np.arange(joints)
    return Tracks(
        keypoints=keypoints,
        score=np.ones(len(frame), np.float32),
        frame=frame,
        person=10 + np.arange(len(frames)),
        clip=np.array(clips, np.int32),
        offsets=np.cumsum([0, *map(len, frames)]),
        clips=("a", "b", "c"),
    )


def boxes_of(
    tracks: Tracks, windows: Windows, score: NDArray[np.float64], skeleton: Skeleton = OPENPOSE_18
) -> PersonBoxes:
    return person_boxes(tracks, windows, score, length=LENGTH, skeleton=skeleton, confidence=0.05)


def test_a_box_has_the_score_of_the_nearest_window() -> None:
    # Person 10 has windows from frames 3, 4 and 20 on, which speak for 5, 6 and 22. Person 11 has
    # too few detections for a window. Person 12's only window speaks for frame 2.
    frames = [[3, 4, 5, 6, 7, 14, 20, 21, 22, 23], [0, 1, 2], [0, 1, 2, 3]]
    tracks = make_tracks(frames, clips=[0, 0, 2])
    windows = index_windows(tracks, length=LENGTH, stride=1, max_absent=0)
    np.testing.assert_array_equal(tracks.frame[windows.start], [3, 4, 20, 0])
    boxes = boxes_of(tracks, windows, np.array([0.5, 0.25, 0.75, -1]))
    np.testing.assert_array_equal(boxes.frame, frames[0] + frames[2])
    # 3, 4 and 5 are nearest to 5; 14 is as near to 6 as to 22; 20 and later are nearest to 22.
    expected = [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75, -1, -1, -1, -1]
    np.testing.assert_array_equal(boxes.score, expected)
    np.testing.assert_array_equal(boxes.person, 10 * [10] + 4 * [12])
    np.testing.assert_array_equal(boxes.clip, 10 * [0] + 4 * [2])


def test_the_nearest_window_is_found_whatever_the_order_of_frames() -> None:
    """Frames that sort as strings, as in the published system's windows, go down within a track."""
    tracks = make_tracks([[10, 11, 12, 13, 8, 9], [0, 1, 2, 3]], clips=[0, 1])
    windows = Windows(np.array([0, 2, 6]), np.array([0, 0, 1], np.int32))  # for 12, 14 and 2
    boxes = boxes_of(tracks, windows, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(boxes.score, [1, 1, 1, 1, 1, 1, 3, 3, 3, 3])


def test_a_box_bounds_the_joints_that_are_seen() -> None:
    tracks = make_tracks([[0, 1, 2, 3]], clips=[1])
    confidence = tracks.keypoints[..., 2]
    confidence[1] = 0.05
    confidence[1, [3, 7, 9]] = 0.0625
    confidence[2] = 0
    confidence[3] = 0
    confidence[3, 16] = 1
    boxes = boxes_of(tracks, index_windows(tracks, length=LENGTH, stride=1), np.array([2.0]))
    np.testing.assert_array_equal(boxes.frame, [0, 1, 3])  # nobody is seen in frame 2
    np.testing.assert_array_equal(
        boxes.box, [[0, 0, 17, 34], [103, 6, 109, 18], [316, 32, 316, 32]]
    )


def test_a_made_up_joint_says_nothing() -> None:
    """The neck is the middle of the shoulders, so it is half seen where one of them is."""
    tracks = make_tracks([[0, 1, 2, 3]], clips=[0])
    tracks.keypoints[..., 2] = 0
    tracks.keypoints[:, RIGHT_SHOULDER, 2] = 1
    tracks.keypoints[:, NECK, 2] = 0.5
    windows = index_windows(tracks, length=LENGTH, stride=1)
    boxes = boxes_of(tracks, windows, np.array([2.0]))
    np.testing.assert_array_equal(boxes.box[0], [RIGHT_SHOULDER, 4, RIGHT_SHOULDER, 4])
    # COCO's joints are all those of the file.
    coco = make_tracks([[0, 1, 2, 3]], clips=[0], joints=17)
    coco.keypoints[..., 2] = 0
    coco.keypoints[:, [1, 2], 2] = 1
    np.testing.assert_array_equal(boxes_of(coco, windows, np.ones(1), COCO_17).box[0], [1, 2, 2, 4])


def test_detections_are_looked_at_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = make_tracks([list(range(30)), list(range(5, 40))], clips=[0, 0])
    windows = index_windows(tracks, length=LENGTH, stride=7)
    score = np.arange(len(windows.start), dtype=np.float64)
    expected = boxes_of(tracks, windows, score)
    monkeypatch.setattr(localisation, "_CHUNK", 8)
    for column, same in zip(boxes_of(tracks, windows, score), expected, strict=True):
        np.testing.assert_array_equal(column, same)


def test_less_normal_is_more_anomalous() -> None:
    boxes = PersonBoxes(
        clip=np.array([2], np.int32),
        person=np.array([7]),
        frame=np.array([5], np.int32),
        box=np.array([[1.0, 2.0, 3.0, 4.0]]),
        score=np.array([-0.5], np.float32),
    )
    np.testing.assert_array_equal(as_detections(boxes), [[2, 5, 1, 2, 3, 4, 0.5]])
