import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray

from stgnf_jax.calibration import fit_density
from stgnf_jax.density_of_states import BEND, log_density, state
from stgnf_jax.fast_scoring import FlowStatistics
from stgnf_jax.score_kinds import SCORES, Calibration


def statistics_of(states: NDArray[np.float64]) -> FlowStatistics:
    """Statistics of a flow of 2 steps on 3 joints whose states are given, (N, 8)."""
    count = len(states)
    single = jnp.asarray(states, jnp.float32)
    return FlowStatistics(
        score=single[:, 0],
        log_prior=jnp.zeros(count),
        log_det=single[:, :2],
        energy=jnp.zeros((count, 2)),
        residual=single[:, 2:].reshape(count, 3, 2),
    )


def normal_states(count: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    mix = (np.eye(8) + 0.2 * rng.normal(size=(8, 8))) * np.logspace(-2, 3, 8)
    return rng.normal(size=(count, 8)) @ mix + 50 * rng.normal(size=8)


def test_the_state_holds_all_its_statistics() -> None:
    states = normal_states(5)
    np.testing.assert_array_equal(state(statistics_of(states)), states.astype(np.float32))


def test_near_normal_windows_it_is_a_gaussian_density() -> None:
    states = normal_states(20_000)
    density = fit_density(statistics_of(states))
    found = np.asarray(log_density(density, statistics_of(states[:50])), np.float64)
    standard = scipy.stats.zscore(states)
    gaussian = scipy.stats.multivariate_normal(np.zeros(8), np.cov(standard.T))
    distance = -2 * (gaussian.logpdf(standard[:50]) - gaussian.logpdf(np.zeros(8)))
    bend = 8 * BEND
    np.testing.assert_allclose(found, -bend / 2 * np.log1p(distance / bend), rtol=0.02)
    assert np.abs(found + distance / 2).max() < 1.5


def test_too_much_is_as_odd_as_too_little() -> None:
    states = normal_states(1000)
    density = fit_density(statistics_of(states))
    offset = 5 * states.std(0)
    low, high = (
        log_density(density, statistics_of(states.mean(0)[None] + sign * offset))
        for sign in (-1, 1)
    )
    np.testing.assert_allclose(low, high, rtol=1e-3)
    assert low[0] < log_density(density, statistics_of(states)).min()


def test_a_statistic_that_never_varies() -> None:
    states = normal_states(100)
    states[:, 3] = 7
    found = log_density(fit_density(statistics_of(states)), statistics_of(states))
    assert np.isfinite(found).all()


def test_one_window_has_no_density() -> None:
    with pytest.raises(ValueError, match="at least 2 windows, got 1"):
        fit_density(statistics_of(normal_states(1)))


def test_typicality_is_two_sided() -> None:
    states = normal_states(100)
    calibration = Calibration(jnp.float32(3), fit_density(statistics_of(states)))
    statistics = statistics_of(states)._replace(score=jnp.array([1.0, 3.0, 5.0]))
    np.testing.assert_array_equal(SCORES["typicality"](statistics, calibration), [-2, 0, -2])
    np.testing.assert_array_equal(SCORES["nll"](statistics, calibration), [1, 3, 5])
