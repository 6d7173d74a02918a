import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax.batches import CPU_BATCH
from stgnf_jax.model import Model, score_windows, scorer
from tests.small import FLOW, random_model


@pytest.fixture(scope="module")
def model() -> Model:
    return random_model()


@pytest.fixture(scope="module")
def windows() -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(3000, *FLOW.event_shape)).astype(np.float32)


@pytest.fixture(scope="module")
def expected(model: Model, windows: NDArray[np.float32]) -> NDArray[np.floating]:
    """log p(x) / (ln 2 * C * T * V)."""
    log_prob = jax.jit(model.distribution.log_prob)(windows)
    return np.asarray(log_prob) / (math.log(2) * math.prod(FLOW.event_shape))


@pytest.mark.parametrize("count", [0, 1, CPU_BATCH - 1, CPU_BATCH, CPU_BATCH + 1, 3000])
def test_scores_are_the_distribution_in_bits_per_dimension(
    model: Model, windows: NDArray[np.float32], expected: NDArray[np.floating], count: int
) -> None:
    scores = score_windows(model, windows[:count])
    assert isinstance(scores, np.ndarray)
    assert scores.dtype == np.float32
    assert scores.shape == (count,)
    np.testing.assert_allclose(scores, expected[:count], rtol=1e-5)


def test_windows_of_other_kinds_of_array(
    model: Model, windows: NDArray[np.float32], expected: NDArray[np.floating]
) -> None:
    some = windows[:3]
    for x in (jnp.asarray(some), some.astype(np.float64), np.asfortranarray(some)):
        np.testing.assert_allclose(score_windows(model, x), expected[:3], rtol=1e-5)


def test_a_scorer_serves_again_and_again(
    model: Model, windows: NDArray[np.float32], expected: NDArray[np.floating]
) -> None:
    score = scorer(model)
    for start in (0, 3):
        part = slice(start, start + 3)
        np.testing.assert_allclose(score(windows[part]), expected[part], rtol=1e-5)
    with pytest.raises(ValueError, match="expected windows of shape"):
        score(windows[:, 1:])


@pytest.mark.parametrize("shape", [(8, 18, 2), (5, 8, 17, 2), (5, 8, 18, 3), (0, 9, 18, 2)])
def test_windows_of_another_shape(model: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected windows of shape .*, got \("):
        score_windows(model, np.zeros(shape, np.float32))


def test_a_window_that_is_not_finite_spoils_no_other(
    model: Model, windows: NDArray[np.float32], expected: NDArray[np.floating]
) -> None:
    x = windows[:3].copy()
    x[1, 0, 0, 0] = np.nan
    scores = score_windows(model, x)
    assert np.isnan(scores[1])
    np.testing.assert_allclose(scores[[0, 2]], expected[[0, 2]], rtol=1e-5)
