import numpy as np
import scipy.stats

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


def test_equal_scores_share_a_rank() -> None:
    score = np.random.default_rng(0).integers(0, 9, (3, 50)).astype(np.float32)
    expected = (scipy.stats.rankdata(score, axis=1) - 1) / 49
    np.testing.assert_allclose(MemberScores(score).disagreement, expected.std(0), rtol=1e-12)


def test_one_window() -> None:
    assert MemberScores(np.array([[1.0], [2.0]])).disagreement == 0
