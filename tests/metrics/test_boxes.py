from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.metrics import boxes, rbdc_tbdc
from stgnf_jax.metrics.boxes import areas, count_boxes

# A box of 10 by 10 pixels at the left, and one at the right.
LEFT, RIGHT = (0, 0, 9, 9), (100, 0, 109, 9)
# Tracks, detections, frames.
Scene = tuple[NDArray[np.int64], NDArray[np.int64], int]


def rows(*values: tuple[float | tuple[float, ...], ...]) -> NDArray[np.float64]:
    """Rows of seven numbers, four of which may come as a box."""
    flat = [np.hstack([np.atleast_1d(part) for part in value]) for value in values]
    return np.array(flat, np.float64).reshape(-1, 7)


@pytest.mark.reference
@pytest.mark.parametrize("case", range(5))
def test_goldens(shared: Path, case: int) -> None:
    with np.load(shared / "goldens/localisation.npz") as file:
        tracks, detections, num_frames, rbdc, tbdc = (
            file[f"{case}/{name}"]
            for name in ("tracks", "detections", "num_frames", "rbdc", "tbdc")
        )
    found = rbdc_tbdc(tracks, detections, int(num_frames))
    assert found.rbdc == pytest.approx(float(rbdc), abs=1e-9)
    assert found.tbdc == pytest.approx(float(tbdc), abs=1e-9)


def test_areas_by_hand() -> None:
    # Ten frames. Track 0 has boxes in frames 0 and 1, track 1 in frame 5. By falling score:
    tracks = rows((0, 0, 0, LEFT), (0, 0, 1, LEFT), (0, 1, 5, RIGHT))
    detections = rows(
        (0, 0, LEFT, 0.9),  # finds 1 of 3 boxes, and track 0 with half of its boxes
        (0, 2, LEFT, 0.8),  # 1 false alarm in 10 frames
        (0, 0, LEFT, 0.7),  # only a box found before: neither
        (0, 5, LEFT, 0.6),  # in the right frame at the wrong place: 2 false alarms in 10 frames
        (0, 5, RIGHT, 0.5),  # 2 of 3 boxes, both tracks
        (0, 1, RIGHT, 0.4),  # 3 false alarms in 10 frames
        (0, 1, LEFT, 0.3),  # 3 of 3 boxes
    )
    # Regions: 1/3 up to 0.2 false alarms a frame, 2/3 up to 0.3, then 1 up to 1.
    # Tracks: 1/2 up to 0.2, then 1 up to 1.
    found = rbdc_tbdc(tracks, detections, 10)
    assert found.rbdc == pytest.approx(0.2 / 3 + 0.1 * 2 / 3 + 0.7, abs=1e-15)
    assert found.tbdc == pytest.approx(0.2 / 2 + 0.8, abs=1e-15)
    # Two frames only: half a false alarm a frame after the first, one after the second, and
    # nothing that comes after one counts.
    assert rbdc_tbdc(tracks, detections, 2) == pytest.approx((1 / 3, 0.5))


def test_a_higher_score_is_more_anomalous() -> None:
    tracks = rows((0, 0, 0, LEFT))
    hit, false_alarm = (0, 0, LEFT), (0, 0, RIGHT)
    assert rbdc_tbdc(tracks, rows((*hit, 1), (*false_alarm, 0)), 1) == (1, 1)
    assert rbdc_tbdc(tracks, rows((*hit, 0), (*false_alarm, 1)), 1) == (0, 0)


def test_equal_scores_are_taken_at_once() -> None:
    # One after the other they give 1 or 0; at once, a line from (0, 0) to (1, 1), and a half.
    tracks = rows((0, 0, 0, LEFT))
    hit, false_alarm = (0, 0, LEFT, 3), (0, 0, RIGHT, 3)
    assert rbdc_tbdc(tracks, rows(hit, false_alarm), 1) == (0.5, 0.5)
    assert rbdc_tbdc(tracks, rows(false_alarm, hit), 1) == (0.5, 0.5)
    # With two false alarms the line ends at (2, 1); up to 1 there is a quarter below it.
    assert rbdc_tbdc(tracks, rows(false_alarm, hit, false_alarm), 1) == (0.25, 0.25)


@pytest.mark.parametrize(
    ("box", "hits"),
    [
        # The truth has 10 x 10 pixels, the detection 1 x 10 within it: 10 of 100.
        ((9, 0, 9, 9), True),
        # 1 x 10 in common, of 100 + 20 - 10.
        ((9, 0, 10, 9), False),
        # 2 x 10 in common, of 100 + 110 - 20 = 190.
        ((8, 0, 18, 9), True),
        # It begins one pixel beyond the last one.
        ((10, 0, 19, 9), False),
        # Nothing between its edges.
        ((9, 0, 0, 9), False),
    ],
)
def test_edges_belong_to_a_box(box: tuple[int, ...], hits: bool) -> None:
    found = rbdc_tbdc(rows((0, 0, 0, LEFT)), rows((0, 0, box, 1)), 1)
    assert found == (hits, hits)


def test_one_detection_hits_every_box_of_its_frame() -> None:
    tracks = rows((0, 0, 0, LEFT), (0, 1, 0, LEFT), (0, 0, 1, LEFT), (1, 0, 0, LEFT))
    # Two of four boxes; of three tracks, video 1's track 0 is not found.
    assert rbdc_tbdc(tracks, rows((0, 0, LEFT, 1)), 4) == pytest.approx((0.5, 2 / 3))


@pytest.mark.parametrize(("size", "needed"), [(1, 1), (10, 1), (11, 2), (30, 3), (70, 7)])
def test_a_track_is_found_by_a_tenth_of_its_boxes(size: int, needed: int) -> None:
    tracks = rows(*((0, 0, frame, LEFT) for frame in range(size)))
    detections = rows(*((0, frame, LEFT, -frame) for frame in range(needed)))
    assert rbdc_tbdc(tracks, detections, size).tbdc == 1
    assert rbdc_tbdc(tracks, detections[:-1], size).tbdc == 0


def test_no_detection_finds_nothing() -> None:
    assert rbdc_tbdc(rows((0, 0, 0, LEFT)), rows(), 5) == (0, 0)


def oracle(
    tracks: NDArray[np.int64], detections: NDArray[np.int64], num_frames: int
) -> list[float]:
    """The same, score after score and pair after pair, in whole numbers."""

    def pixels(box: NDArray[np.int64]) -> int:
        return max(int(box[2] - box[0]) + 1, 0) * max(int(box[3] - box[1]) + 1, 0)

    def hits(detection: NDArray[np.int64], truth: NDArray[np.int64]) -> bool:
        a, b = detection[2:6], truth[3:7]
        common = pixels(np.array([*np.maximum(a[:2], b[:2]), *np.minimum(a[2:], b[2:])]))
        same = detection[0] == truth[0] and detection[1] == truth[2]
        return bool(same and 10 * common >= pixels(a) + pixels(b) - common)

    found, false_alarms = set[int](), 0
    names = {(row[0], row[1]) for row in tracks.tolist()}
    points = [[(Fraction(0), Fraction(0))] for _ in range(2)]
    for score in sorted(set(detections[:, 6].tolist()), reverse=True):
        for detection in detections[detections[:, 6] == score]:
            hit = {i for i, truth in enumerate(tracks) if hits(detection, truth)}
            found |= hit
            false_alarms += not hit
        of_tracks = 0
        for name in names:
            mine = [i for i, row in enumerate(tracks.tolist()) if (row[0], row[1]) == name]
            of_tracks += 10 * len(found & set(mine)) >= len(mine)
        x = Fraction(false_alarms, num_frames)
        points[0].append((x, Fraction(len(found), len(tracks))))
        points[1].append((x, Fraction(of_tracks, len(names))))
    return [float(area(curve)) for curve in points]


def area(points: list[tuple[Fraction, Fraction]]) -> Fraction:
    """Below lines through the points, from 0 to 1; the last one holds."""
    total = Fraction(0)
    for (x0, y0), (x1, y1) in pairwise([*points, (max(Fraction(1), points[-1][0]), points[-1][1])]):
        if x0 < 1 and x1 > x0:
            end = min(x1, Fraction(1))
            y_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0)
            total += (end - x0) * (y0 + y_end) / 2
    return total


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Few boxes in few frames of two videos, on a coarse grid, with equal scores and places."""
    edges = st.tuples(*[st.integers(0, 3)] * 2, *[st.sampled_from([0, 1, 9])] * 2)
    where = st.tuples(st.integers(0, 1), st.integers(0, 2))

    def box(corner: tuple[int, ...]) -> list[int]:
        return [corner[0], corner[1], corner[0] + corner[2], corner[1] + corner[3]]

    truth = st.tuples(where, st.integers(0, 1), edges)
    seen = st.tuples(where, edges, st.integers(0, 4))
    tracks = [
        [video, track, frame, *box(corner)]
        for (video, frame), track, corner in draw(st.lists(truth, min_size=1, max_size=14))
    ]
    detections = [
        [*place, *box(corner), score] for place, corner, score in draw(st.lists(seen, max_size=14))
    ]
    first, second = (np.array(part, np.int64).reshape(-1, 7) for part in (tracks, detections))
    return first, second, draw(st.integers(1, 8))


@given(scenes())
@settings(max_examples=200, deadline=None)
def test_against_every_pair(scene: Scene) -> None:
    assert rbdc_tbdc(*scene) == pytest.approx(oracle(*scene), abs=1e-12)


@given(scenes(), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_neither_order_nor_size_of_scores_counts(scene: Scene, seed: int) -> None:
    tracks, detections, num_frames = scene
    random = np.random.default_rng(seed)
    mixed = random.permutation(tracks)
    mixed_detections = random.permutation(detections).astype(float)
    mixed_detections[:, 6] = np.exp(mixed_detections[:, 6])
    mixed[:, 0] = 7 - mixed[:, 0]  # videos under other numbers, in another order
    mixed_detections[:, 0] = 7 - mixed_detections[:, 0]
    found = rbdc_tbdc(mixed, mixed_detections, num_frames)
    assert found == pytest.approx(rbdc_tbdc(*scene), abs=1e-15)


def random_scene(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Three videos of 40 frames, about one box in each, and twice as many detections."""
    random = np.random.default_rng(seed)
    places = random.integers((0, 0, 0), (3, 4, 40), (100, 3))
    corners = random.uniform(0, 30, (300, 2))
    sides = random.uniform(5, 20, (300, 2))
    box = np.hstack([corners, corners + sides])
    seen = np.stack([random.integers(0, 3, 200), random.integers(0, 40, 200)], 1)
    return np.hstack([places, box[:100]]), np.hstack(
        [seen, box[100:], random.normal(size=(200, 1))]
    )


def test_detections_are_compared_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks, detections = random_scene(0)
    expected = rbdc_tbdc(tracks, detections, 120)
    assert 0.1 < expected.rbdc < 0.9
    monkeypatch.setattr(boxes, "_CHUNK", 7)
    assert rbdc_tbdc(tracks, detections, 120) == expected


def test_counts_of_clips_add_up() -> None:
    tracks, detections = random_scene(1)
    counts = count_boxes(tracks, detections, np.array([40, 40, 40]), 1000)
    whole = boxes.BoxCounts(*(part.sum(0) for part in counts))
    assert areas(whole) == pytest.approx(rbdc_tbdc(tracks, detections, 120), abs=1e-12)
    for clip in range(3):
        alone = boxes.BoxCounts(*(part[clip] for part in counts))
        there = tracks[tracks[:, 0] == clip], detections[detections[:, 0] == clip]
        assert areas(alone) == pytest.approx(rbdc_tbdc(*there, 40), abs=1e-12)


@pytest.mark.parametrize(
    ("tracks", "detections", "num_frames", "message"),
    [
        (np.zeros((2, 6)), rows(), 1, r"tracks must have the shape \(N, 7\), got \(2, 6\)"),
        (rows((0, 0, 0, LEFT)), np.zeros(7), 1, r"detections must have the shape \(N, 7\)"),
        (rows((0, 0, 0, 0, 0, np.nan, 0)), rows(), 1, "tracks must be finite"),
        (rows((0, 0, 0, LEFT)), rows((0, np.inf, LEFT, 1)), 1, "detections must be finite"),
        (rows((0, 0, 0, LEFT)), rows((0, 0, LEFT, np.nan)), 1, "score must hold no NaN"),
        (rows((0, 0, 0.5, LEFT)), rows(), 1, "tracks must have whole numbers in the first 3"),
        (rows((0, 0, 0, LEFT)), rows((0.5, 0, LEFT, 1)), 1, "detections must have whole numbers"),
        (rows((0, 0, 0, 9, 0, 8, 0)), rows(), 1, "tracks must have boxes with x1 <= x2"),
        (rows((0, 0, 0, LEFT)), rows(), 0, "num_frames must be at least 1, got 0"),
    ],
)
def test_what_is_refused(
    tracks: NDArray[np.float64], detections: NDArray[np.float64], num_frames: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rbdc_tbdc(tracks, detections, num_frames)


def test_no_ground_truth_is_an_input_error() -> None:
    with pytest.raises(InputError, match="the ground truth holds no box"):
        rbdc_tbdc(rows(), rows((0, 0, LEFT, 1)), 1)


def test_an_infinite_score_comes_first() -> None:
    tracks = rows((0, 0, 0, LEFT))
    assert rbdc_tbdc(tracks, rows((0, 0, LEFT, np.inf), (0, 0, RIGHT, 1e300)), 1) == (1, 1)
