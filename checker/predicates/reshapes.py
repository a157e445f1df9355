"""Reshapes that are one with their neighbours, and Reshapes that hold at one size."""

from __future__ import annotations

import math

from checker.graph import Graph, Node
from checker.predicates.look import argument, made_by, sole_user


def before_reshape(node: Node, graph: Graph) -> bool | None:
    """Tell whether a Reshape's result goes into another Reshape or Squeeze and nowhere else: the two are one."""
    return node.op == "Reshape" and sole_user(node, graph, "Reshape", "Squeeze") is not None


def after_reshape(node: Node, graph: Graph) -> bool | None:
    """Tell whether a Reshape or Squeeze is the only one to take a Reshape's result: the two are one."""
    before = made_by(argument(node, "data"), graph, "Reshape")
    return before is not None and sole_user(before, graph, "Reshape", "Squeeze") is node


def _turn(node: Node, graph: Graph) -> tuple[Node, Node] | None:
    """Return the Transpose of the Reshape, Transpose, Reshape that a node is in, and where the three end.

    Reshapes that follow one another count as one.
    """
    start = node
    while after_reshape(start, graph) and (earlier := made_by(argument(start, "data"), graph, "Reshape")):
        start = earlier
    before = start if start.op == "Transpose" else made_by(argument(start, "data"), graph, "Transpose")
    while before_reshape(start, graph) and (later := sole_user(start, graph, "Reshape", "Squeeze")):
        start = later
    for middle in (before, sole_user(start, graph, "Transpose")):
        first = made_by(argument(middle, "data"), graph, "Reshape") if middle is not None else None
        last = sole_user(middle, graph, "Reshape") if middle is not None else None
        if middle is not None and first is not None and last and sole_user(first, graph, "Transpose") is middle:
            while (later := sole_user(last, graph, "Reshape", "Squeeze")) is not None:
                last = later
            if _leaves_unit_axis(middle) is not False:
                return middle, last
    return None


def _leaves_unit_axis(transpose: Node) -> bool | None:
    data, perm = argument(transpose, "data"), transpose.attrs.get("perm")
    if data is None or data.shape is None or not isinstance(perm, tuple):
        return None
    kept = [dim for axis, dim in enumerate(data.shape) if axis < len(perm) and perm[axis] == axis]
    if 1 in kept:
        return True
    return False if all(isinstance(dim, int) for dim in kept) else None


def unit_axis_transpose(node: Node, graph: Graph) -> bool | None:
    """Tell whether the node is in a Reshape, Transpose, Reshape that leave an axis of length 1 in its place.

    Such a three can be written with one axis less.  Nobody else may take what is in between.
    """
    found = _turn(node, graph)
    return False if found is None else _leaves_unit_axis(found[0])


def ends_unit_axis_transpose(node: Node, graph: Graph) -> bool | None:
    """Tell whether the node is the last of a Reshape, Transpose, Reshape that leave an axis of length 1 in place."""
    before = node
    while after_reshape(before, graph) and (earlier := made_by(argument(before, "data"), graph, "Reshape")):
        before = earlier
    middle = made_by(argument(before, "data"), graph, "Transpose")
    found = _turn(node, graph)
    if found is None or found[0] is not middle or found[1] is not node:
        return False
    return _leaves_unit_axis(found[0])


def traced_at_one_size(node: Node, _: Graph) -> bool | None:
    """Tell whether a Reshape gives a tensor of open size a fixed one that it has not where each open axis is of one.

    Such a file was traced: it holds at one size only, whatever its inputs declare.
    """
    data, result = argument(node, "data"), node.outputs[0] if node.outputs else None
    if data is None or result is None or data.shape is None or result.shape is None:
        return None
    known = [size for size in data.shape if isinstance(size, int)]
    fixed = [size for size in result.shape if isinstance(size, int)]
    if len(known) == len(data.shape) or len(fixed) < len(result.shape):
        return False
    return math.prod(known) != math.prod(fixed)
