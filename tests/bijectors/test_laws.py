"""The laws that every bijector keeps, over one registry of constructors."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax import bijectors as bij
from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.skeleton import make_skeleton
from stgnf_jax.stgcn import STGCN, Graph

T, V, C = 4, 3, 4
SKELETON = make_skeleton("three", V, [(0, 1), (1, 2)], center=1)
BATCH_SHAPES = ((), (3,), (2, 3))


def normal(seed: int, *shape: int) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape)


def lu() -> bij.LUFactors:
    factors = bij.lu_factors(bij.rotation(jax.random.key(3), C))
    return factors._replace(
        lower=factors.lower + 0.1 * normal(0, C, C),
        upper=factors.upper + 0.1 * normal(1, C, C),
        log_s=factors.log_s + 0.1 * normal(2, C),
    )


def stgcn(features: int) -> bij.Conditioner:
    graph = Graph(SKELETON, "spatial", 2, edge_importance=True)
    module = STGCN(features, hidden_channels=3, kernel_size=3, graph=graph, residual=True)
    init = jax.jit(functools.partial(module.init, train=True))
    variables = init(jax.random.key(0), normal(1, 5, T, V, C // 2))

    def conditioner(z1: jax.Array) -> jax.Array:
        return jnp.asarray(module.apply(variables, z1))

    return conditioner


def flow(**fields: object) -> distrax.Bijector:
    config = FlowConfig(T, SKELETON, C, num_steps=3, **fields)  # type: ignore[arg-type]
    module = STGNF(config)
    init = jax.jit(functools.partial(module.init, train=True))
    return module.bijector(init(jax.random.key(0), normal(1, 6, T, V, C)))


def scan_chain() -> bij.ScanChain:
    parameters = (normal(0, 3, C), 0.3 * normal(1, 3, C))
    return bij.ScanChain(lambda p: bij.ActNorm(*p), parameters)


REGISTRY: dict[str, Callable[[], distrax.Bijector]] = {
    "actnorm": lambda: bij.ActNorm(normal(0, C), 0.5 * normal(1, C)),
    "invertible_conv1x1": lambda: bij.InvertibleConv1x1(lu()),
    "dense_conv1x1": lambda: bij.DenseConv1x1(bij.rotation(jax.random.key(0), C) + 0.1),
    "reverse": lambda: bij.reverse(C),
    "shuffle": lambda: bij.shuffle(jax.random.key(1), C),
    "squeeze": bij.Squeeze,
    "fixed_shape": lambda: bij.FixedShape((T, V, C)),
    "affine_coupling": lambda: bij.STGCNCoupling(stgcn(C)),
    "additive_coupling": lambda: bij.STGCNCoupling(stgcn(C // 2), "additive"),
    "scan_chain": scan_chain,
    "chain": lambda: distrax.Chain([bij.STGCNCoupling(stgcn(C)), bij.reverse(C), scan_chain()]),
    "flow": flow,
    "flow_lu_two_levels": lambda: flow(num_levels=2, permutation="invertible_1x1"),
}
CONSTANT_VOLUME = {"reverse", "shuffle", "squeeze", "fixed_shape", "additive_coupling"}


class Compiled(NamedTuple):
    """A bijector and its two primitives, compiled once for all tests of a process."""

    bijector: distrax.Bijector
    forward: Callable[[jax.Array], tuple[jax.Array, jax.Array]]
    inverse: Callable[[jax.Array], tuple[jax.Array, jax.Array]]


@functools.cache
def compiled(name: str) -> Compiled:
    bijector = REGISTRY[name]()
    forward, inverse = bijector.forward_and_log_det, bijector.inverse_and_log_det
    return Compiled(bijector, jax.jit(forward), jax.jit(inverse))


@pytest.fixture(params=REGISTRY)
def law(request: pytest.FixtureRequest) -> Compiled:
    return compiled(request.param)


def assert_close(a: jax.Array, b: jax.Array, tolerance: float) -> None:
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("batch_shape", BATCH_SHAPES)
def test_round_trips_both_ways(law: Compiled, batch_shape: tuple[int, ...]) -> None:
    x = normal(7, *batch_shape, T, V, C)
    y, log_det = law.forward(x)
    back, inverse_log_det = law.inverse(y)
    assert log_det.shape == batch_shape
    assert_close(back, x, 2e-5)
    assert_close(inverse_log_det, -log_det, 2e-5)
    again, _ = law.forward(back)
    assert_close(again, y, 2e-5)


def test_events_of_a_batch_do_not_touch(law: Compiled) -> None:
    x = normal(7, 2, 3, T, V, C)
    y, log_det = law.forward(x)
    one, one_log_det = law.forward(x[1, 2])
    assert_close(y[1, 2], one, 1e-5)
    assert_close(log_det[1, 2], one_log_det, 1e-5)


def test_log_det_is_the_jacobians(law: Compiled) -> None:
    x = normal(8, T, V, C)

    def flat_forward(flat: jax.Array) -> jax.Array:
        return law.bijector.forward(flat.reshape(T, V, C)).ravel()

    jacobian = jax.jit(jax.jacfwd(flat_forward))(x.ravel())
    expected = jnp.linalg.slogdet(jacobian).logabsdet
    assert_close(law.forward(x)[1], expected, 2e-4)


@pytest.mark.parametrize("name", REGISTRY)
def test_volume_changes_where_it_should(name: str) -> None:
    _, log_det = compiled(name).forward(normal(8, T, V, C))
    assert (log_det == 0) == (name in CONSTANT_VOLUME)


@pytest.mark.parametrize("shape", [(V, C), (C,), ()])
def test_less_than_an_event_is_refused(law: Compiled, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape|dimensions"):
        law.bijector.forward_and_log_det(jnp.zeros(shape))
    with pytest.raises(ValueError, match=r"shape|dimensions"):
        law.bijector.inverse_and_log_det(jnp.zeros(shape))


class WrongEvent(NamedTuple):
    name: str
    forward: tuple[int, ...]
    inverse: tuple[int, ...]


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            WrongEvent(name, (2, T, V, C + 1), (2, T, V, C + 1))
            for name in ("actnorm", "invertible_conv1x1", "dense_conv1x1", "reverse", "shuffle")
        ),
        WrongEvent("affine_coupling", (T, V, 1), (T, V, 1)),
        WrongEvent("affine_coupling", (T, V, C + 1), (T, V, C + 1)),
        WrongEvent("additive_coupling", (T, V, C + 1), (T, V, C + 1)),
        WrongEvent("squeeze", (T + 1, V, C), (T, V, C + 1)),
        WrongEvent("scan_chain", (T, V, C + 1), (T, V, C + 1)),
        WrongEvent("chain", (T, V, C + 1), (T, V, C + 1)),
        WrongEvent("fixed_shape", (T, V + 1, C), (T, V + 1, C)),
        *(
            WrongEvent("flow", shape, shape)
            for shape in ((T + 2, V, C), (T, V + 1, C), (T, V, C + 1), (T, V, C - 1))
        ),
    ],
    ids=lambda wrong: f"{wrong.name}-{'x'.join(map(str, wrong.forward))}",
)
def test_another_event_shape_is_refused(wrong: WrongEvent) -> None:
    bijector = compiled(wrong.name).bijector
    with pytest.raises(ValueError, match=r"shape|dot|broadcast"):
        bijector.forward_and_log_det(jnp.zeros(wrong.forward))
    with pytest.raises(ValueError, match=r"shape|dot|broadcast"):
        bijector.inverse_and_log_det(jnp.zeros(wrong.inverse))


def test_works_under_vmap_and_grad(law: Compiled) -> None:
    x = normal(10, 3, T, V, C)
    y, log_det = law.forward(x)
    mapped, mapped_log_det = jax.vmap(law.forward)(x)
    assert_close(mapped, y, 1e-5)
    assert_close(mapped_log_det, log_det, 1e-5)
    gradient = jax.jit(jax.grad(lambda x: law.bijector.forward(x).sum()))(x)
    assert gradient.shape == x.shape
    assert jnp.isfinite(gradient).all()
    assert (gradient != 0).any()


@pytest.mark.parametrize("name", ["actnorm", "affine_coupling", "invertible_conv1x1"])
def test_jit_changes_nothing(name: str) -> None:
    x = normal(10, 3, T, V, C)
    law = compiled(name)
    for plain, jitted in zip(law.bijector.forward_and_log_det(x), law.forward(x), strict=True):
        assert_close(plain, jitted, 1e-5)


@pytest.mark.parametrize("name", REGISTRY)
def test_float64_round_trip(name: str) -> None:
    with jax.enable_x64():
        bijector = REGISTRY[name]()
        x = normal(11, 2, T, V, C)
        assert x.dtype == jnp.float64
        y, log_det = jax.jit(bijector.forward_and_log_det)(x)
        back, inverse_log_det = jax.jit(bijector.inverse_and_log_det)(y)
        assert y.dtype == log_det.dtype == back.dtype == jnp.float64
        assert_close(back, x, 1e-10)
        assert_close(inverse_log_det, -log_det, 1e-10)


def test_a_flow_of_ones_own_has_a_density() -> None:
    """Any of the bijectors, with one of distrax's, in a chain under a prior."""
    parts = [REGISTRY[name]() for name in ("affine_coupling", "invertible_conv1x1", "actnorm")]
    tanh = distrax.Block(distrax.Tanh(), 3)
    chain = distrax.Chain([tanh, *parts])
    prior = distrax.Independent(distrax.Uniform(-jnp.ones((T, V, C)), 1.0), 3)
    distribution = distrax.Transformed(prior, distrax.Inverse(chain))
    sample = jax.jit(lambda key: distribution.sample_and_log_prob(seed=key, sample_shape=5))
    x, log_prob = sample(jax.random.key(0))
    assert x.shape == (5, T, V, C)
    assert_close(jax.jit(distribution.log_prob)(x), log_prob, 1e-4)


@pytest.mark.parametrize("kind", ["affine_coupling", "additive_coupling"])
def test_a_coupling_tells_what_it_multiplies_each_element_by(kind: str) -> None:
    coupling, x = REGISTRY[kind](), normal(5, 2, T, V, C)
    assert isinstance(coupling, bij.STGCNCoupling)
    scale, sign = coupling.log_scale(x), jnp.ones(C).at[C // 2 :].set(2.0)
    assert scale.shape == x.shape
    np.testing.assert_array_equal(scale[..., : C // 2], 0)
    np.testing.assert_allclose(
        scale.sum((-3, -2, -1)), coupling.forward_log_det_jacobian(x), rtol=1e-5, atol=1e-5
    )
    # Twice as large a z2 moves by its multiple: the difference is z2 times its scale.
    moved = coupling.forward(x * sign) - coupling.forward(x)
    np.testing.assert_allclose(
        moved[..., C // 2 :], x[..., C // 2 :] * jnp.exp(scale[..., C // 2 :]), rtol=1e-4, atol=1e-5
    )


CONSTANT_JACOBIAN = {"actnorm", "invertible_conv1x1", "dense_conv1x1"}
CONSTANT_JACOBIAN |= {"reverse", "shuffle", "squeeze", "fixed_shape"}


@pytest.mark.parametrize("name", sorted(CONSTANT_JACOBIAN | {"affine_coupling"}))
def test_who_says_that_the_jacobian_is_constant(name: str) -> None:
    """distrax leaves out work by it."""
    assert REGISTRY[name]().is_constant_jacobian == (name in CONSTANT_JACOBIAN)


@pytest.mark.parametrize("name", sorted(CONSTANT_VOLUME))
def test_a_log_det_of_nothing_is_of_the_windows_type(name: str) -> None:
    bijector, x = REGISTRY[name](), normal(1, 2, T, V, C)
    y = bijector.forward(x)
    assert bijector.forward_and_log_det(x.astype(jnp.float16))[1].dtype == jnp.float16
    assert bijector.inverse_and_log_det(y.astype(jnp.float16))[1].dtype == jnp.float16


def test_reverse_turns_the_channels_round() -> None:
    x = normal(1, T, V, C)
    np.testing.assert_array_equal(bij.reverse(C).forward(x), x[..., ::-1])
