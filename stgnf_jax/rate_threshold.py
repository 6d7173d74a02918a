"""The threshold that raises at most so many false alarms an hour."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincinv

from stgnf_jax.errors import InputError

# Of the bound that is told beside the mean.
BOUND_CONFIDENCE = 0.95


class RateThreshold(NamedTuple):
    """A threshold with what it promises of people who behave as the calibration's do.

    Attributes:
      score: a window whose score is this or lower raises an alarm.
      rank: how many of the calibration's tracks have a window that is hardly higher, or lower.
      per_hour: tracks that raise an alarm in an hour, at most in the mean over calibrations.
      bound_per_hour: at most in 95 of 100 calibrations.
    """

    score: float
    rank: int
    per_hour: float
    bound_per_hour: float


def rate_threshold(
    lowest: NDArray[np.floating], hours: float, per_hour: float, confidence: float | None = None
) -> RateThreshold:
    """The highest threshold that keeps to a rate of false alarms, by the tracks of normal hours.

    It lies just below the k-th lowest of the tracks' lowest scores. Where tracks come as a Poisson
    process and are independent, the rate of tracks that reach below the k-th lowest one of H hours
    is Gamma(k) / H, whatever the scores' distribution: k / H in the mean, and below x with the
    probability that a Gamma(k) variable is below x H. So k is floor(per_hour H), or with a
    `confidence` the largest k that keeps the rate below `per_hour` with that probability.

    Args:
      lowest: (K,) the lowest scores of the tracks of normal people.
      hours: H, how long a camera has watched for them.
      per_hour: false alarms an hour that are allowed, tracks with an alarm counting once.
      confidence: with which probability over calibrations, in (0, 1); None for in the mean.

    Raises:
      InputError: the hours are too few to promise that.
      ValueError: `per_hour` or `hours` is not above 0, or `confidence` is not within (0, 1).
    """
    if not (0 < per_hour < np.inf and 0 < hours < np.inf):
        raise ValueError(f"per_hour and hours must be above 0, got {per_hour} and {hours}")
    if confidence is not None and not 0 < confidence < 1:
        raise ValueError(f"confidence must be within 0 and 1, got {confidence}")
    rank = _rank(per_hour * hours, confidence, len(lowest))
    if not rank:
        raise InputError(_too_few(len(lowest), hours, per_hour, confidence))
    kth = np.partition(lowest, rank - 1)[rank - 1]
    return RateThreshold(
        score=float(np.nextafter(kth, -np.inf)),
        rank=rank,
        per_hour=rank / hours,
        bound_per_hour=float(gammaincinv(rank, BOUND_CONFIDENCE)) / hours,
    )


def _rank(expected: float, confidence: float | None, most: int) -> int:
    """The largest k up to `most` for `expected` tracks below in the hours of a calibration."""
    ranks = np.arange(1, most + 1)
    kept = ranks <= expected if confidence is None else gammainc(ranks, expected) >= confidence
    return int(kept.sum())


def _too_few(tracks: int, hours: float, per_hour: float, confidence: float | None) -> str:
    if not tracks:
        return "there are no normal tracks to find a threshold by; calibrate on more poses"
    needed = (1.0 if confidence is None else -np.log1p(-confidence)) / per_hour
    return (
        f"{per_hour:g} false alarms an hour need {needed:.4g} hours of normal poses, and there are "
        f"{hours:.4g}: calibrate on more poses, or allow more alarms"
    )
