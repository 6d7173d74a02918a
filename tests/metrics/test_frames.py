from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq

from stgnf_jax.errors import InputError
from stgnf_jax.metrics import (
    auc_macro,
    auc_micro,
    average_precision,
    eer,
    fpr_at_tpr,
    pr_curve,
    roc_curve,
)

Measure = Callable[[NDArray[np.bool_], NDArray[np.float64]], float]
# Figures over frames.
MEASURES: tuple[Measure, ...] = (auc_micro, average_precision, eer, fpr_at_tpr)


class Scored(NamedTuple):
    """Frames of a few clips."""

    normal: NDArray[np.bool_]
    score: NDArray[np.float64]
    offsets: NDArray[np.int64]


def random_frames(seed: int, decimals: int = 1) -> Scored:
    """500 frames of five clips, the last one all normal; few decimals make many scores equal."""
    random = np.random.default_rng(seed)
    normal = random.random(500) < 0.7
    normal[450:] = True
    score = np.round(normal + random.normal(size=500), decimals)
    return Scored(normal, score, np.array([0, 100, 230, 300, 450, 500]))


@st.composite
def few_frames(draw: st.DrawFn) -> Scored:
    """Frames of two clips, each of both kinds, with small whole numbers for scores."""
    frames = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=12)
    both = frames.filter(lambda clip: 0 < sum(kind for kind, _ in clip) < len(clip))
    first, second = draw(both), draw(both)
    kinds, scores = zip(*first, *second, strict=True)
    offsets = np.array([0, len(first), len(first) + len(second)])
    return Scored(np.array(kinds), np.array(scores, np.float64), offsets)


def test_auc_counts_the_pairs_in_the_right_order() -> None:
    normal = np.array([True, True, False, False])
    # Of the four pairs (normal, abnormal), 3 > 0, 1 > 0, 3 > 1 are right and 1 = 1 is half right.
    assert auc_micro(normal, np.array([3.0, 1.0, 1.0, 0.0])) == 3.5 / 4
    assert auc_micro(normal, np.array([3.0, 2.0, 1.0, 0.0])) == 1.0
    assert auc_micro(normal, np.array([0.0, 1.0, 2.0, 3.0])) == 0.0


def test_curve_by_hand() -> None:
    # The lowest score is normal, a false alarm; then both abnormal ones are found.
    normal = np.array([True, False, False, True])
    curve = roc_curve(normal, np.array([3.0, 2.0, 1.0, 0.0]))
    assert curve.false_alarms.tolist() == [0, 0.5, 0.5, 1]
    assert curve.found.tolist() == [0, 0, 1, 1]


def test_precision_and_recall_by_hand() -> None:
    # Lowest first: normal, abnormal, abnormal, normal. Of the lowest 0, 1, 2, 3 and 4 frames,
    # 0, 0, 1, 2 and 2 are abnormal; the curve ends where all are found.
    normal = np.array([True, False, False, True])
    curve = pr_curve(normal, np.array([3.0, 2.0, 1.0, 0.0]))
    assert curve.found.tolist() == [0, 0, 0.5, 1, 1]
    assert curve.precise.tolist() == [1, 0, 1 / 2, 2 / 3, 2 / 4]


def test_the_lowest_scores_are_found_first() -> None:
    curve = pr_curve(np.array([True, True, False]), np.array([2.0, 1.0, 0.0]))
    assert curve.found.tolist() == [0, 1, 1, 1]
    assert curve.precise.tolist() == [1, 1, 1 / 2, 1 / 3]


def test_precision_takes_equal_scores_together() -> None:
    normal = np.array([True, False, False, True])
    curve = pr_curve(normal, np.array([1.0, 1.0, 2.0, 2.0]))
    assert curve.found.tolist() == [0, 0.5, 1]
    assert curve.precise.tolist() == [1, 0.5, 0.5]


def test_area_under_the_curve_is_the_auc() -> None:
    random = np.random.default_rng(0)
    normal = random.random(500) < 0.7
    score = normal + random.normal(size=500)
    curve = roc_curve(normal, score)
    area = np.trapezoid(curve.found, curve.false_alarms)
    assert 0.7 < area < 0.8
    assert area == pytest.approx(auc_micro(normal, score), abs=1e-12)


def test_average_precision_by_hand() -> None:
    # Lowest first: normal, abnormal, abnormal, normal. The second frame adds a half of the recall
    # at a precision of 1/2, the third the other half at 2/3.
    normal = np.array([True, False, False, True])
    score = np.array([0.0, 1.0, 2.0, 3.0])
    assert average_precision(normal, score) == pytest.approx(0.5 / 2 + 0.5 * 2 / 3, abs=1e-15)
    # Both abnormal frames at once, with one normal one: 2 of 3.
    assert average_precision(normal, np.array([0.0, 0.0, 0.0, 3.0])) == pytest.approx(2 / 3)
    assert average_precision(normal, np.array([3.0, 0.0, 1.0, 2.0])) == 1.0


def test_equal_error_rate_by_hand() -> None:
    # Lowest first: abnormal, normal, abnormal, normal. After two frames one of two normal ones is
    # a false alarm and one of two abnormal ones is missed.
    normal = np.array([False, True, False, True])
    assert eer(normal, np.array([0.0, 1.0, 2.0, 3.0])) == 0.5
    # Two abnormal frames and three normal ones. Lowest first: abnormal, normal, normal, abnormal,
    # normal. The curve goes from (1/3, 1/2) to (2/3, 1/2) through (1/2, 1/2).
    normal = np.array([False, True, True, False, True])
    assert eer(normal, np.arange(5.0)) == pytest.approx(0.5, abs=1e-15)
    # All at once: a straight line from (0, 0) to (1, 1).
    assert eer(normal, np.zeros(5)) == pytest.approx(0.5, abs=1e-15)
    assert eer(normal, normal.astype(float)) == 0
    assert eer(normal, -normal.astype(float)) == 1


def test_false_alarms_where_most_is_found_by_hand() -> None:
    # 20 abnormal frames at 0 to 19, normal ones at 0.5, 17.5, 18.5 and 30. 19 of 20 are 95 %: they
    # are found up to 18, below which two of the four normal frames lie.
    normal = np.array(20 * [False] + 4 * [True])
    score = np.array([*range(20), 0.5, 17.5, 18.5, 30])
    assert fpr_at_tpr(normal, score) == 0.5
    assert fpr_at_tpr(normal, score, tpr=0.951) == 0.75
    assert fpr_at_tpr(normal, score, tpr=0.05) == 0
    # A normal frame at the threshold itself is a false alarm too.
    assert fpr_at_tpr(normal, np.where(score == 18.5, 18, score)) == 0.75


def test_macro_auc_by_hand() -> None:
    # Clip 0: 1 > 0 is right, 1 of 1. Clip 1: 9 > 5 is right, 4 > 5 is not, 1 of 2. Clip 2 has no
    # abnormal frame. Of all 8 pairs together (1, 4, 9, 7 with 0, 5), 1 > 5 and 4 > 5 are wrong.
    normal = np.array([True, False, True, False, True, True])
    score = np.array([1.0, 0.0, 4.0, 5.0, 9.0, 7.0])
    assert auc_macro(normal, score, np.array([0, 2, 5, 6])) == ((1 + 0.5) / 2, 2)
    assert auc_micro(normal, score) == 6 / 8


@pytest.mark.parametrize("decimals", [1, 9])
def test_figures_are_those_of_scikit_learn(decimals: int) -> None:
    normal, score, offsets = random_frames(1, decimals)
    expected_auc = sklearn.metrics.roc_auc_score(normal, score)
    assert auc_micro(normal, score) == pytest.approx(expected_auc, abs=1e-12)
    expected = sklearn.metrics.average_precision_score(~normal, -score)
    assert average_precision(normal, score) == pytest.approx(expected, abs=1e-12)
    fpr, tpr, _ = sklearn.metrics.roc_curve(~normal, -score, drop_intermediate=False)
    crossing = brentq(lambda x: 1 - x - np.interp(x, fpr, tpr), 0, 1, xtol=1e-14)
    assert eer(normal, score) == pytest.approx(crossing, abs=1e-12)
    assert fpr_at_tpr(normal, score) == fpr[np.argmax(tpr >= 0.95)]
    clips = [slice(*ends) for ends in pairwise(offsets[:-1])]
    aucs = [sklearn.metrics.roc_auc_score(normal[clip], score[clip]) for clip in clips]
    macro = auc_macro(normal, score, offsets)
    assert macro.auc == pytest.approx(np.mean(aucs), abs=1e-12)
    assert macro.num_clips == 4


@given(few_frames())
@settings(max_examples=50, deadline=None)
def test_only_the_order_of_scores_counts(frames: Scored) -> None:
    normal, score, offsets = frames
    for measure in MEASURES:
        assert measure(normal, np.exp(score)) == measure(normal, score)
    assert auc_macro(normal, np.exp(score), offsets) == auc_macro(normal, score, offsets)


@given(few_frames(), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_the_order_of_frames_and_clips_does_not_count(frames: Scored, seed: int) -> None:
    normal, score, offsets = frames
    turned = np.r_[offsets[1] : offsets[2], 0 : offsets[1]]
    mixed = np.random.default_rng(seed).permutation(len(score))
    for measure in MEASURES:
        assert measure(normal[turned], score[turned]) == measure(normal, score)
        assert measure(normal[mixed], score[mixed]) == measure(normal, score)
    swapped = np.array([0, offsets[2] - offsets[1], offsets[2]])
    expected = auc_macro(normal, score, offsets)
    assert auc_macro(normal[turned], score[turned], swapped).auc == pytest.approx(expected.auc)


@given(few_frames())
@settings(max_examples=50, deadline=None)
def test_scores_the_other_way_round(frames: Scored) -> None:
    normal, score, _ = frames
    assert auc_micro(normal, -score) == pytest.approx(1 - auc_micro(normal, score))
    assert eer(normal, -score) == pytest.approx(1 - eer(normal, score))
    assert auc_micro(~normal, -score) == auc_micro(normal, score)
    assert eer(~normal, -score) == pytest.approx(eer(normal, score))


@pytest.mark.parametrize("measure", [*MEASURES, roc_curve, pr_curve])
@pytest.mark.parametrize(
    ("normal", "message"),
    [
        (np.ones(3, bool), "all 3 frames are normal"),
        (np.zeros(3, bool), "all 3 frames are abnormal"),
    ],
)
def test_one_kind_of_frame_has_no_curve(
    measure: object, normal: NDArray[np.bool_], message: str
) -> None:
    assert callable(measure)
    with pytest.raises(InputError, match=message):
        measure(normal, np.arange(3.0))


def test_clips_of_one_kind_each_have_no_macro_auc() -> None:
    with pytest.raises(InputError, match="no clip has both normal and abnormal frames"):
        auc_macro(np.array([True, False]), np.zeros(2), np.array([0, 1, 2]))


@pytest.mark.parametrize("measure", MEASURES)
def test_nan_is_refused(measure: Measure) -> None:
    with pytest.raises(ValueError, match="NaN"):
        measure(np.array([True, False]), np.array([0.0, np.nan]))


@pytest.mark.parametrize("measure", MEASURES)
def test_infinite_scores_are_the_lowest_and_the_highest(measure: Measure) -> None:
    normal, score, _ = random_frames(2)
    extreme = np.where(score == score.min(), -np.inf, np.where(score == score.max(), np.inf, score))
    assert measure(normal, extreme) == measure(normal, score)
