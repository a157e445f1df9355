"""Sizes for which onnx2tf writes a 1 since the file computes them; where a known size meets one, Vela refuses the file.

A stored size beside such a 1 is a contradiction for Vela.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from checker.graph import Graph, Node, Value
from checker.predicates.computed import computed_sizes
from checker.predicates.look import argument
from checker.predicates.sizes import NONE, Axes, spread


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
    return spread(graph, computed_sizes)
