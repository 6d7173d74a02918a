"""Tracks for detections without."""

import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.clip_poses import ClipPoses
from stgnf_jax.pose_formats.conversion import Tracking
from stgnf_jax.pose_formats.tracking import with_tracks


def walkers(frames: list[int], confidence: float = 0.8) -> ClipPoses:
    """Two people who walk towards each other, 200 pixels apart in height."""
    body = np.random.default_rng(0).uniform((0, 0), (40, 120), (17, 2))
    rows = [(frame, side) for frame in frames for side in (1, -1)]
    keypoints = np.full((len(rows), 17, 3), confidence)
    for row, (frame, side) in enumerate(rows):
        keypoints[row, :, :2] = body + np.array([300 - side * (100 - 3 * frame), 300 + 100 * side])
    frames_of = np.array([frame for frame, _ in rows], np.int64)
    return ClipPoses(frames_of, np.full(len(rows), -1), keypoints, np.full(len(rows), np.nan))


def test_tracks_of_the_file_are_kept_and_what_has_none_is_left_out() -> None:
    poses = walkers([0, 1])._replace(person=np.array([7, -1, 7, 2]))
    tracked = with_tracks(poses, Tracking())
    assert tracked.person.tolist() == [2, 7, 7]
    assert tracked.frame.tolist() == [1, 0, 1]


def test_a_clip_without_people_needs_no_tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trackers", None)
    assert len(with_tracks(walkers([]), Tracking()).frame) == 0


def test_without_a_tracker_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "trackers", None)
    with pytest.raises(InputError, match=r"pip install \"stgnf-jax\[track\]\""):
        with_tracks(walkers([0, 1]), Tracking())


class _Detections(NamedTuple):
    """As much of supervision.Detections as is used."""

    xyxy: Any
    confidence: Any = None
    data: Any = None
    tracker_id: Any = None

    @classmethod
    def empty(cls) -> "_Detections":
        return cls(np.empty((0, 4)), np.empty(0), {"row": np.empty(0, int)})


class _Follower:
    """Gives every person of a frame the number of their place from the top; notes what it sees."""

    seen: list[int]

    def __init__(self, **options: float) -> None:
        self.options = options
        type(self).seen = []

    def update(self, detections: _Detections) -> Any:
        type(self).seen.append(len(detections.xyxy))
        top_down = np.argsort(detections.xyxy[:, 1])
        tracked = detections._replace(
            data={"row": detections.data["row"][top_down]}, tracker_id=np.arange(len(top_down))
        )
        return _Sized(tracked)


class _Sized:
    """supervision.Detections has the length of its boxes."""

    def __init__(self, detections: _Detections) -> None:
        self.data, self.tracker_id = detections.data, detections.tracker_id

    def __len__(self) -> int:
        return len(self.tracker_id)


def test_the_tracker_sees_every_frame_and_its_numbers_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = type(sys)("trackers")
    library.ByteTrackTracker = _Follower  # type: ignore[attr-defined]
    other = type(sys)("supervision")
    other.Detections = _Detections  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trackers", library)
    monkeypatch.setitem(sys.modules, "supervision", other)
    poses = walkers([3, 4, 7, 30])
    poses.keypoints[2, :, 2] = 0  # One of the two in frame 4 is not seen at all.
    tracked = with_tracks(poses, Tracking(patience=5))
    # Two empty frames between 4 and 7; of the 22 before 30 as many as matter.
    assert _Follower.seen == [2, 1, 0, 0, 2, *[0] * 6, 2]
    assert tracked.frame.tolist() == [3, 4, 7, 30, 3, 7, 30]
    assert tracked.person.tolist() == [0, 0, 0, 0, 1, 1, 1]
    heights = tracked.keypoints[..., 1].mean(1)
    assert (heights[:4] < 300).all()
    assert (heights[4:] > 300).all()


def test_byte_track_follows_people_over_a_gap() -> None:
    pytest.importorskip("trackers", reason="the extra `track` is not installed")
    frames = [*range(10), *range(14, 25)]
    poses = walkers(frames)
    tracked = with_tracks(poses, Tracking())
    assert np.unique(tracked.person).size == 2
    for person in np.unique(tracked.person):
        mine = tracked.take(tracked.person == person)
        assert mine.frame.tolist() == frames[1:]  # Numbered from the second detection on.
        assert np.ptp(mine.keypoints[..., 1].mean(1)) < 1
    assert len(with_tracks(walkers(frames, confidence=0.3), Tracking()).frame) == 0
    broken = with_tracks(poses, Tracking(patience=2))
    assert np.unique(broken.person).size == 4
