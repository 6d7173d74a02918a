import numpy as np
import pytest
import sklearn.metrics
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.metrics import auc_micro, pr_curve, roc_curve


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


def test_auc_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(1)
    normal = random.random(500) < 0.7
    score = np.round(normal + random.normal(size=500), 1)  # with many equal scores
    expected = sklearn.metrics.roc_auc_score(normal, score)
    assert auc_micro(normal, score) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("measure", [auc_micro, roc_curve, pr_curve])
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


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        auc_micro(np.array([True, False]), np.array([0.0, np.nan]))
