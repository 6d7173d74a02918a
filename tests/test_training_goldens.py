"""Sixty steps of Adamax on fixed batches, against the published system's."""

from typing import Any

import jax
import numpy as np
import optax
import pytest
from flax.traverse_util import flatten_dict, unflatten_dict

from stgnf_jax.config import default_config
from stgnf_jax.likelihood import nll
from stgnf_jax.optimizer import make_optimizer
from stgnf_jax.train_step import Batch, Chosen, TrainState, make_step
from tests.conftest import SHARED
from tests.goldens import TRAININGS, Golden, distance, read_golden

pytestmark = pytest.mark.reference

KEY = jax.random.key(0)


@pytest.fixture(params=TRAININGS, scope="module")
def golden(request: pytest.FixtureRequest) -> Golden:
    return read_golden(SHARED / f"goldens/training/{request.param}.npz")


@pytest.fixture(scope="module")
def initial_params(golden: Golden) -> Any:
    """The golden's first weights, with ActNorm from the first batch."""
    variables = golden.variables()
    params = flatten_dict(variables["params"])
    given = {path: leaf for path, leaf in params.items() if "actnorm" not in path}
    _, updated = jax.jit(
        lambda variables, x: golden.flow.apply(
            variables, x, train=True, mutable=["params", "batch_stats"], rngs={"params": KEY}
        )
    )({**variables, "params": unflatten_dict(given)}, golden.windows("x")[0])
    return updated["params"]


def test_actnorm_starts_from_the_first_batch(golden: Golden, initial_params: Any) -> None:
    expected = golden.variables("actnorm_after_init")["params"]
    for ours, theirs in zip(
        jax.tree.leaves(initial_params), jax.tree.leaves(expected), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_sixty_losses(golden: Golden, initial_params: Any) -> None:
    training = default_config().training
    assert training.learning_rate == golden.arrays["lr"]
    assert training.max_gradient_norm == golden.arrays["clip_global_norm"]
    windows, means = golden.windows("x"), golden.arrays["label"].astype(np.float32)
    optimizer = make_optimizer(training, steps_per_epoch=len(windows))
    make_windows = lambda batch, _: batch.keypoints  # noqa: E731
    step = jax.jit(make_step(golden.flow.config, make_windows, optimizer, training))
    variables = {**golden.variables(), "params": initial_params}
    state = TrainState(
        step=jax.numpy.zeros((), int),
        key=jax.random.key_data(KEY),
        variables=variables,
        optimizer=optimizer.init(initial_params),
        average=initial_params,
        chosen=Chosen(variables, jax.numpy.array(jax.numpy.inf), jax.numpy.array(-1)),
    )
    losses = []
    for x, label in zip(windows, means, strict=True):
        batch = Batch(*map(jax.numpy.asarray, (x, 0, label, np.ones_like(label))))
        state, result = step(state, batch)
        losses.append(float(result.loss))
    np.testing.assert_allclose(losses, golden.arrays["loss"], rtol=1e-3)


def test_gradient_norm_of_the_first_step(golden: Golden, initial_params: Any) -> None:
    variables, x = golden.variables(), golden.windows("x")[0]
    mean = golden.config.radius * golden.arrays["label"][0]

    def loss(params: Any) -> jax.Array:
        latent, _ = golden.flow.apply(
            {**variables, "params": params}, x, train=True, mutable=["batch_stats"]
        )
        return nll(latent, mean).mean()

    norm = optax.tree.norm(jax.jit(jax.grad(loss))(initial_params))
    np.testing.assert_allclose(norm, golden.arrays["grad_norm"][0], rtol=1e-3)


def test_likelihood_under_the_final_weights(golden: Golden) -> None:
    latent = jax.jit(golden.flow.apply)(golden.variables("final"), golden.windows("x")[0])
    bits = nll(latent, golden.config.radius * golden.arrays["label"][0])
    assert distance(bits, golden.arrays["final_eval_nll"]) < 1e-5
