import numpy as np

from stgnf_jax.ensemble_scores import MemberScores


def test_mean_and_spread() -> None:
    members = MemberScores(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 7.0]]))
    np.testing.assert_array_equal(members.mean, [2, 2, 5])
    np.testing.assert_array_equal(members.spread, [1, 0, 2])


def test_disagreement_is_of_ranks() -> None:
    agreeing = MemberScores(np.array([[1.0, 2.0, 3.0], [-50.0, 0.0, 900.0]]))
    np.testing.assert_array_equal(agreeing.disagreement, [0, 0, 0])
    opposed = MemberScores(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    np.testing.assert_array_equal(opposed.disagreement, [0.5, 0, 0.5])


def test_one_window() -> None:
    assert MemberScores(np.array([[1.0], [2.0]])).disagreement == 0
