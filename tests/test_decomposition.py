import functools
import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.attribution import gradient_attribution, mean_pose
from stgnf_jax.decomposition import Decomposition, decompose
from stgnf_jax.flow import abstract_variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.likelihood import nll
from stgnf_jax.model import Model, score_windows
from tests.goldens import MODELS, read_golden
from tests.small import FLOW, random_model


def wide(tree: Any) -> Any:
    """Floats as float64; needs x64."""
    return jax.tree.map(
        lambda leaf: jnp.asarray(leaf, jnp.float64 if np.asarray(leaf).dtype.kind == "f" else None),
        tree,
    )


@functools.cache
def windows(config: FlowConfig = FLOW, count: int = 3) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(count, *config.event_shape)).astype(np.float32)


def assert_sums_to_nll(model: Model, x: Any) -> None:
    def both(variables: Any, x: jax.Array) -> tuple[Decomposition, Any]:
        return decompose(model._replace(variables=variables), x), model.flow.apply(variables, x)

    with jax.enable_x64():
        parts, latent = jax.jit(both)(wide(model.variables), wide(x))
        assert parts.nll.dtype == jnp.float64
        assert parts.prior.shape == parts.log_det.shape == x.shape[:3]
        expected = nll(latent, model.config.radius)
        np.testing.assert_allclose(parts.nll.sum((1, 2)), expected, rtol=1e-10)
        log_det = -latent.log_det / (math.log(2) * math.prod(model.config.event_shape))
        np.testing.assert_allclose(parts.log_det.sum((1, 2)), log_det, rtol=1e-10, atol=1e-13)


@pytest.mark.reference
@pytest.mark.parametrize("name", MODELS)
def test_every_golden_flow_sums_to_its_nll(shared: Path, name: str) -> None:
    golden = read_golden(shared / f"goldens/models/{name}.npz")
    model = Model(golden.config, golden.variables(), (856.0, 480.0))
    assert_sums_to_nll(model, golden.windows("x")[:4])


@pytest.mark.parametrize(
    "changes",
    [
        {"permutation": "dense_1x1", "num_levels": 2},
        {"conditioner": "fully_connected", "num_levels": 2, "num_steps": 1},
        {"permutation": "shuffle", "num_levels": 2, "channels": 3, "num_steps": 1},
    ],
    ids=str,
)
def test_flows_that_squeeze_sum_to_their_nll(changes: dict[str, Any]) -> None:
    config = FLOW._replace(**changes)
    assert_sums_to_nll(random_model(config), windows(config))


def test_in_float32_the_sum_is_the_score() -> None:
    model = random_model()
    parts = jax.jit(functools.partial(decompose, model))(windows())
    np.testing.assert_allclose(
        -parts.nll.sum((1, 2)), score_windows(model, windows()), rtol=1e-5, atol=1e-6
    )


def identity_model(**changes: Any) -> Model:
    """A flow of one additive step with shift 0 and prior N(0, I): z is x, rearranged."""
    config = FLOW._replace(num_steps=1, coupling="additive", radius=0.0, **changes)

    def start(path: Any, leaf: jax.ShapeDtypeStruct) -> jax.Array:
        square = "weight" in str(path[-1]) and len(leaf.shape) == 2 and "permute" in str(path)
        return jnp.eye(leaf.shape[0]) if square else jnp.zeros(leaf.shape)

    variables = jax.tree_util.tree_map_with_path(start, abstract_variables(config))
    return Model(config, variables, (856.0, 480.0))


def one_joint_off() -> np.ndarray:
    x = np.zeros((1, *FLOW.event_shape), np.float32)
    x[0, 5, 7, 1] = 4.0
    return x


@pytest.mark.parametrize("levels", [1, 3])
def test_a_flow_that_changes_nothing_finds_the_joint_that_is_off(levels: int) -> None:
    parts = decompose(identity_model(num_levels=levels), one_joint_off())
    # In nats: two channels with 1/2 log 2 pi each, and 4^2 / 2 where it is off.
    expected = np.full((8, 18), math.log(2 * math.pi))
    expected[5, 7] += 8
    np.testing.assert_allclose(parts.prior[0] * math.log(2) * 8 * 18 * 2, expected, rtol=1e-5)
    np.testing.assert_array_equal(parts.log_det, 0)


def test_a_convolution_shares_out_what_a_squeeze_put_together() -> None:
    parts = decompose(identity_model(num_levels=3, permutation="dense_1x1"), one_joint_off())
    # Two squeezes made one frame of frames 4 to 7.
    expected = np.full((8, 18), math.log(2 * math.pi))
    expected[4:8, 7] += 8 / 4
    np.testing.assert_allclose(parts.prior[0] * math.log(2) * 8 * 18 * 2, expected, rtol=1e-5)


def test_the_shape_of_windows_is_checked() -> None:
    for explain in (decompose, gradient_attribution):
        with pytest.raises(ValueError, match=r"expected windows of shape \(\.\.\., 8, 18, 2\)"):
            explain(random_model(), np.zeros((2, 7, 18, 2)))
    with pytest.raises(ValueError, match="expected windows of shape"):
        gradient_attribution(random_model(), windows(), np.zeros((18, 2)))


def test_the_mean_pose_holds_still() -> None:
    still = np.asarray(mean_pose(windows()))
    assert still.shape == FLOW.event_shape
    np.testing.assert_allclose(still[3], windows().mean((0, 1)), atol=1e-6)
    np.testing.assert_array_equal(still[0], still[7])


@pytest.mark.parametrize("given", [False, True])
def test_gradients_add_up_to_the_difference_from_the_baseline(given: bool) -> None:
    model, x = random_model(), windows()
    baseline = np.asarray(mean_pose(x)) + (0.1 if given else 0.0)
    found = gradient_attribution(model, x, baseline if given else None)
    difference = score_windows(model, baseline[None]) - score_windows(model, x)
    assert found.shape == (3, 8, 18)
    np.testing.assert_allclose(found.sum((1, 2)), difference, rtol=1e-3)


def test_gradients_of_a_flow_that_changes_nothing_are_the_squares() -> None:
    x = windows()
    found = gradient_attribution(identity_model(), x, np.zeros(FLOW.event_shape, np.float32))
    bits = 1 / (math.log(2) * 8 * 18 * 2)
    np.testing.assert_allclose(found, bits * (x * x / 2).sum(-1), rtol=1e-4)
