"""Scores of an ensemble's members as one score, and how far the members are from agreeing."""

from typing import NamedTuple

import numpy as np
import scipy.stats
from numpy.typing import NDArray


class MemberScores(NamedTuple):
    """Scores of windows by E members.

    Attributes:
      score: (E, N), higher is more normal.
    """

    score: NDArray[np.floating]

    @property
    def mean(self) -> NDArray[np.floating]:
        """(N,), the score of the ensemble."""
        return self.score.mean(0)

    @property
    def spread(self) -> NDArray[np.floating]:
        """(N,), standard deviation of the members' scores, in their unit."""
        return self.score.std(0)

    @property
    def disagreement(self) -> NDArray[np.floating]:
        """(N,) in [0, 0.5], standard deviation over members of a window's rank among all windows.

        Ranks run from 0, the least normal, to 1. Unlike the spread, it does not depend on a
        member's scale: it is 0 where all see a window in the same place.
        """
        most = max(self.score.shape[1] - 1, 1)
        rank = (scipy.stats.rankdata(self.score, axis=1) - 1) / most
        return np.asarray(rank.std(0))
