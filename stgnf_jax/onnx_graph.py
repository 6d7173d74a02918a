"""Operations on arrays as nodes of an ONNX graph; on known arrays they are done at once.

Arrays are traced for a batch of `BATCH` windows, a prime far above all other sizes: an axis whose
size it divides depends on the batch. An array may be stored with axes of 1 where its values only
repeat, as arithmetic in ONNX and NumPy stretches those by itself; `Graph.full` does it elsewhere.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

BATCH = 2**31 - 1
# Of July 2022 (ONNX 1.13): the first in which all reductions take their axes as an input.
OPSET = 18
# The oldest file format that a model of this opset may have.
IR_VERSION = 8

Shape = tuple[int, ...]


class Node(NamedTuple):
    """An array that a node makes, by name, and its shape as stored."""

    name: str
    shape: Shape


Array = Node | NDArray[Any]


class Graph:
    """Nodes and constants as they come, and the operations that add them."""

    def __init__(self, source: str, shape: Shape) -> None:
        """A graph with one input: float32 of a shape in which the batch is `BATCH`."""
        self.source = Node(source, shape)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[tuple[str, Shape, bytes], onnx.TensorProto] = {}

    def add(self, operator: str, inputs: Sequence[Array], shape: Shape, **attributes: Any) -> Node:
        """A node with one output, of a shape as stored."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        names = [self._name(array) for array in inputs]
        self.nodes.append(helper.make_node(operator, names, [name], **attributes))
        return Node(name, shape)

    def _name(self, array: Array) -> str:
        if isinstance(array, Node):
            return array.name
        array = np.ascontiguousarray(array).reshape(array.shape)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = numpy_helper.from_array(array, name)
        return self.constants[key].name

    def elementwise(self, operator: str, inputs: Sequence[Array], **attributes: Any) -> Node:
        """An operation on each element; the inputs may be stretched."""
        shape = np.broadcast_shapes(*(array.shape for array in inputs))
        return self.add(operator, inputs, shape, **attributes)

    def reshape(self, x: Array, shape: Shape) -> Array:
        """An array that is not stretched, in another shape."""
        if x.shape == shape:
            return x
        if not isinstance(x, Node):
            return x.reshape(shape)
        sizes = np.array([-1 if depends(size) else size for size in shape], np.int64)
        return self.add("Reshape", [x, sizes], shape)

    def squeeze(self, x: Array, axes: Sequence[int]) -> Array:
        """Without axes of size 1."""
        if not isinstance(x, Node):
            return x.squeeze(tuple(axes))
        shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
        return self.add("Squeeze", [x, np.array(axes, np.int64)], shape)

    def transpose(self, x: Array, order: Sequence[int]) -> Array:
        """With its axes in another order."""
        if not isinstance(x, Node):
            return x.transpose(order)
        shape = tuple(x.shape[axis] for axis in order)
        return self.add("Transpose", [x], shape, perm=list(order))

    def slice(self, x: Array, slices: Sequence[slice]) -> Array:
        """A part of an array; of an axis that is stretched any part is the same."""
        sizes = zip(x.shape, slices, strict=True)
        parts = [slice(None) if size == 1 else part for size, part in sizes]
        if not isinstance(x, Node):
            return x[tuple(parts)]
        ranges = [range(*part.indices(size)) for size, part in zip(x.shape, parts, strict=True)]
        axes = [axis for axis, size in enumerate(x.shape) if ranges[axis] != range(size)]
        if not axes:
            return x
        columns = zip(*((ranges[axis].start, ranges[axis].stop, axis, ranges[axis].step)
                        for axis in axes), strict=True)  # fmt: skip
        arrays = [np.array(column, np.int64) for column in columns]
        return self.add("Slice", [x, *arrays], tuple(map(len, ranges)))

    def concatenate(self, arrays: Sequence[Array], axis: int) -> Array:
        """Arrays that are not stretched, one after the other."""
        if not any(isinstance(array, Node) for array in arrays):
            return np.concatenate([np.asarray(array) for array in arrays], axis)
        shape = list(arrays[0].shape)
        shape[axis] = sum(array.shape[axis] for array in arrays)
        return self.add("Concat", arrays, tuple(shape), axis=axis)

    def stack(self, arrays: Sequence[Array], axis: int) -> Array:
        """Arrays that are not stretched, on a new axis."""
        shape = arrays[0].shape
        new = (*shape[:axis], 1, *shape[axis:])
        return self.concatenate([self.reshape(array, new) for array in arrays], axis)

    def full(self, x: Array, shape: Shape) -> Array:
        """An array stretched to its shape."""
        if x.shape == shape:
            return x
        if not any(map(depends, shape)):
            if not isinstance(x, Node):
                return np.broadcast_to(x, shape)
            return self.add("Expand", [x, np.array(shape, np.int64)], shape)
        sizes = [self._size(size) for size in shape]
        return self.add("Expand", [x, self.concatenate(sizes, 0)], shape)

    def _size(self, size: int) -> Array:
        """A size as an array (1,), known or found from the input's."""
        if not depends(size):
            return np.array([size], np.int64)
        axis = self.source.shape.index(BATCH)
        batch = self.add("Shape", [self.source], (1,), start=axis, end=axis + 1)
        if size == BATCH:
            return batch
        return self.add("Mul", [batch, np.array([size // BATCH], np.int64)], (1,))

    def model(self, found: Node, output: str, batch: str) -> onnx.ModelProto:
        """The graph as a model with one output.

        Args:
          found: the output's array, not stretched.
          output: its name in the model.
          batch: what the batch is called in shapes.
        """
        nodes = [*self.nodes, helper.make_node("Identity", [found.name], [output])]
        values = [
            helper.make_tensor_value_info(
                name, onnx.TensorProto.FLOAT, [batch if depends(size) else size for size in shape]
            )
            for name, shape in (self.source, (output, found.shape))
        ]
        constants = list(self.constants.values())
        graph = helper.make_graph(nodes, "scorer", values[:1], values[1:], constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model


def depends(size: int) -> bool:
    """Whether an axis of this size depends on the batch."""
    return size > 0 and size % BATCH == 0
