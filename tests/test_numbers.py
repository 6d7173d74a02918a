"""Numbers at the edge: what is scored, what is an error, and what is said of the rest."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.live_scores import Frame
from stgnf_jax.model import score_windows
from stgnf_jax.pose_model import PoseModel
from stgnf_jax.stream import stream_scorer
from tests.small import FLOW, random_model, walk


def windows(dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(5, *FLOW.event_shape)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float16, jnp.bfloat16, np.float64])
def test_windows_of_other_types_are_scored_as_what_they_are(dtype: Any) -> None:
    """In float32: half a number's digits are lost in the windows, none in the flow."""
    x = windows(dtype)
    found = score_windows(random_model(), x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, score_windows(random_model(), x.astype(np.float32)))


@pytest.mark.parametrize("scale", [0, 1e-45, 1e-30, 1e-3, 1e3, 1e9])
def test_windows_small_and_large_have_finite_scores(scale: float) -> None:
    found = score_windows(random_model(), windows() * np.float32(scale))
    assert np.isfinite(found).all()


def test_a_density_too_small_for_its_type_is_minus_infinity() -> None:
    found = score_windows(random_model(), windows() * np.float32(1e20))
    np.testing.assert_array_equal(found, -np.inf)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_window_that_is_not_finite_has_no_score_and_others_keep_theirs(value: float) -> None:
    x = windows()
    expected = score_windows(random_model(), x)
    x[2, 1, 3, 0] = value
    found = score_windows(random_model(), x)
    assert not np.isfinite(found[2])
    np.testing.assert_array_equal(np.delete(found, 2), np.delete(expected, 2))


@pytest.mark.parametrize("scale", [1e10, 1e20, 1e38, 1e300, np.inf])
def test_poses_too_large_are_an_error(scale: float) -> None:
    person = walk(1)
    person[4, :, :2] *= scale
    message = "person 0: frame 4: keypoints: holds what is no number of size 1e"
    with pytest.raises(InputError, match=message):
        PoseModel(*random_model()).score([person])


@pytest.mark.parametrize("scale", [0, 1e-45, 1e-30])
def test_poses_too_small_are_an_error(scale: float) -> None:
    with pytest.raises(InputError, match=r"person 0: frame [04]"):
        PoseModel(*random_model()).score([walk(1) * [scale, scale, 1]])


def test_a_live_keypoint_too_large_is_an_error() -> None:
    stream = stream_scorer([random_model()], "nll")
    for value in (1e10, np.inf, np.nan):
        with pytest.raises(ValueError, match=r"keypoints must be numbers of size 1e\+09 at most"):
            stream.update(stream.init(), Frame(0, np.array([1]), np.full((1, 17, 3), value)))
