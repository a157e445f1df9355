"""Sizes for which onnx2tf writes a 1 since the file computes them; where a known size meets one, Vela refuses the file.

The converter takes sizes from ONNX's shape inference without following computed shapes: of a Reshape to a computed
shape it knows nothing but the rank.  A stored size beside such a 1 is a contradiction for Vela.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from checker.graph import Graph, Node, Value
from checker.predicates.look import argument, made_by
from checker.predicates.sizes import NONE, Axes, spread

SHAPES: Final[Mapping[str, str]] = {"Reshape": "shape", "Expand": "shape", "ConstantOfShape": "input"}
"""Operator to the argument that says which sizes its result has."""


def meets_placeholder(node: Node, graph: Graph) -> bool:
    """Tell whether a Concat or Conv takes a tensor whose sizes the file computes where it needs the one that it has.

    A Concat does along the other axes where another part has more than one there, a Conv along the channels.
    """
    lost = _lost(graph)
    if node.op == "Conv":
        data, weight = argument(node, "X"), argument(node, "W")
        deep = weight is not None and weight.shape is not None and weight.shape[1] != 1
        return deep and data is not None and 1 in lost.get(data.name, NONE)
    axis = node.attrs.get("axis")
    parts = [value for value in node.inputs if value is not None and value.shape is not None]
    if node.op != "Concat" or not isinstance(axis, int) or not parts:
        return False
    rank = len(parts[0].shape or ())
    return any(
        any(each in lost.get(part.name, NONE) for part in parts) and any(_known(part, each, lost) for part in parts)
        for each in set(range(rank)) - {axis % rank if rank else 0}
    )


def _known(value: Value, axis: int, lost: Mapping[str, Axes]) -> bool:
    size = value.shape[axis] if value.shape is not None and axis < len(value.shape) else None
    return isinstance(size, int) and size > 1 and axis not in lost.get(value.name, NONE)


@lru_cache(maxsize=8)
def _lost(graph: Graph) -> Mapping[str, Axes]:
    return spread(graph, _computed)


def _computed(node: Node, graph: Graph) -> Axes:
    """Return the axes whose size a node takes from a shape that the file computes."""
    shape = argument(node, SHAPES.get(node.op, ""))
    result = node.outputs[0] if node.outputs else None
    if shape is None or shape.constant or result is None or result.rank is None or node.domain:
        return NONE
    axes = range(result.rank)
    if node.op == "Expand":
        data = argument(node, "input")
        kept = data.shape if data is not None and data.shape is not None else ()
        return frozenset(axis for axis in axes if kept[axis - result.rank :][:1] in {(), (1,)})
    return NONE if node.op == "Reshape" and _one_open(shape, graph) else frozenset(axes)


def _one_open(shape: Value, graph: Graph) -> bool:
    """Tell whether all sizes but one are stored: onnxsim writes -1 for that one, and the shape is stored."""
    joined = made_by(shape, graph, "Concat")
    if joined is None:
        return False
    stored = [each for each in joined.inputs if each is not None and each.constant]
    one = [each for each in joined.inputs if each is not None and not each.constant]
    plain = all(
        each.const is not None and all(int(item) > 0 for item in each.const.reshape(-1).tolist()) for each in stored
    )
    return plain and len(one) == 1 and one[0].shape == (1,)
