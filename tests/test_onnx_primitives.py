"""Functions of a batch as ONNX graphs give what JAX gives, and what has no rule is told."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import onnxruntime
import pytest

from stgnf_jax.onnx_graph import BATCH, Graph
from stgnf_jax.onnx_primitives import convert

Function = Callable[[jax.Array], jax.Array]


def loop(x: jax.Array) -> jax.Array:
    """A scan with a constant of the batch, a carry, known rows and rows of the batch."""

    def turn(carry: jax.Array, row: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        known, own = row
        return carry + known * own + x.sum(1), carry

    carry, rows = jax.lax.scan(turn, jnp.zeros(x.shape[::2]), (jnp.arange(3.0), x.swapaxes(0, 1)))
    return carry + rows.sum(0)


# Of arrays (N, 3, 4).
FUNCTIONS: dict[str, Function] = {
    "stretched over the batch, then joined": lambda x: jnp.concatenate(
        [x, jnp.broadcast_to(jnp.arange(4.0), x.shape)], 1
    ),
    "stretched over known axes, then joined": lambda x: jnp.concatenate(
        [x[..., None], jnp.broadcast_to(x[..., :1, None], (*x.shape, 2))], -1
    ),
    "a part of what is stretched": lambda x: (
        jnp.broadcast_to(x[:, :1], x.shape)[:, 1:]
        * jnp.broadcast_to(x.sum(1)[:, None], x.shape)[:, :2]
    ),
    "every second": lambda x: x[:, ::2, 1:4:2],
    "batch and frames on one axis": lambda x: (
        jnp.broadcast_to(jnp.arange(1.0, 2.0), 3 * x.shape[0]) + x.reshape(-1, 4).sum(1)
    ),
    "the batch's sum": lambda x: x.sum(0),
    "a stack in between": lambda x: jnp.stack([x, 2 * x], 2).reshape(x.shape[0], -1),
    "padding": lambda x: jnp.pad(x, ((0, 0), (1, 0), (0, 2)), constant_values=7.0),
    "a vector times the batch": lambda x: jnp.arange(3.0) @ x.reshape(-1, 3).T,
    "a product with both turned": lambda x: jax.lax.dot_general(
        jnp.arange(8.0).reshape(4, 2), x[:, 0], (((0,), (1,)), ((), ()))
    ),
    "a rectifier and a maximum": lambda x: jax.nn.relu(x) + jnp.maximum(x, x[:, :1]),
    "logarithms and roots": lambda x: jnp.log1p(jnp.abs(x)) + jnp.sqrt(jnp.abs(-x)) / 3,
    "products": lambda x: jnp.prod(x, 1),
    "a loop": loop,
}


def model_of(function: Function, shape: tuple[int, ...] = (3, 4)) -> bytes:
    traced = jax.make_jaxpr(function)(jax.ShapeDtypeStruct((BATCH, *shape), np.float32))
    graph = Graph("x", (BATCH, *shape))
    return bytes(graph.model(convert(graph, traced), "y", "N").SerializeToString())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_a_batch(name: str) -> None:
    session = onnxruntime.InferenceSession(
        model_of(FUNCTIONS[name]), providers=["CPUExecutionProvider"]
    )
    for count in (1, 5):
        x = np.random.default_rng(0).normal(size=(count, 3, 4)).astype(np.float32)
        expected = FUNCTIONS[name](jnp.asarray(x))
        (found,) = session.run(None, {"x": x})
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (jnp.cos, "there is no rule for cos of a batch"),
        (lambda x: jax.lax.scan(lambda c, r: (c, r + c), x[0], x[:3], reverse=True)[1], "reversed"),
        (lambda x: jnp.einsum("nij,nkj->nik", x, x), "more than matrices"),
        (lambda _: jnp.ones(3), "does not depend on its input"),
    ],
)
def test_what_has_no_rule(function: Function, reason: str) -> None:
    with pytest.raises(NotImplementedError, match=reason):
        model_of(function)
