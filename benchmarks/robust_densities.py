"""Densities of statistics, the candidates of `robust_scores.py`.

A `Fit` takes the statistics (N, S) of normal windows and gives a function from statistics (M, S)
to scores (M,), higher for what is more normal.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf
from sklearn.mixture import GaussianMixture

Array = NDArray[np.floating]
Density = Callable[[Array], Array]
Fit = Callable[[Array], Density]


def standardised(fit: Fit) -> Fit:
    """The same fit, on statistics of mean 0 and standard deviation 1."""

    def fit_standardised(x: Array) -> Density:
        mean, deviation = x.mean(0), x.std(0)
        density = fit((x - mean) / deviation)
        return lambda y: density((y - mean) / deviation)

    return fit_standardised


def likelihood(_: Array) -> Density:
    """The paper's score, of the statistic `nll`."""
    return lambda y: -y[:, 0]


def typicality(x: Array) -> Density:
    """Minus the distance from the median: too likely is as odd as too unlikely."""
    median = np.median(x, 0)
    return lambda y: -np.abs(y - median).sum(1)


def gaussian(x: Array) -> Density:
    """Log density, up to a constant, of a Gaussian with the Ledoit-Wolf covariance."""
    fitted = LedoitWolf().fit(x)
    return lambda y: -0.5 * fitted.mahalanobis(y)


def student(freedom: float) -> Fit:
    """`gaussian` that bends to Student's t far outside: S * `freedom` degrees of freedom."""

    def fit(x: Array) -> Density:
        fitted, degrees = LedoitWolf().fit(x), freedom * x.shape[1]
        return lambda y: -0.5 * degrees * np.log1p(fitted.mahalanobis(y) / degrees)

    return fit


def distance(x: Array) -> Density:
    """Minus the Mahalanobis distance itself, not squared."""
    fitted = LedoitWolf().fit(x)
    return lambda y: -np.sqrt(fitted.mahalanobis(y))


def mixture(components: int, ridge: float) -> Fit:
    """Log density of a mixture of Gaussians."""

    def fit(x: Array) -> Density:
        fitted = GaussianMixture(components, reg_covar=ridge, max_iter=300, random_state=0).fit(x)
        return fitted.score_samples

    return fit
