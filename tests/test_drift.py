"""The martingale by hand, what it promises by simulation, and that it finds a drift."""

import numpy as np
from scipy.stats import binom, kstest

from stgnf_jax.drift import drift

REPEATS = 600


def test_first_bets_by_hand() -> None:
    found = drift(np.array([1.0, 2.0, 3.0]), np.array([0.0]))
    # The lowest of four ranks: p is below 1/4; the bets are on 0.5 - p, on nothing, on p - 0.5.
    assert 0 <= found.p[0] < 0.25
    np.testing.assert_allclose(found.log10_capital, [0], atol=1e-12)
    again = drift(np.array([1.0, 2.0, 3.0]), np.array([0.0, -1.0]))
    bets = np.array([-1.0, 0.0, 1.0])
    capital = (1 + bets * (again.p[0] - 0.5)) / 3
    capital = 0.99 * capital + 0.01 * capital.sum() / 3
    expected = (capital * (1 + bets * (again.p[1] - 0.5))).sum()
    np.testing.assert_allclose(again.log10_capital[1], np.log10(expected), rtol=1e-9)


def test_ties_are_broken_at_random() -> None:
    p = drift(np.zeros(100), np.zeros(2000)).p
    assert kstest(p, "uniform").pvalue > 1e-4


def test_nothing_drifts() -> None:
    rng = np.random.default_rng(0)
    runs = [drift(rng.normal(size=30), rng.normal(size=60), seed) for seed in range(REPEATS)]
    assert kstest(np.concatenate([run.p for run in runs]), "uniform").pvalue > 1e-4
    # Ville: capital 10 is reached with a probability of a tenth at most.
    reached = sum(run.log10_capital.max() >= 1 for run in runs)
    assert reached <= binom.ppf(1 - 1e-6, REPEATS, 0.1)
    assert reached > 0


def test_a_drift_to_either_side_is_found() -> None:
    rng = np.random.default_rng(1)
    for shift in (-1.5, 1.5):
        new = np.concatenate([rng.normal(size=100), rng.normal(shift, 1, 100)])
        capital = drift(rng.normal(size=200), new).log10_capital
        assert capital[99] < 2
        assert capital[-1] > 3


def test_no_new_tracks() -> None:
    found = drift(np.zeros(3), np.zeros(0))
    assert found.p.shape == found.log10_capital.shape == (0,)
