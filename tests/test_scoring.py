from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.ground_truth import read_masks
from stgnf_jax.metrics import auc_micro
from stgnf_jax.scoring import (
    PersonScores,
    WindowScores,
    extreme_windows,
    frame_scores,
    person_scores,
    smooth,
)


def people(*rows: tuple[int, int, int, float]) -> PersonScores:
    """Rows of clip, person, frame, score."""
    clip, person, frame, score = zip(*rows, strict=True)
    return PersonScores(np.array(clip), np.array(person), np.array(frame), np.array(score))


@pytest.mark.parametrize(("length", "middle"), [(24, 12), (16, 8), (5, 2), (1, 0)])
def test_a_window_speaks_for_its_middle_frame(length: int, middle: int) -> None:
    windows = WindowScores(
        np.array([0, 1]), np.array([7, 8]), np.array([0, 100]), np.array([-1.0, -2.0])
    )
    scores = person_scores(windows, length)
    assert scores.frame.tolist() == [middle, 100 + middle]
    assert scores.clip.tolist() == [0, 1]
    assert scores.person.tolist() == [7, 8]
    assert scores.score.tolist() == [-1.0, -2.0]


def test_a_frame_takes_its_lowest_person_and_a_gap_the_highest_frame_of_all() -> None:
    rows = people((0, 1, 1, 5.0), (0, 2, 1, 2.0), (1, 1, 0, 3.0), (0, 1, 2, -1.0))
    scores = frame_scores(rows, ["a", "b", "empty"], [4, 2, 1])
    # The 5 is no frame's score, so the gaps take 3.
    assert scores.raw.tolist() == [3, 2, -1, 3, 3, 3, 3]
    assert scores.scored.tolist() == [False, True, True, False, True, False, False]
    assert scores.clips == ("a", "b", "empty")
    assert scores.offsets.tolist() == [0, 4, 6, 7]
    assert scores.frames(1) == slice(4, 6)
    assert scores.raw.dtype == scores.smoothed.dtype == np.float64


def test_smoothing_stops_at_the_ends_of_a_clip() -> None:
    rows = people((0, 1, 0, 1.0), (0, 1, 1, 1.0), (1, 1, 0, -9.0), (1, 1, 1, -9.0))
    scores = frame_scores(rows, ["a", "b"], [2, 2])
    np.testing.assert_allclose(scores.smoothed, [1, 1, -9, -9], rtol=1e-12)


def test_a_clip_may_have_no_frames() -> None:
    scores = frame_scores(people((1, 1, 0, -1.0)), ["none", "one"], [0, 1])
    assert scores.frames(0) == slice(0, 0)
    np.testing.assert_allclose(scores.smoothed, [-1.0], rtol=1e-12)


def gaussian(sigma: float) -> NDArray[np.float64]:
    weights = np.exp(-0.5 * (np.arange(-4 * sigma, 4 * sigma + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum())


def test_smoothing_convolves_with_one_gaussian_after_another() -> None:
    impulse = np.zeros(201)
    impulse[100] = 1.0
    expected = impulse
    for sigma in (1, 2, 3, 4, 5, 6):
        expected = np.convolve(expected, gaussian(sigma), mode="same")
    np.testing.assert_allclose(smooth(impulse), expected, atol=1e-15)


def test_minus_infinity_is_lowest_among_people_and_does_not_spread() -> None:
    rows = people((0, 1, 10, -np.inf), (0, 2, 10, 4.0), (0, 1, 11, -2.0), (0, 1, 30, 4.0))
    scores = frame_scores(rows, ["a"], [120])
    assert scores.raw[10] == scores.raw[11] == -2.0
    assert scores.scored[10]
    assert np.isfinite(scores.smoothed).all()
    assert scores.smoothed[119] > 3.9


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_a_score_that_orders_nothing_is_refused(score: float) -> None:
    rows = people((0, 1, 1, 5.0), (1, 3, 2, score))
    with pytest.raises(InputError, match=rf"^b: person 3: frame 2: .* has the score {score}$"):
        frame_scores(rows, ["a", "b"], [9, 9])


@pytest.mark.parametrize("frame", [9, 500, -1])
def test_a_score_outside_its_clip_is_refused(frame: int) -> None:
    rows = people((0, 1, 8, 5.0), (1, 3, frame, 1.0))
    with pytest.raises(InputError, match=rf"^b: person 3: frame {frame}: .* has 9 frames$"):
        frame_scores(rows, ["a", "b"], [500, 9])


def test_no_finite_score_is_refused() -> None:
    none = np.zeros(0, int)
    nobody = PersonScores(none, none, none, np.zeros(0))
    with pytest.raises(InputError, match="none of 3 frames has a finite score"):
        frame_scores(nobody, ["a"], [3])
    with pytest.raises(InputError, match="none of 3 frames has a finite score"):
        frame_scores(people((0, 1, 1, -np.inf)), ["a"], [3])


def test_every_clip_needs_its_number_of_frames() -> None:
    with pytest.raises(ValueError, match="num_frames must have 2 numbers, got 1"):
        frame_scores(people((0, 1, 1, 5.0)), ["a", "b"], [3])


def golden_windows(golden: dict[str, np.ndarray], clips: list[str]) -> WindowScores:
    scene, clip, person, start = golden["meta"].astype(int).T
    numbers = [clips.index(f"{s:02d}_{c:04d}") for s, c in zip(scene, clip, strict=True)]
    return WindowScores(np.array(numbers), person, start, golden["window_score"])


@pytest.mark.reference
def test_scores_and_auc_equal_the_golden(shared: Path) -> None:
    golden = dict(np.load(shared / "goldens/scoring.npz"))
    clips = golden["clips"].tolist()
    folder = shared / "goldens/poses/gt/test_frame_mask"
    masks = read_masks(folder, clips, BENCHMARKS["shanghaitech"])
    normal = np.concatenate(masks)
    np.testing.assert_array_equal(normal, golden["normal"] == 1)

    rows = person_scores(golden_windows(golden, clips), length=24)
    scores = frame_scores(rows, clips, [mask.size for mask in masks])
    np.testing.assert_array_equal(scores.raw, golden["frame_score"])
    np.testing.assert_allclose(scores.smoothed, golden["smoothed"], rtol=0, atol=1e-13)
    assert abs(auc_micro(normal, scores.raw) - golden["auc_raw"]) < 1e-12
    assert abs(auc_micro(normal, scores.smoothed) - golden["auc_smoothed"]) < 1e-12


@pytest.mark.reference
def test_the_published_model_s_window_scores_give_its_auc(shared: Path) -> None:
    golden = dict(np.load(shared / "goldens/end_to_end_shanghaitech.npz"))
    truth = np.load(shared / "goldens/scoring.npz")
    clips = truth["clips"].tolist()
    rows = person_scores(golden_windows(golden, clips), length=24)
    scores = frame_scores(rows, clips, truth["frames_per_clip"].tolist())
    np.testing.assert_allclose(scores.smoothed, golden["frame"], rtol=0, atol=1e-12)
    assert abs(auc_micro(truth["normal"] == 1, scores.smoothed) - golden["auc"]) < 1e-12


@pytest.mark.parametrize(("lowest", "expected"), [(True, [3, 1, 4]), (False, [0, 4, 2])])
def test_people_are_taken_by_their_most_extreme_window(lowest: bool, expected: list[int]) -> None:
    windows = WindowScores(
        clip=np.array([0, 0, 1, 1, 2]),
        person=np.array([7, 7, 7, 7, 7]),
        start=np.arange(5),
        score=np.array([5.0, -1.0, 0.0, -3.0, 2.0]),
    )
    np.testing.assert_array_equal(extreme_windows(windows, 3, lowest=lowest), expected)
    np.testing.assert_array_equal(extreme_windows(windows, 1, lowest=lowest), expected[:1])


def test_people_of_equal_scores_are_taken_in_their_order() -> None:
    people, score = np.arange(1000), np.tile([1.0, 0.0], 500)
    windows = WindowScores(np.zeros(1000, int), people, np.zeros(1000, int), score)
    assert extreme_windows(windows, 500, lowest=True).tolist() == list(range(1, 1000, 2))
