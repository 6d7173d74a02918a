"""Thresholds for a rate of false alarms: by hand, and what they promise, by simulation."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from stgnf_jax.errors import InputError
from stgnf_jax.rate_threshold import RateThreshold, rate_threshold

HOURS, TRACKS_AN_HOUR, PER_HOUR = 12.0, 30.0, 0.5
REPEATS = 4000


def test_the_kth_lowest_track_just_raises_no_alarm() -> None:
    lowest = np.array([5.0, 1.0, 4.0, 2.0, 3.0])
    found = rate_threshold(lowest, hours=10, per_hour=0.25)
    assert found.rank == 2
    assert found.score == np.nextafter(2.0, -np.inf)
    assert (lowest <= found.score).sum() == 1
    assert found.per_hour == pytest.approx(0.2)
    # Half a chi-squared of 4 degrees of freedom: its 95th percentile is 9.48773.
    assert found.bound_per_hour == pytest.approx(9.48773 / 2 / 10, rel=1e-5)


def test_more_alarms_than_tracks() -> None:
    assert rate_threshold(np.array([2.0, 1.0]), hours=1, per_hour=100).rank == 2


def test_confidence_takes_lower_ranks() -> None:
    lowest = np.arange(100.0)
    # P(Gamma(1) < 3) = 1 - e^-3 = 0.9502, and P(Gamma(2) < 3) = 0.8009.
    assert rate_threshold(lowest, hours=3, per_hour=1, confidence=0.95).rank == 1
    assert rate_threshold(lowest, hours=3, per_hour=1, confidence=0.8).rank == 2
    assert rate_threshold(lowest, hours=3, per_hour=1).rank == 3


def test_too_few_hours() -> None:
    with pytest.raises(InputError, match=r"0\.1 false alarms an hour need 10 hours .* there are 9"):
        rate_threshold(np.arange(5.0), hours=9, per_hour=0.1)
    with pytest.raises(InputError, match=r"need 29\.96 hours"):
        rate_threshold(np.arange(5.0), hours=29, per_hour=0.1, confidence=0.95)
    with pytest.raises(InputError, match="no normal tracks"):
        rate_threshold(np.zeros(0), hours=9, per_hour=1)


@pytest.mark.parametrize(
    ("hours", "per_hour", "confidence", "message"),
    [
        (0, 1, None, "per_hour and hours must be above 0, got 1 and 0"),
        (1, float("nan"), None, "must be above 0, got nan"),
        (1, 1, 1.0, "confidence must be within 0 and 1, got 1.0"),
    ],
)
def test_numbers_out_of_range(
    hours: float, per_hour: float, confidence: float | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rate_threshold(np.arange(5.0), hours, per_hour, confidence)


def simulate(confidence: float | None) -> list[RateThreshold]:
    """Thresholds of calibrations on tracks whose lowest scores are uniform."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(HOURS * TRACKS_AN_HOUR, REPEATS)
    return [rate_threshold(rng.random(n), HOURS, PER_HOUR, confidence) for n in counts]


def true_rate(found: list[RateThreshold]) -> NDArray[np.float64]:
    """Tracks an hour that will be below each threshold."""
    return TRACKS_AN_HOUR * np.array([one.score for one in found])


def test_the_rate_holds_in_the_mean() -> None:
    rate = true_rate(simulate(None))
    # Gamma(6) / 12 hours: mean 0.5, standard deviation 0.204.
    assert rate.mean() == pytest.approx(PER_HOUR, abs=5 * 0.204 / np.sqrt(REPEATS))
    assert rate.std() == pytest.approx(0.204, rel=0.1)


def test_the_bound_holds_for_95_of_100_calibrations() -> None:
    found = simulate(None)
    held = true_rate(found) <= [one.bound_per_hour for one in found]
    low, high = binom.ppf([1e-6, 1 - 1e-6], REPEATS, 0.95)
    assert low <= held.sum() <= high


def test_the_rate_holds_with_confidence() -> None:
    held = true_rate(simulate(0.9)) <= PER_HOUR
    assert held.sum() >= binom.ppf(1e-6, REPEATS, 0.9)
