"""The conditioners that the paper compares the ST-GCN with (section 4.4, affine layer)."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.convolution import Convolution, neighbours
from stgnf_jax.fully_connected import FullyConnected
from stgnf_jax.skeleton import OPENPOSE_18, adjacency

X = jax.random.normal(jax.random.key(0), (3, 6, 5, 1))  # (N, T, V, C1)


def test_neighbours_by_hand() -> None:
    before, joint, after = neighbours(jnp.array([[1.0], [2.0], [3.0]]))
    np.testing.assert_array_equal(before[:, 0], [0, 1, 2])
    np.testing.assert_array_equal(joint[:, 0], [1, 2, 3])
    np.testing.assert_array_equal(after[:, 0], [2, 3, 0])


def reach(module: Any, frame: int, joint: int) -> np.ndarray:
    """Which inputs (T, V) the output at a frame and joint depends on."""
    variables = module.init(jax.random.key(1), X, train=True)
    # Away from the ReLU's flat side.
    variables["params"]["norm_0"]["bias"] = jnp.full(2, 10.0)
    gradient = jax.grad(lambda x: module.apply(variables, x)[frame, joint].sum())(X[0])
    return np.asarray(gradient[..., 0] != 0)


def test_what_a_convolution_sees() -> None:
    expected = np.zeros((6, 5), bool)
    expected[1:4, 2:5] = True
    np.testing.assert_array_equal(reach(Convolution(2, 0, 3), 2, 3), expected)
    corner = np.zeros((6, 5), bool)
    corner[:2, :2] = True
    np.testing.assert_array_equal(reach(Convolution(2, 0, 3), 0, 0), corner)


def test_a_fully_connected_layer_sees_all() -> None:
    assert reach(FullyConnected(2, 0), 2, 3).all()


def test_a_convolution_is_jax_s() -> None:
    module: Any = Convolution(2, 0, 3)
    variables = module.init(jax.random.key(1), X, train=True)
    conv = variables["params"]["convolution_0"]
    # (frames, before-joint-after times one channel, features) is (frames, joints, channels, ...).
    kernel = conv["kernel"].reshape(3, 3, 1, 2)
    y = jax.lax.conv_general_dilated(
        X, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), precision="highest"
    )
    expected = nn.relu((y + conv["bias"]) / jnp.sqrt(1 + 1e-5))  # BatchNorm's fresh statistics
    np.testing.assert_allclose(module.apply(variables, X), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (Convolution(2, 0, 3), ["convolution_0", "norm_0"]),
        (Convolution(2, 4, 3), ["convolution_0", "convolution_1", "norm_0", "norm_1"]),
        (FullyConnected(2, 0), ["fully_connected_0", "norm_0"]),
        (FullyConnected(2, 4), ["fully_connected_0", "fully_connected_1", "norm_0", "norm_1"]),
    ],
)
def test_one_layer_or_two(module: Any, names: list[str]) -> None:
    variables = module.init(jax.random.key(1), X, train=True)
    assert sorted(variables["params"]) == names
    assert module.apply(variables, X).shape == (3, 6, 5, 2)


def test_joints_that_touch_only_themselves() -> None:
    """The paper's A = I (section 4.4, space-time) is `max_hop` 0."""
    np.testing.assert_array_equal(adjacency(OPENPOSE_18, "uniform", 0), np.eye(18)[None])
