"""What the passes of onnxoptimizer, which onnxsim runs, make of a network before a converter sees it."""

from __future__ import annotations

from typing import Final

from checker.graph import Graph, Node
from checker.predicates.look import argument

JOINED: Final = 3
"""How many products of one tensor are joined: query, key and value."""

NEUTRAL: Final = {"Add": 0, "Sub": 0, "Mul": 1, "Div": 1}
"""The number that changes nothing; the second operand for Sub and Div."""

COMMUTE: Final = frozenset({"Add", "Mul"})

SIDES: Final = ("A", "B")


def joined_products(node: Node, graph: Graph) -> bool | None:
    """Tell whether a MatMul is one of three of the same tensor that become one MatMul and a Split.

    The pass is ``fuse_qkv``: nobody else reads the tensor, the weights are stored and of one shape, and each result has
    one reader.  Where that adds a bias of zeros on the right, another pass comes first, and the three stay.
    """
    data = argument(node, "A")
    users = graph.users_of(data) if data is not None and node.op == "MatMul" else ()
    if len(users) != JOINED or data is None or graph.is_output(data) or graph.producer_of(data) is None:
        return False
    shapes = set()
    for user in users:
        first, weight, result = argument(user, "A"), argument(user, "B"), user.outputs[0] if user.outputs else None
        if user.op != "MatMul" or first is not data or weight is None or not weight.constant or result is None:
            return False
        readers = graph.users_of(result)
        if graph.is_output(result) or len(readers) != 1 or _adds_nothing(readers[0]):
            return False
        shapes.add(weight.shape)
    return len(shapes) == 1


def _adds_nothing(node: Node) -> bool:
    """Tell whether a node adds stored zeros, as the second operand, to known sizes: the pass looks there only."""
    added, result = argument(node, "B") if node.op == "Add" else None, node.outputs[0]
    if added is None or added.const is None or result is None or result.shape is None:
        return False
    return not added.const.any() and all(isinstance(dim, int) for dim in result.shape)


def vanishes_when_simplified(node: Node, graph: Graph) -> bool:
    """Tell whether a node adds stored zeros or multiplies by stored ones to no other shape: onnxsim drops it.

    A constant whose elements were not read counts as trained, so never as neutral.
    """
    neutral = NEUTRAL.get(node.op)
    result = node.outputs[0] if node.outputs else None
    if neutral is None or node.domain or result is None or len(node.inputs) != len(SIDES) or graph.is_output(result):
        return False
    sides = node.inputs if node.op in COMMUTE else node.inputs[1:]
    for side in sides:
        other = node.inputs[1] if side is node.inputs[0] else node.inputs[0]
        if side is not None and other is not None and side.const is not None and side.const.dtype.kind == "f":
            kept = other.shape is not None and other.shape == result.shape
            if kept and not other.constant and bool((side.const == neutral).all()):
                return True
    return False
