"""Gaps counted by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax.pose_formats.clip_poses import ClipPoses
from stgnf_jax.pose_formats.conversion import Missing
from stgnf_jax.pose_formats.gaps import fill_gaps

NOSE, LEFT_EYE, RIGHT_EYE, LEFT_EAR, LEFT_WRIST, LEFT_ELBOW = 0, 1, 2, 3, 9, 7


def clip(*tracks: tuple[int, list[int]]) -> ClipPoses:
    """Persons with their frames; joint j is at (frame + j, 100 person) with confidence 0.5."""
    rows = [(person, frame) for person, frames in tracks for frame in frames]
    person, frame = np.array(rows, np.int64).reshape(-1, 2).T
    keypoints = np.full((len(rows), 17, 3), 0.5)
    keypoints[..., 0] = frame[:, None] + np.arange(17)
    keypoints[..., 1] = 100 * person[:, None]
    return ClipPoses(frame, person, keypoints, np.full(len(rows), np.nan))


def lose(poses: ClipPoses, rows: list[int], joints: list[int]) -> NDArray[np.float64]:
    """The keypoints as they were; in the clip they are lost, as OpenPose loses them."""
    before = poses.keypoints.copy()
    poses.keypoints[np.ix_(rows, joints)] = 0
    return before


def test_short_gaps_are_straight_lines_and_long_ones_stay() -> None:
    # The wrist is seen in frames 10, 13 and 17; frame 14 is not there at all.
    poses = clip((1, [10, 11, 12, 13, 15, 16, 17]))
    before = lose(poses, [1, 2, 4, 5], [LEFT_WRIST])
    filled = fill_gaps(poses, "interpolate", 2)  # Gaps of 2 and of 3 frames.
    assert filled[1:] == (2, 2, 0)
    np.testing.assert_allclose(filled.poses.keypoints[:4], before[:4])
    wrist = filled.poses.keypoints[[4, 5], LEFT_WRIST]
    elbow = filled.poses.keypoints[[4, 5], LEFT_ELBOW]
    np.testing.assert_array_equal(wrist, elbow * [1, 1, 0])
    filled = fill_gaps(poses, "interpolate", 3)
    assert filled[1:] == (4, 0, 0)
    np.testing.assert_allclose(filled.poses.keypoints, before)


def test_confidence_is_interpolated_as_well() -> None:
    poses = clip((1, [0, 1, 2, 3]))
    lose(poses, [1, 2], [NOSE])
    poses.keypoints[[0, 3], NOSE, 2] = 0.2, 0.8
    filled = fill_gaps(poses, "interpolate", 10)
    np.testing.assert_allclose(filled.poses.keypoints[:, NOSE, 2], [0.2, 0.4, 0.6, 0.8])


def test_nothing_is_filled_at_the_ends_of_a_track_or_from_another_one() -> None:
    poses = clip((1, [0, 1]), (2, [2, 3]))
    lose(poses, [1, 2], [NOSE])
    filled = fill_gaps(poses, "interpolate", 10)
    assert filled[1:] == (0, 2, 0)
    np.testing.assert_array_equal(filled.poses.keypoints[[1, 2], NOSE, 2], 0)


def test_a_missing_joint_goes_to_the_nearest_that_is_seen() -> None:
    poses = clip((1, [0]))
    lose(poses, [0], [NOSE, LEFT_EYE, LEFT_EAR])
    (joints,) = fill_gaps(poses, "interpolate", 10).poses.keypoints
    # From the left eye the right eye is one bone away; from nose and ear, it is the nearest too.
    right_eye = [RIGHT_EYE, 100, 0]
    assert joints[[LEFT_EYE, NOSE, LEFT_EAR]].tolist() == [right_eye] * 3


@pytest.mark.parametrize(
    ("missing", "max_gap", "counts", "frames"),
    [
        ("keep", 10, (0, 20, 0), [0, 1, 2, 3, 4]),
        ("interpolate", 10, (18, 2, 0), [0, 1, 2, 3, 4]),
        ("interpolate", 0, (0, 3, 1), [0, 2, 3, 4]),
        ("drop", 10, (18, 0, 1), [0, 1, 2, 3]),
        ("drop", 0, (0, 0, 3), [0, 3]),
    ],
)
def test_what_happens_to_detections(
    missing: Missing, max_gap: int, counts: tuple[int, int, int], frames: list[int]
) -> None:
    poses = clip((1, [0, 1, 2, 3, 4]))
    lose(poses, [1], list(range(17)))  # Nothing is seen in frame 1.
    lose(poses, [2], [NOSE])
    lose(poses, [4], [LEFT_WRIST, LEFT_ELBOW])  # The track ends here.
    filled = fill_gaps(poses, missing, max_gap)
    assert filled[1:] == counts
    assert filled.poses.frame.tolist() == frames


def test_keep_changes_nothing() -> None:
    poses = clip((1, [0, 1, 2]))
    lose(poses, [1], [NOSE])
    kept = fill_gaps(poses, "keep", 10).poses
    np.testing.assert_array_equal(kept.keypoints, poses.keypoints)


@pytest.mark.parametrize("missing", ["interpolate", "keep", "drop"])
def test_a_clip_without_people(missing: Missing) -> None:
    filled = fill_gaps(clip(), missing, 10)
    assert filled[1:] == (0, 0, 0)
    assert filled.poses.keypoints.shape == (0, 17, 3)
