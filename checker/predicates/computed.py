"""Sizes that the file computes: what onnx2tf, and onnxsim before it, know of them.

The converter takes sizes from ONNX's shape inference without following computed shapes: of a Reshape to a computed
shape it knows nothing but the rank.  Where all sizes but one are stored, onnxsim writes -1 for that one, and the shape
is stored after all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from checker.graph import Graph, Node, Value
from checker.predicates.look import argument, made_by

SHAPES: Final[Mapping[str, str]] = {"Reshape": "shape", "Expand": "shape", "ConstantOfShape": "input"}
"""Operator to the argument that says which sizes its result has."""

ARITHMETIC: Final = frozenset({"Cast", "Concat", "Gather", "Shape", "Slice", "Squeeze", "Unsqueeze"})
"""Operators that lead from a tensor's shape to one that a Reshape asks for."""


def computed_sizes(node: Node, graph: Graph) -> frozenset[int]:
    """Return the axes of the node's result whose size it takes from a shape that the file computes."""
    shape = argument(node, SHAPES.get(node.op, ""))
    result = node.outputs[0] if node.outputs else None
    if shape is None or shape.constant or result is None or result.rank is None or node.domain:
        return frozenset()
    axes = range(result.rank)
    if node.op == "Expand":
        data = argument(node, "input")
        kept = data.shape if data is not None and data.shape is not None else ()
        return frozenset(axis for axis in axes if kept[axis - result.rank :][:1] in {(), (1,)})
    return frozenset() if node.op == "Reshape" and _one_open(shape, graph) else frozenset(axes)


def folded_into_shape(node: Node, graph: Graph) -> bool:
    """Tell whether a node computes sizes for Reshapes only, of which all but one are stored: onnxsim drops it."""
    waiting, seen = [node], {id(node)}
    while waiting:
        each = waiting.pop()
        value = each.outputs[0] if each.op in ARITHMETIC and each.outputs else None
        users = graph.users_of(value) if value is not None and not graph.is_output(value) else ()
        if value is None or not users:
            return False
        for user in users:
            if user.op == "Reshape" and argument(user, "shape") is value:
                if not _one_open(value, graph):
                    return False
            elif id(user) not in seen:
                seen.add(id(user))
                waiting.append(user)
    return True


def _one_open(shape: Value, graph: Graph) -> bool:
    joined = made_by(shape, graph, "Concat")
    if joined is None:
        return False
    stored = [each for each in joined.inputs if each is not None and each.constant]
    one = [each for each in joined.inputs if each is not None and not each.constant]
    sizes = [None if each.const is None else each.const.reshape(-1).tolist() for each in stored]
    plain = all(size is not None and all(int(item) > 0 for item in size) for size in sizes)
    return plain and len(one) == 1 and one[0].shape == (1,)
