"""What goes wrong between onnx2tf and Vela with sizes, layouts and scales; each was found by varying small models.

A Split hands on only the size of the axis that it cuts: it becomes a SLICE whose sizes along the other axes are -1, and
Vela leaves to the CPU whatever has an unknown size beyond the batch.  Later operators inherit that, until one states
its sizes or joins them with known ones.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from checker.graph import Graph, Node, Value
from checker.predicates.look import argument, made_by

JOINED: Final = frozenset({"Add", "Div", "Max", "Min", "Mul", "Pow", "Sub", "Where"})
"""Operators whose result has the sizes of that operand which has known ones."""

STATED: Final = frozenset(
    {"Flatten", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "GRU", "LSTM", "RNN", "Shape", "Size"}
)
"""Operators whose result has no unknown size beyond the batch."""

POINTWISE: Final = frozenset({"Add", "Clip", "Concat", "HardSwish", "LeakyRelu", "Mul", "Relu", "Sigmoid"})
"""Operators that leave height and width as they are."""


def beyond_scales(node: Node, _: Graph) -> bool:
    """Tell whether a stored number of the node needs an 8-bit scale above 2^32: Vela keeps such a node on the CPU."""
    stored = (value.const for value in node.inputs if value is not None and value.const is not None)
    return any(each.dtype.kind == "f" and each.size and float(abs(each).max()) > 255 * 2.0**32 for each in stored)


def before_padded_conv(node: Node, graph: Graph) -> bool | None:
    """Tell whether a padded convolution takes the node's result, with activations, sums and joins in between."""
    waiting, seen, unsure = [node], {id(node)}, False
    while waiting:
        value = waiting.pop().outputs[0]
        for user in graph.users_of(value) if value is not None else ():
            pads = user.attrs.get("pads") if user.op == "Conv" else ()
            if isinstance(pads, tuple) and any(pads):
                return True
            unsure = unsure or pads is None
            if user.op in POINTWISE and id(user) not in seen:
                seen.add(id(user))
                waiting.append(user)
    return None if unsure else False


def loosened_by_split(node: Node, graph: Graph) -> bool:
    """Tell whether the sizes of one of the node's inputs were forgotten at a Split above it."""
    return any(value is not None and value.name in _loose(graph) for value in node.inputs)


def split_beside_residual(node: Node, graph: Graph) -> bool:
    """Tell whether a Split cuts a sum that is added to something again, the result of which a convolution takes.

    onnx2tf then keeps the sum in one layout only, and the Split asks for the other.
    """
    data = argument(node, "input")
    if data is None or made_by(data, graph, "Add") is None:
        return False
    again = (user for user in graph.users_of(data) if user.op == "Add")
    return any(user.op == "Conv" for later in again for out in later.outputs if out for user in graph.users_of(out))


@lru_cache(maxsize=8)
def _loose(graph: Graph) -> frozenset[str]:
    """Return the names of the values whose sizes, beyond the first, the converter does not know."""
    found = set[str]()
    for node in graph.nodes:
        if _forgets(node) or _inherits(node, found):
            found.update(value.name for value in node.outputs if value is not None)
    return frozenset(found)


def _forgets(node: Node) -> bool:
    if node.op != "Split" or node.domain:
        return False
    data, axis = argument(node, "input"), node.attrs.get("axis", 0)
    rank = data.rank if data is not None else None
    if rank is None or not isinstance(axis, int):
        return True
    return any(each not in {0, axis % rank} for each in range(rank))


def _inherits(node: Node, loose: set[str]) -> bool:
    inputs = [value for value in node.inputs if value is not None]
    if node.op in STATED or not any(value.name in loose for value in inputs):
        return False
    if node.op == "Reshape":
        return not _states_sizes(node)
    if node.op in JOINED:
        full = [value for value in inputs if value.shape == node.outputs[0].shape] if node.outputs[0] else []
        return all(value.name in loose for value in full)
    return True


def _states_sizes(node: Node) -> bool:
    shape: Value | None = argument(node, "shape")
    if shape is None or shape.const is None:
        return False
    return all(size > 0 for size in shape.const.reshape(-1).tolist()[1:])
