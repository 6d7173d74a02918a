import numpy as np
import pytest

from stgnf_jax.alarm_words import nll_words
from stgnf_jax.evidence import (
    Evidence,
    FrameSpan,
    find_evidence,
    half_of_it,
    out_of_line,
    standing_out,
    usual_joints,
)
from stgnf_jax.normal_windows import NormalWindows
from stgnf_jax.windows import WindowOrigin

T, V = 8, 5


def normal_windows(count: int = 400) -> NormalWindows:
    """Windows whose joints' nll rise and fall together, and a little by themselves."""
    rng = np.random.default_rng(0)
    nll = rng.normal(size=(count, 1, 1)) + 0.1 * rng.normal(size=(count, T, V))
    numbers = np.arange(count)
    return NormalWindows(
        weights="",
        clips=("a",),
        origin=WindowOrigin(np.zeros(count, np.int32), numbers, numbers.astype(np.int32)),
        shape=rng.normal(size=(count, T, V, 2)).astype(np.float32),
        by_joint=nll.sum(1).astype(np.float32),
        usual=nll.mean(0).astype(np.float32),
        distance=np.ones(count, np.float32),
    )


NORMAL = normal_windows()
USUAL = usual_joints(NORMAL)


def test_out_of_line_is_the_residual_of_a_regression_on_the_other_joints() -> None:
    off = NORMAL.by_joint.astype(np.float64) - USUAL.mean
    covariance = np.linalg.inv(USUAL.precision)
    weights = np.linalg.solve(covariance[1:, 1:], covariance[1:, 0])
    deviation = np.sqrt(covariance[0, 0] - covariance[0, 1:] @ weights)
    found = out_of_line(NORMAL.by_joint, USUAL)
    np.testing.assert_allclose(found[:, 0], (off[:, 0] - off[:, 1:] @ weights) / deviation)


def test_a_joint_stands_out_though_all_have_risen_more() -> None:
    nll = NORMAL.usual + 1.0
    nll[2:4, 3] += 1.0
    nll[:, 0] += 0.02
    evidence = find_evidence(nll[None], NORMAL, USUAL)
    assert evidence.spread is None
    assert standing_out(evidence)[0] == 3
    assert evidence.excess.sum() == pytest.approx((nll - NORMAL.usual).sum(), rel=1e-6)


def test_the_spread_is_that_of_the_members() -> None:
    members = np.stack([NORMAL.usual, NORMAL.usual + 1])
    evidence = find_evidence(members, NORMAL, USUAL)
    np.testing.assert_allclose(evidence.by_joint, T / 2, rtol=1e-5)
    assert evidence.spread is not None
    np.testing.assert_allclose(evidence.spread, np.full(V, T / 2), rtol=1e-5)


@pytest.mark.parametrize(
    ("by_frame", "span"),
    [
        ([0, 0, 5, 1, 0, 2], (2, 2)),
        ([1, 1, 1, 1], (0, 1)),
        ([-9, 3, 3, -9, 6], (4, 4)),
        ([0, 0, 1, 1, 1, 0], (2, 3)),
        ([-1, -2, 0], (0, 2)),
    ],
)
def test_the_fewest_frames_with_half_of_it(by_frame: list[float], span: tuple[int, int]) -> None:
    assert half_of_it(np.array(by_frame, float)) == FrameSpan(*span)


def test_words_of_a_window() -> None:
    excess = np.full((T, V), 0.01)
    excess[5:7, 2] = 1.0
    evidence = Evidence(excess, np.full(V, 0.25), np.array([0, 1, 9.0, 0, -1]))
    names = ("nose", "neck", "left wrist", "right wrist", "left hip")
    assert nll_words(evidence, np.arange(100, 100 + T), names) == [
        "The nll is 2.38 bits per dimension above the usual, half of it in frames 105 to 106.",
        "More than the other joints let expect of it lies at left wrist (2.06 ± 0.25); of left "
        "wrist above all in frames 105 to 106.",
        "The largest parts lie at left wrist (2.06 ± 0.25), nose (0.08 ± 0.25) and neck "
        "(0.08 ± 0.25).",
    ]
    less = nll_words(evidence._replace(excess=-excess), np.arange(T), names)
    assert less == ["The nll is 2.38 bits per dimension below the usual."]
    endless = nll_words(evidence._replace(excess=np.full((T, V), np.inf)), np.arange(T), names)
    assert "no likelihood" in endless[0]
