import gzip
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax.poses import Tracks
from stgnf_jax.report_clips import PackedClip, View, find_view, pack_clips
from stgnf_jax.saved_scores import SavedScores
from stgnf_jax.scoring import PersonScores, WindowScores, frame_scores

VIEW = View(0.0, 0.0, 8192.0, 4096.0)  # a step is a pixel
NONE = np.empty(0, np.int64)
NO_WINDOWS = WindowScores(NONE, NONE, NONE, np.empty(0))


class Unpacked(NamedTuple):
    score: NDArray[np.float32]
    frame: NDArray[np.int32]
    place: NDArray[np.int16]
    confidence: NDArray[np.uint8]
    seen: NDArray[np.uint8]


def unpack(clip: PackedClip, joints: int) -> Unpacked:
    """What the page makes of a clip."""
    raw, rows = gzip.decompress(clip.data), sum(clip.rows)
    kinds = (("<f4", 1), ("<i4", 1), ("<i2", 2 * joints), ("u1", joints), ("u1", 1))
    found, at = [], 0
    for dtype, count in kinds:
        found.append(np.frombuffer(raw, dtype, rows * count, at).reshape(-1, rows))
        at += found[-1].nbytes
    assert at == len(raw)
    score, frame, place, confidence, seen = found
    places = np.cumsum(place, -1, dtype=np.int16).reshape(joints, 2, rows)
    return Unpacked(score[0], np.cumsum(frame[0], dtype=np.int32), places, confidence, seen[0])


def make_tracks(*tracks: tuple[int, int, list[int]], clips: tuple[str, ...]) -> Tracks:
    """Tracks of two joints, each (clip, person, frames); x is the frame, y the person % 1000."""
    frames = [np.array(frame, np.int32) for _, _, frame in tracks]
    keypoints = [
        np.stack([np.stack([frame, 0 * frame + person % 1000, 0 * frame + 1], -1)] * 2, 1)
        for (_, person, _), frame in zip(tracks, frames, strict=True)
    ]
    return Tracks(
        keypoints=np.concatenate([np.empty((0, 2, 3)), *keypoints]).astype(np.float32),
        score=np.zeros(sum(map(len, frames)), np.float32),
        frame=np.concatenate([np.empty(0, np.int32), *frames]),
        person=np.array([person for _, person, _ in tracks], np.int64),
        clip=np.array([clip for clip, _, _ in tracks], np.int32),
        offsets=np.cumsum([0, *map(len, frames)], dtype=np.int64),
        clips=clips,
    )


def make_saved(
    *people: tuple[int, int, int, float], clips: tuple[str, ...], num_frames: list[int]
) -> SavedScores:
    """Scores of people, each (clip, person, frame, score)."""
    clip, person, frame, score = (np.array(column) for column in zip(*people, strict=True))
    scores = PersonScores(clip, person, frame, score.astype(np.float32))
    return SavedScores(NO_WINDOWS, scores, frame_scores(scores, clips, num_frames), None)


def test_people_are_merged_from_poses_and_scores() -> None:
    tracks = make_tracks((0, 3, [0, 1, 3]), (0, 10**17, [2]), (2, 5, [1]), clips=("a", "b", "c"))
    # Person 3 of clip a is scored in frame 2, where they are not seen; clip b has no frames.
    people = ((2, 5, 1, -0.5), (0, 3, 2, -2.0), (0, 3, 1, -1.0))
    saved = make_saved(
        *[(c // 2, p, f, s) for c, p, f, s in people], clips=("a", "c"), num_frames=[4, 2]
    )
    first, second = pack_clips(saved, tracks, VIEW)
    assert first[:4] == ("a", 4, (3, 10**17), (4, 1))
    assert second[:4] == ("c", 2, (5,), (1,))
    a, c = unpack(first, 2), unpack(second, 2)
    np.testing.assert_array_equal(a.frame, [0, 1, 2, 3, 2])
    np.testing.assert_array_equal(a.score, [np.nan, -1, -2, np.nan, np.nan])
    np.testing.assert_array_equal(a.seen, [1, 1, 0, 1, 1])
    np.testing.assert_array_equal(a.place[1, 0], [0, 1, 1, 3, 2])  # not seen: as before
    np.testing.assert_array_equal(a.place[0, 1, :4], 3)
    np.testing.assert_array_equal(a.confidence, 255)
    assert c.score == -0.5


def test_frames_may_be_out_of_order_and_beyond_the_clip() -> None:
    tracks = make_tracks((0, 1, [10, 9, 99]), clips=("a",))
    saved = make_saved((0, 1, 9, -1.0), clips=("a",), num_frames=[11])
    (clip,) = pack_clips(saved, tracks, VIEW)
    found = unpack(clip, 2)
    np.testing.assert_array_equal(found.frame, [9, 10])
    np.testing.assert_array_equal(found.place[0, 0], [9, 10])


def test_a_person_who_is_never_in_the_clip_has_no_rows() -> None:
    tracks = make_tracks((0, 1, [50]), (0, 2, [0]), clips=("a",))
    saved = make_saved((0, 2, 0, -1.0), clips=("a",), num_frames=[5])
    (clip,) = pack_clips(saved, tracks, VIEW)
    assert (clip.people, clip.rows) == ((1, 2), (0, 1))


def test_places_far_outside_stay_at_the_edge_and_confidence_in_its_range() -> None:
    tracks = make_tracks((0, 1, [0, 1]), clips=("a",))
    tracks.keypoints[0, 0] = [1e9, -1e9, 7.0]
    tracks.keypoints[1, 1] = [40.4, 40.6, -1.0]
    saved = make_saved((0, 1, 0, -1.0), clips=("a",), num_frames=[2])
    found = unpack(next(pack_clips(saved, tracks, VIEW)), 2)
    assert found.place[0, :, 0].tolist() == [32767, -32768]
    assert found.place[1, :, 1].tolist() == [40, 41]
    assert found.confidence[:, 0].tolist() == [255, 255]
    assert found.confidence[1, 1] == 0


def test_poses_without_any_confidence_are_shown() -> None:
    tracks = make_tracks((0, 1, [0]), clips=("a",))
    tracks.keypoints[..., 2] = 0
    saved = make_saved((0, 1, 0, -1.0), clips=("a",), num_frames=[1])
    found = unpack(next(pack_clips(saved, tracks, VIEW)), 2)
    np.testing.assert_array_equal(found.confidence, 255)


@pytest.mark.parametrize(
    ("low", "high", "view"),
    [
        ((10, 10), (600, 400), (0, 0, 640, 480)),
        ((-5, 0), (640, 485), (0, 0, 640, 480)),
        ((-100, 50), (900, 450), (-148.9, 0.5, 1097.8, 499)),
    ],
)
def test_the_view_is_the_picture_or_the_box_of_the_poses(
    low: tuple[int, int], high: tuple[int, int], view: tuple[int, ...]
) -> None:
    tracks = make_tracks((0, 1, [0]), clips=("a",))
    tracks.keypoints[0, :, :2] = [low, high]
    found = find_view(tracks, (640.0, 480.0))
    np.testing.assert_allclose(found, view, atol=1e-3)  # quantiles of two joints
    assert found.step == max(found.width, found.height) / 8192


def test_joints_without_confidence_do_not_count_for_the_view() -> None:
    tracks = make_tracks((0, 1, [0]), clips=("a",))
    tracks.keypoints[0] = [[100, 100, 1], [-5000, 0, 0]]
    assert find_view(tracks, (640.0, 480.0)) == (0, 0, 640, 480)
