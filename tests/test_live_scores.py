"""Scores that are not finite, as `observe` gives them and as they are told."""

import numpy as np

from stgnf_jax.live_scores import SettledFrame, live_scores
from stgnf_jax.stream_state import Observed


def test_a_first_score_without_any_likelihood() -> None:
    """Its frame is told of, though there is nothing to smooth; the empty ones before are not."""
    observed = Observed(
        complete=np.zeros(0, bool),
        score=np.zeros(0),
        speaks_for=np.zeros(0, np.int32),
        settled=np.array([True, True, True, False]),
        settled_frame=np.array([3, 4, 5, 6]),
        lowest=np.array([np.inf, -np.inf, -1.5, -2.0]),
        smoothed=np.array([np.nan, np.nan, -1.5, -1.6]),
    )
    found = live_scores(9, np.zeros(0, np.int64), observed)
    assert found.frames == (SettledFrame(4, -np.inf, None), SettledFrame(5, -1.5, -1.5))
