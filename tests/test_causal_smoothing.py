import math

import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.causal_smoothing import Smoother, gain, new_smoother, smooth_empty, smooth_frame


def smooth(*lowest: float, weight: float = 0.5) -> tuple[Smoother, list[float]]:
    smoother, levels = new_smoother(), []
    for one in lowest:
        smoother = smooth_frame(smoother, jnp.float32(one), weight)
        levels.append(float(smoother.level))
    return smoother, levels


def test_it_forgets_by_e() -> None:
    assert 1 - gain(10) == pytest.approx(math.exp(-0.1))
    _, levels = smooth(1.0, *[0.0] * 10, weight=gain(10))
    assert levels[-1] == pytest.approx(math.exp(-1), rel=1e-5)


def test_by_hand() -> None:
    assert smooth(4.0, 2.0, 2.0, 4.0)[1] == [4.0, 3.0, 2.5, 3.25]


def test_a_frame_without_a_score_takes_the_largest_so_far() -> None:
    inf = math.inf
    _, levels = smooth(inf, 2.0, 4.0, inf, 6.0, inf)
    assert math.isnan(levels[0])
    assert levels[1:] == [2.0, 3.0, 3.5, 4.75, 5.375]


def test_minus_infinity_takes_the_smallest_so_far() -> None:
    _, levels = smooth(-math.inf, 4.0, 2.0, -math.inf)
    assert math.isnan(levels[0])
    assert levels[1:] == [4.0, 3.0, 2.5]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_many_empty_frames_at_once(count: int) -> None:
    smoother, _ = smooth(4.0, 2.0, 1.0)
    at_once = smooth_empty(smoother, jnp.int32(count), 0.5)
    for _ in range(count):
        smoother = smooth_frame(smoother, jnp.float32(np.inf), 0.5)
    np.testing.assert_allclose(at_once, smoother, rtol=1e-6)


def test_empty_frames_before_the_first_score() -> None:
    smoother = smooth_empty(new_smoother(), jnp.int32(3), 0.5)
    assert math.isnan(smoother.level)
    assert smooth_frame(smoother, jnp.float32(-1.5), 0.5).level == -1.5
