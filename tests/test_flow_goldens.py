"""The flow against the published system's, to ten times the distance that float32 allows.

The distances are those of an independent NumPy implementation; see the names below.
"""

import functools
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.likelihood import nll
from stgnf_jax.skeleton import adjacency
from tests.goldens import CHECKPOINTS, MODELS, Golden, distance, read_golden

pytestmark = pytest.mark.reference

FORWARD, INVERSE, TRAINING, GRADIENT = 2e-4, 2e-4, 2e-4, 4e-4
LOOSER_INVERSE = {"UBnormal_supervised_79_2": 2e-2}
LOOSER_TRAINING = {"hidden8": 2e-3}
LOOSER_GRADIENT = {"hidden8": 5e-2}
# One frame, whose mean over joints is zero: BatchNorm divides rounding noise by itself.
NOISE_IN_TRAINING = {"len1"}

FILES = {name: f"goldens/models/{name}.npz" for name in MODELS}
FILES |= {name: f"goldens/checkpoints/{name}.npz" for name in CHECKPOINTS}


def assert_close(ours: Any, theirs: Any, limit: float) -> None:
    assert distance(ours, theirs) < limit


@functools.cache
def golden(shared: Path, name: str) -> Golden:
    return read_golden(shared / FILES[name])


def test_every_golden_is_tested(shared: Path) -> None:
    assert {path.stem for path in (shared / "goldens/models").glob("*.npz")} == set(MODELS)
    assert {path.stem for path in (shared / "goldens/checkpoints").glob("*.npz")} == set(
        CHECKPOINTS
    )


@pytest.mark.parametrize("name", FILES)
def test_latent_and_likelihood(shared: Path, name: str) -> None:
    g = golden(shared, name)
    latent = jax.jit(g.flow.apply)(g.variables(), g.windows("x"))
    assert distance(latent.z, g.windows("eval_z")) < FORWARD
    assert distance(latent.log_det, g.arrays["eval_logdet"]) < FORWARD
    assert distance(nll(latent, g.mean), g.arrays["eval_nll_bits_per_dim"]) < FORWARD
    without_label = g.arrays["eval_nll_bits_per_dim_label_none"]
    assert distance(nll(latent, 0.0), without_label) < FORWARD


@pytest.mark.parametrize("name", FILES)
def test_every_step(shared: Path, name: str) -> None:
    g = golden(shared, name)

    def run(z: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
        outputs, log_det = [], jnp.zeros(len(z))
        for step in g.flow.steps(g.variables()):
            z, change = step.forward_and_log_det(z)
            log_det += change
            outputs.append((z, log_det))
        return outputs

    outputs = jax.jit(run)(g.windows("x"))
    assert len(outputs) == g.config.num_steps * g.config.num_levels
    for i, (z, log_det) in enumerate(outputs):
        assert distance(z, g.windows(f"step/{i}/z")) < FORWARD
        assert distance(log_det, g.arrays[f"step/{i}/logdet"]) < FORWARD


@pytest.mark.parametrize("name", FILES)
def test_distribution_and_inverse(shared: Path, name: str) -> None:
    g = golden(shared, name)
    distribution = g.flow.distribution(g.variables())
    inverse = jax.jit(distribution.bijector.forward)(g.windows("eval_z"))
    assert distance(inverse, g.windows("eval_x_from_z")) < LOOSER_INVERSE.get(name, INVERSE)
    normal = g.arrays["label"] == 1
    log_prob = jax.jit(distribution.log_prob)(g.windows("x"))[normal]
    dimensions = np.log(2) * np.prod(g.config.event_shape)
    assert distance(-log_prob / dimensions, g.arrays["eval_nll_bits_per_dim"][normal]) < FORWARD


@pytest.mark.parametrize("name", sorted(set(MODELS) - NOISE_IN_TRAINING))
def test_training_mode(shared: Path, name: str) -> None:
    g = golden(shared, name)
    variables, x = g.variables(), g.windows("x")

    def loss(params: Any) -> Any:
        latent, updated = g.flow.apply(
            {**variables, "params": params}, x, train=True, mutable=["batch_stats"]
        )
        bits = nll(latent, g.mean)
        return bits.mean(), (latent, bits, updated["batch_stats"])

    gradient, (latent, bits, batch_stats) = jax.jit(jax.grad(loss, has_aux=True))(
        variables["params"]
    )
    limit = LOOSER_TRAINING.get(name, TRAINING)
    assert distance(latent.z, g.windows("train_z")) < limit
    assert distance(bits, g.arrays["train_nll_bits_per_dim"]) < limit
    jax.tree.map(
        lambda ours, theirs: assert_close(ours, theirs, limit),
        batch_stats,
        g.variables("train_after")["batch_stats"],
    )
    expected = g.variables("grad")["params"]
    assert distance(gradient, expected) < LOOSER_GRADIENT.get(name, GRADIENT)


@pytest.mark.parametrize("name", FILES)
def test_float64_round_trip(shared: Path, name: str) -> None:
    g = golden(shared, name)
    with jax.enable_x64():
        variables = jax.tree.map(lambda leaf: jnp.asarray(leaf, _wide(leaf)), g.variables())
        x = jnp.asarray(g.windows("x"), jnp.float64)
        bijector = g.flow.bijector(variables)
        z, log_det = jax.jit(bijector.forward_and_log_det)(x)
        back, inverse_log_det = jax.jit(bijector.inverse_and_log_det)(z)
        assert back.dtype == jnp.float64
        assert jnp.abs(back - x).max() < 1e-10
        assert jnp.abs(log_det + inverse_log_det).max() < 1e-10 * jnp.abs(log_det).max()


def _wide(leaf: Any) -> Any:
    return jnp.float64 if np.asarray(leaf).dtype.kind == "f" else None


@pytest.mark.parametrize("name", FILES)
def test_adjacency(shared: Path, name: str) -> None:
    config, arrays = golden(shared, name)
    ours = adjacency(config.skeleton, config.partition, config.max_hop)
    np.testing.assert_array_equal(ours, arrays["A"])
