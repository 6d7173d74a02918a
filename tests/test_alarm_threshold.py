import numpy as np
import pytest

from stgnf_jax.alarm_threshold import alarm_threshold


def test_the_highest_f1_is_found_by_hand() -> None:
    score = np.array([5.0, 1.0, 3.0, 2.0, 4.0])
    normal = np.array([True, False, False, True, True])
    # Alarms up to 1: F1 2/3; up to 2: 1/2; up to 3, both found with one false alarm: 4/5.
    assert alarm_threshold(score, normal) == (3.0, "the highest F1 on these frames")


def test_equal_scores_are_all_alarms_or_none() -> None:
    # Of the three ones two are normal; alone the abnormal one would give F1 = 1.
    score = np.array([1.0, 1.0, 1.0, 2.0, 3.0])
    normal = np.array([False, True, True, True, False])
    # Up to 1: 2/5; up to 2: 2/6; all: 4/7.
    assert alarm_threshold(score, normal).score == 3.0


def test_of_equally_good_thresholds_the_lowest() -> None:
    score = np.array([1.0, 2.0, 3.0, 4.0])
    normal = np.array([False, True, True, False])
    # Up to 1: 2/3; up to 4: 4/6.
    assert alarm_threshold(score, normal).score == 1.0


def test_no_other_threshold_is_better() -> None:
    rng = np.random.default_rng(0)
    score, normal = rng.integers(0, 40, 200) / 8, rng.random(200) < 0.7

    def f1(threshold: float) -> float:
        alarm = score <= threshold
        return float(2 * (alarm & ~normal).sum() / (alarm.sum() + (~normal).sum()))

    best = max(f1(threshold) for threshold in score)
    assert f1(alarm_threshold(score, normal).score) == best


@pytest.mark.parametrize("normal", [None, np.ones(250, np.bool_)])
def test_without_an_abnormal_frame_the_lowest_hundredth(normal: np.ndarray | None) -> None:
    score = np.random.default_rng(0).permutation(250.0 + np.arange(250))
    threshold = alarm_threshold(score, normal)
    assert threshold == (252.0, "the lowest 1% of the frames")  # three frames, 1 % rounded up
    assert (score <= threshold.score).sum() == 3
