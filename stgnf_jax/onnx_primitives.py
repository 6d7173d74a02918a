"""A traced JAX function as an ONNX graph, one primitive after the other; loops are unrolled."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal

from stgnf_jax.onnx_graph import Array, Graph, Node, Shape, depends

# Primitives that ONNX has an operator for.
OPERATORS = {
    "abs": "Abs",
    "add": "Add",
    "div": "Div",
    "log": "Log",
    "logistic": "Sigmoid",
    "max": "Max",
    "mul": "Mul",
    "neg": "Neg",
    "sqrt": "Sqrt",
    "sub": "Sub",
}
REDUCTIONS = {"reduce_sum": "ReduceSum", "reduce_prod": "ReduceProd"}

Rule = Callable[[Graph, JaxprEqn, list[Array]], Array]


def convert(graph: Graph, traced: ClosedJaxpr) -> Node:
    """The graph of a function with one input and one output, and that output.

    Args:
      graph: with the function's input.
      traced: the function, traced for a batch of `onnx_graph.BATCH`.

    Raises:
      NotImplementedError: a primitive that there is no rule for.
    """
    constants = [np.asarray(constant) for constant in traced.consts]
    (found,) = _run(graph, traced.jaxpr, [*constants, graph.source])
    found = graph.full(found, _shape(traced.jaxpr.outvars[0]))
    if not isinstance(found, Node):
        raise NotImplementedError("the function does not depend on its input")
    return found


def _run(graph: Graph, jaxpr: Jaxpr, inputs: Sequence[Array]) -> list[Array]:
    known: dict[Any, Array] = dict(zip((*jaxpr.constvars, *jaxpr.invars), inputs, strict=True))

    def read(atom: Any) -> Array:
        kind: Any = atom.aval
        return np.asarray(atom.val, kind.dtype) if isinstance(atom, Literal) else known[atom]

    for equation in jaxpr.eqns:
        found = _apply(graph, equation, [read(atom) for atom in equation.invars])
        known.update(zip(equation.outvars, found, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _apply(graph: Graph, equation: JaxprEqn, inputs: list[Array]) -> list[Array]:
    """What an equation makes; where all is known it is computed at once."""
    name, parameters = equation.primitive.name, equation.params
    if name == "scan":
        return _scan(graph, equation, inputs)
    for key in ("jaxpr", "call_jaxpr"):
        if key in parameters:
            inner: ClosedJaxpr = parameters[key]
            return _run(graph, inner.jaxpr, [*map(np.asarray, inner.consts), *inputs])
    if name in RULES:
        return [RULES[name](graph, equation, inputs)]
    fixed = not any(depends(size) for out in equation.outvars for size in _shape(out))
    if fixed and not any(isinstance(array, Node) for array in inputs):
        found = equation.primitive.bind(*_full(graph, equation, inputs), **parameters)
        return [*map(np.asarray, found if equation.primitive.multiple_results else [found])]
    if name in OPERATORS:
        return [_elementwise(graph, OPERATORS[name], inputs)]
    raise NotImplementedError(f"there is no rule for {name} of a batch")


def _shape(atom: Any) -> Shape:
    """The shape that an array was traced with."""
    shape: Shape = atom.aval.shape
    return shape


def _full(graph: Graph, equation: JaxprEqn, inputs: Sequence[Array]) -> list[Array]:
    """The inputs of an equation, none of them stretched."""
    shapes = map(_shape, equation.invars)
    return [graph.full(array, shape) for array, shape in zip(inputs, shapes, strict=True)]


def _elementwise(graph: Graph, operator: str, inputs: list[Array]) -> Array:
    """With a rectifier by its own name, which is faster than a maximum."""
    zeros = [not isinstance(array, Node) and not array.any() for array in inputs]
    if operator == "Max" and zeros[1] and inputs[1].shape in ((), inputs[0].shape):
        return graph.elementwise("Relu", inputs[:1])
    return graph.elementwise(operator, inputs)


def _scan(graph: Graph, equation: JaxprEqn, inputs: list[Array]) -> list[Array]:
    """A loop over the first axis of arrays, unrolled."""
    parameters = equation.params
    if parameters["reverse"]:
        raise NotImplementedError("there is no rule for a reversed scan")
    num_consts, num_carry = parameters["num_consts"], parameters["num_carry"]
    full = _full(graph, equation, inputs)
    consts, carry = inputs[:num_consts], inputs[num_consts : num_consts + num_carry]
    rows, found = full[num_consts + num_carry :], []
    inner: ClosedJaxpr = parameters["jaxpr"]
    for turn in range(parameters["length"]):
        row = [_row(graph, array, turn) for array in rows]
        results = _run(graph, inner.jaxpr, [*map(np.asarray, inner.consts), *consts, *carry, *row])
        carry = results[:num_carry]
        shapes = map(_shape, inner.jaxpr.outvars[num_carry:])
        outputs = zip(results[num_carry:], shapes, strict=True)
        found.append([graph.full(array, shape) for array, shape in outputs])
    return [*carry, *(graph.stack(column, 0) for column in zip(*found, strict=True))]


def _row(graph: Graph, x: Array, index: int) -> Array:
    others = [slice(0, size) for size in x.shape[1:]]
    return graph.squeeze(graph.slice(x, [slice(index, index + 1), *others]), [0])


def _broadcast(graph: Graph, equation: JaxprEqn, inputs: list[Array]) -> Array:
    (x,), shape = inputs, [1] * len(equation.params["shape"])
    for axis, size in zip(equation.params["broadcast_dimensions"], x.shape, strict=True):
        shape[axis] = size
    return graph.reshape(x, tuple(shape))


def _reshape(graph: Graph, equation: JaxprEqn, inputs: list[Array]) -> Array:
    return graph.reshape(_full(graph, equation, inputs)[0], _shape(equation.outvars[0]))


def _slice(graph: Graph, equation: JaxprEqn, inputs: list[Array]) -> Array:
    names = ("start_indices", "limit_indices", "strides")
    starts, limits, strides = (equation.params[name] for name in names)
    strides = strides or (1,) * len(starts)
    return graph.slice(inputs[0], [*map(slice, starts, limits, strides)])


def _reduce(graph: Graph, equation: JaxprEqn, inputs: list[Array]) -> Array:
    (x,), axes = _full(graph, equation, inputs), equation.params["axes"]
    if not isinstance(x, Node):
        return np.asarray(equation.primitive.bind(x, **equation.params))
    operator = REDUCTIONS[equation.primitive.name]
    shape = _shape(equation.outvars[0])
    return graph.add(operator, [x, np.array(axes, np.int64)], shape, keepdims=0)


def _dot(graph: Graph, equation: JaxprEqn, inputs: list[Array]) -> Array:
    """A product of matrices or vectors over one axis of each."""
    (contracted, batched) = equation.params["dimension_numbers"]
    left, right = _full(graph, equation, inputs)
    (of_left,), (of_right,) = contracted
    if any(batched) or max(len(left.shape), len(right.shape)) > 2:
        raise NotImplementedError("there is no rule for a product of more than matrices")
    if of_left != len(left.shape) - 1:
        left = graph.transpose(left, (1, 0))
    if of_right:
        right = graph.transpose(right, (1, 0))
    return graph.add("MatMul", [left, right], _shape(equation.outvars[0]))


def _pad(graph: Graph, equation: JaxprEqn, inputs: list[Array]) -> Array:
    x, value = _full(graph, equation, inputs)
    config = equation.params["padding_config"]
    if any(low < 0 or high < 0 or between for low, high, between in config):
        raise NotImplementedError("there is no rule for padding between or below nothing")
    edges = np.array([[low, high] for low, high, _ in config], np.int64).T.ravel()
    return graph.add("Pad", [x, edges, value], _shape(equation.outvars[0]))


def _log1p(graph: Graph, _: JaxprEqn, inputs: list[Array]) -> Array:
    one = np.ones((), np.float32)
    return graph.elementwise("Log", [graph.elementwise("Add", [inputs[0], one])])


RULES: dict[str, Rule] = {
    "broadcast_in_dim": _broadcast,
    "concatenate": lambda graph, equation, inputs: graph.concatenate(
        _full(graph, equation, inputs), equation.params["dimension"]
    ),
    "dot_general": _dot,
    "log1p": _log1p,
    "pad": _pad,
    "reduce_prod": _reduce,
    "reduce_sum": _reduce,
    "reshape": _reshape,
    "slice": _slice,
    "squeeze": lambda graph, equation, inputs: graph.squeeze(
        inputs[0], equation.params["dimensions"]
    ),
    "stack": lambda graph, equation, inputs: graph.stack(
        _full(graph, equation, inputs), equation.params["axis"]
    ),
    "transpose": lambda graph, equation, inputs: graph.transpose(
        inputs[0], equation.params["permutation"]
    ),
}
