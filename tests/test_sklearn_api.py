"""scikit-learn's own checks, and that the estimator's scores are those of its flow."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from stgnf_jax.model import score_windows
from stgnf_jax.pose_model import PoseModel
from stgnf_jax.sklearn_api import PoseAnomalyDetector, window_matrix
from tests.small import FLOW, NUM_FRAMES, walk

SMALL = PoseAnomalyDetector(num_steps=1, epochs=2, batch_size=32)
# Data of scikit-learn's checks are no poses; in one batch, so that few programs are compiled.
FEATURES = clone(SMALL).set_params(skeleton=None, batch_size=256)


# Expected to fail, and why.
FAILING = {
    "check_methods_subset_invariance": "asks for 1e-7; a batch of another size is another program, "
    "and scores are float32"
}


@parametrize_with_checks([FEATURES], expected_failed_checks=lambda _: FAILING)  # type: ignore[untyped-decorator]
def test_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


def windows(*people: np.ndarray) -> NDArray[np.float32]:
    return window_matrix(people, segment_length=FLOW.segment_length)


@pytest.fixture(scope="module")
def fitted() -> PoseAnomalyDetector:
    return clone(SMALL).fit(windows(*map(walk, range(6))))


def test_scores_are_those_of_the_flow(fitted: PoseAnomalyDetector) -> None:
    x = windows(walk(7))
    assert x.shape == (NUM_FRAMES - FLOW.segment_length + 1, 8 * 18 * 2)
    expected = score_windows(fitted.model_, x.reshape(-1, 8, 18, 2)).astype(np.float64)
    np.testing.assert_array_equal(fitted.score_samples(x), expected)
    np.testing.assert_array_equal(fitted.decision_function(x), expected - fitted.offset_)


def test_windows_are_those_that_a_model_scores(fitted: PoseAnomalyDetector) -> None:
    model = PoseModel(fitted.model_.config, fitted.model_.variables, (856.0, 480.0))
    expected = model.score([walk(7), walk(8)]).windows.score
    found = fitted.score_samples(windows(walk(7), walk(8)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_thrashing_is_found(fitted: PoseAnomalyDetector) -> None:
    normal = windows(walk(7), walk(8))
    abnormal = windows(walk(9, slice(NUM_FRAMES)))
    score = fitted.score_samples(np.concatenate([normal, abnormal]))
    assert roc_auc_score(np.arange(len(score)) < len(normal), score) > 0.95
    assert (fitted.predict(abnormal) == -1).all()


def test_a_seed_decides_all() -> None:
    x = windows(walk(1))
    one, same, other = (clone(SMALL).set_params(random_state=seed).fit(x) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.score_samples(x), same.score_samples(x))
    assert (one.score_samples(x) != other.score_samples(x)).any()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"channels": 7}, "X has 288 features, which is no number of frames of 18 joints in 7 "),
        ({"contamination": 0.6}, r"contamination must be in \(0, 0.5\], got 0.6"),
        ({"skeleton": "octopus"}, "octopus"),
        ({"num_steps": 0}, "num_steps must be from 1"),
        ({"epochs": 0}, "epochs and batch_size must be at least 1, .*epochs=0"),
        ({"batch_size": 0}, "epochs and batch_size must be at least 1"),
        ({"learning_rate": float("nan")}, "learning_rate above 0, got .*nan"),
        ({"learning_rate": float("inf")}, "weights that are not finite"),
    ],
)
def test_parameters_that_cannot_be_used(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        clone(SMALL).set_params(**parameters).fit(windows(walk(1)))
