import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.flow import STGNF, abstract_variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.likelihood import bits_per_dim, gaussian_prior, nll
from stgnf_jax.skeleton import COCO_17, make_skeleton

STICK = make_skeleton("stick", 3, [(0, 1), (1, 2)], center=1)
SMALL = FlowConfig(segment_length=4, skeleton=STICK, num_steps=2)


def make(config: FlowConfig, seed: int = 0) -> tuple[STGNF, Any, jax.Array]:
    flow = STGNF(config)
    x = jax.random.normal(jax.random.key(seed), (8, *config.event_shape))
    variables = jax.jit(functools.partial(flow.init, train=True))(jax.random.key(seed + 1), x)
    return flow, variables, x


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"permutation": "reverse"}, 616),
        ({"permutation": "shuffle"}, 616),
        ({"permutation": "invertible_1x1"}, 696),
        ({"permutation": "dense_1x1"}, 648),
        ({"max_hop": 0}, 616),
        ({"segment_length": 1}, 232),
        ({"hidden_channels": 8}, 8154),
        # 8 steps, each of 4 for ActNorm, 4 for BatchNorm, and 13 x 3 x 2 weights and 2 biases.
        ({"conditioner": "convolution"}, 704),
        # ... 24 x 18 x (24 x 18 x 2) weights and 24 x 18 x 2 biases.
        ({"conditioner": "fully_connected"}, 2_992_960),
        ({"conditioner": "fully_connected", "hidden_channels": 8}, 90_112),
    ],
    ids=str,
)
def test_number_of_parameters(fields: dict[str, Any], count: int) -> None:
    variables = abstract_variables(FlowConfig()._replace(**fields))
    assert sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables["params"])) == count


def test_first_batch_leaves_the_running_statistics_alone() -> None:
    _, variables, _ = make(SMALL)
    for path, leaf in jax.tree_util.tree_leaves_with_path(variables["batch_stats"]):
        np.testing.assert_array_equal(leaf, float(path[-1].key == "var"))


def test_every_actnorm_makes_its_input_standard() -> None:
    flow, variables, x = make(SMALL)
    latent, _ = flow.apply(variables, x, train=True, mutable=["batch_stats"])
    first = variables["params"]["levels_0"]["first"]["actnorm"]
    flat = np.asarray(x).reshape(-1, 2)
    np.testing.assert_allclose(first["bias"], -flat.mean(0), atol=1e-6)
    np.testing.assert_allclose(np.exp(first["log_scale"]), 1 / (flat.std(0) + 1e-6), rtol=1e-5)
    # z1 of the last step is its ActNorm's output: nothing has touched it since.
    z1 = np.asarray(latent.z)[..., 0]
    np.testing.assert_allclose([z1.mean(), z1.std()], [0, 1], atol=1e-4)


@pytest.mark.parametrize(
    "config",
    [
        SMALL._replace(channels=3),
        SMALL._replace(channels=3, permutation="invertible_1x1"),
        SMALL._replace(coupling="additive", permutation="shuffle"),
        SMALL._replace(num_levels=2, squeeze_first_at_level=2),
        SMALL._replace(num_steps=1),
        SMALL._replace(skeleton=COCO_17, partition="spatial", max_hop=1, edge_importance=True),
        SMALL._replace(hidden_channels=4, temporal_kernel=3),
        SMALL._replace(max_hop=0),
        SMALL._replace(conditioner="convolution"),
        SMALL._replace(conditioner="convolution", hidden_channels=3, channels=3),
        SMALL._replace(conditioner="fully_connected"),
        SMALL._replace(conditioner="fully_connected", hidden_channels=3, num_levels=2),
    ],
    ids=[
        *("confidence", "confidence-lu", "additive", "levels", "one-step", "coco", "hidden"),
        *("identity", "convolution", "convolution-hidden", "fully-connected", "fc-hidden-levels"),
    ],
)
def test_distribution_of_every_kind(config: FlowConfig) -> None:
    flow, variables, x = make(config)
    distribution = flow.distribution(variables)
    latent = jax.jit(flow.apply)(variables, x)
    assert latent.z.shape == (8, *config.latent_shape)
    log_prob = jax.jit(distribution.log_prob)(x)
    np.testing.assert_allclose(
        bits_per_dim(log_prob, config.event_shape), nll(latent, config.radius), rtol=1e-4
    )
    sample, log_prob = jax.jit(
        lambda key: distribution.sample_and_log_prob(seed=key, sample_shape=(5,))
    )(jax.random.key(3))
    assert sample.shape == (5, *config.event_shape)
    np.testing.assert_allclose(jax.jit(distribution.log_prob)(sample), log_prob, rtol=1e-3)


def test_steps_one_by_one_are_the_flow() -> None:
    config = SMALL._replace(num_steps=3, num_levels=2)
    flow, variables, x = make(config)
    steps = flow.steps(variables)
    assert len(steps) == 7  # with the squeeze
    z, log_det = x, jnp.zeros(8)
    for step in steps:
        z, change = step.forward_and_log_det(z)
        log_det += change
    latent = jax.jit(flow.apply)(variables, x)
    np.testing.assert_allclose(z, latent.z, atol=1e-5)
    np.testing.assert_allclose(log_det, latent.log_det, rtol=1e-4, atol=1e-4)


def test_shuffle_is_a_constant_of_the_variables() -> None:
    _, variables, _ = make(SMALL._replace(permutation="shuffle", channels=3))
    orders = jax.tree.leaves(variables["constants"])
    assert all(sorted(np.ravel(order)[:3]) == [0, 1, 2] for order in orders)


def test_windows_of_another_shape_are_refused() -> None:
    flow, variables, x = make(SMALL)
    with pytest.raises(ValueError, match=r"expected windows of shape \(..., 4, 3, 2\), got"):
        flow.apply(variables, x[:, :3])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("permutation", "invcov", "permutation must be one of"),
        ("coupling", "linear", "coupling must be one of"),
        ("conditioner", "lstm", "conditioner must be one of"),
        ("partition", "radial", "partition must be one of"),
        ("segment_length", 0, "segment_length must be from 1 to 1024, got 0"),
        ("channels", 1, "channels must be from 2 to 64, got 1"),
        ("num_steps", 0, "num_steps must be from 1 to 1024, got 0"),
        ("num_levels", 0, "num_levels must be from 1 to 8, got 0"),
        ("num_levels", 4, "segment_length must be a multiple of 8 for 4 levels, got 4"),
        ("squeeze_first_at_level", 1, "squeeze_first_at_level must be from 2 to 9, got 1"),
        ("max_hop", -1, "max_hop must be from 0 to 64, got -1"),
        ("hidden_channels", -1, "hidden_channels must be from 0 to 1024, got -1"),
        ("temporal_kernel", 4, "temporal_kernel must be odd and below 2048, or 0, got 4"),
        ("temporal_kernel", -3, "temporal_kernel must be odd and below 2048, or 0, got -3"),
    ],
)
def test_a_config_that_is_no_flow_is_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SMALL._replace(**{field: value}).check()


@pytest.mark.parametrize(
    ("conditioner", "field", "value"),
    [
        ("convolution", "partition", "spatial"),
        ("convolution", "max_hop", 1),
        ("fully_connected", "edge_importance", True),
        ("fully_connected", "temporal_kernel", 3),
    ],
)
def test_what_a_conditioner_does_not_read_is_refused(
    conditioner: Any, field: str, value: Any
) -> None:
    config = SMALL._replace(conditioner=conditioner, **{field: value})
    with pytest.raises(ValueError, match=f"{field} means nothing to the conditioner {conditioner}"):
        config.check()


def test_kernel_follows_the_length() -> None:
    for length, size in ((24, 13), (16, 9), (12, 7), (10, 7), (1, 1)):
        config = SMALL._replace(segment_length=length, num_steps=1)
        _, variables, _ = make(config)
        conditioner = variables["params"]["levels_0"]["first"]["conditioner"]
        assert conditioner["block_0"]["temporal"]["kernel"].shape == (size, 2, 2)


def test_prior_and_nll_by_hand() -> None:
    prior = gaussian_prior((1, 1, 2), 3.0)
    z = jnp.array([[[[3.0, 4.0]]]])
    expected = -np.log(2 * np.pi) - 0.5
    np.testing.assert_allclose(prior.log_prob(z), [expected], rtol=1e-6)
    means = gaussian_prior((1, 1, 2), jnp.array([3.0, -3.0]))
    assert means.batch_shape == (2,)
    np.testing.assert_allclose(
        means.log_prob(z), [expected, -np.log(2 * np.pi) - (6**2 + 7**2) / 2], rtol=1e-6
    )
    np.testing.assert_allclose(bits_per_dim(jnp.array(-np.log(4.0)), (1, 1, 2)), 1, rtol=1e-6)
