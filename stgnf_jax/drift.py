"""Whether people still behave as those of the calibration: a conformal test martingale."""

import bisect
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Bets on p-values that are too small, on nothing, and on ones that are too large; and the share of
# the capital that changes sides at each step.
BETS = np.array([-1.0, 0.0, 1.0])
JUMP = 0.01


class Drift(NamedTuple):
    """One row a new track, in the order of time.

    Attributes:
      p: (M,) conformal p-values, independent and uniform as long as nothing drifts.
      log10_capital: (M,) of who bets against that, having begun with 1. That it ever is x or more
        has a probability of 10^-x at most, if nothing drifts.
    """

    p: NDArray[np.float64]
    log10_capital: NDArray[np.float64]


def drift(normal: NDArray[np.floating], score: NDArray[np.floating], seed: int = 0) -> Drift:
    """Watches new tracks one after the other, each against all before it.

    A p-value is the rank of a score among those of the calibration and of the new tracks before
    it, ties broken at random. The bettor is the Simple Jumper (Vovk, Petej, Nouretdinov, Ahlberg,
    Carlsson and Gammerman, "Retrain or not retrain", COPA 2021), and the bound is Ville's.

    Args:
      normal: (K,) the lowest scores of the calibration's tracks.
      score: (M,) those of new tracks, by time.
      seed: of the ties.
    """
    p = _online_p_values(normal, score, np.random.default_rng(seed))
    return Drift(p, _jumper(p) / math.log(10))


def _online_p_values(
    normal: NDArray[np.floating], score: NDArray[np.floating], rng: np.random.Generator
) -> NDArray[np.float64]:
    before = np.sort(normal).tolist()
    p = np.empty(len(score))
    for i, (one, chance) in enumerate(zip(score.tolist(), rng.random(len(score)), strict=True)):
        lower, not_higher = bisect.bisect_left(before, one), bisect.bisect_right(before, one)
        p[i] = (lower + chance * (not_higher - lower + 1)) / (len(before) + 1)
        before.insert(not_higher, one)
    return p


def _jumper(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The natural logarithm of the capital after each bet, (M,)."""
    shares, log_capital = np.full(len(BETS), 1 / len(BETS)), np.zeros(len(p))
    total = 0.0
    for i, one in enumerate(p):
        shares = (1 - JUMP) * shares + JUMP / len(BETS)
        shares *= 1 + BETS * (one - 0.5)
        total += math.log(shares.sum())
        shares /= shares.sum()
        log_capital[i] = total
    return log_capital
