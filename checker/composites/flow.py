"""Following values through a graph: what the matchers of whole layers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.composites.matcher import is_float_cast, scalar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checker.graph import Composite, Graph, Node, Value

PRODUCTS = frozenset({"MatMul", "FusedMatMul", "Gemm", "Einsum", "TransposeMatMul"})
RESHAPES = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Flatten"})


_SHAPES = frozenset({"Shape", "Size"})


def data_users(graph: Graph, value: Value) -> tuple[Node, ...]:
    """Return the nodes that take a value's elements; who only asks for its shape does not count."""
    users = graph.users_of(value)
    if any(user.op in _SHAPES for user in users):
        return tuple(user for user in users if user.op not in _SHAPES)
    return users


class Flow:
    """A graph with the composites that were already found in it.

    ``made``: composites by the name of the value that they compute.  ``inside``: by the index of a node in them.
    """

    def __init__(self, graph: Graph, found: Sequence[Composite] = ()) -> None:
        """Index what was found."""
        self.graph = graph
        self.made: dict[str, Composite] = {}
        self.inside: dict[int, Composite] = {}
        self.add(found)

    def add(self, found: Sequence[Composite]) -> None:
        """Index more composites."""
        for composite in found:
            self.inside.update(dict.fromkeys((node.index for node in composite.covers), composite))
            output = composite.node.outputs[0] if composite.node.outputs else None
            if output is not None:
                known = self.made.get(output.name)
                if known is None or len(known.covers) <= len(composite.covers):
                    self.made[output.name] = composite

    def producer(self, value: Value | None) -> Node | None:
        """Return the node that computes the value."""
        return None if value is None else self.graph.producer_of(value)

    def composite(self, value: Value | None, kind: str) -> Composite | None:
        """Return the composite of that kind that computes the value."""
        found = None if value is None else self.made.get(value.name)
        return found if found is not None and found.kind == kind else None

    def users(self, value: Value | None) -> tuple[Node, ...]:
        """Return the nodes that take the value."""
        return () if value is None else data_users(self.graph, value)

    def sole_layer(self, value: Value | None, kinds: frozenset[str]) -> Composite | None:
        """Return the composite of one of the kinds whose nodes are all that takes the value."""
        users = self.users(value)
        if not users or value is None or self.graph.is_output(value):
            return None
        found = self.inside.get(users[0].index)
        if found is None or found.kind not in kinds:
            return None
        covered = {node.index for node in found.covers}
        return found if all(user.index in covered for user in users) else None

    def sole_user(self, value: Value | None) -> Node | None:
        """Return the only node that takes the value, None when there are several or it leaves the graph."""
        if value is None or self.graph.is_output(value):
            return None
        users = data_users(self.graph, value)
        return users[0] if len(users) == 1 else None

    def only_for(self, node: Node, users: Mapping[int, Node]) -> bool:
        """Tell whether all that the node computes is used by the given nodes only."""
        return all(
            value is None
            or (not self.graph.is_output(value) and all(user.index in users for user in data_users(self.graph, value)))
            for value in node.outputs
        )


def first(node: Node) -> Value | None:
    """Return a node's first input."""
    return node.inputs[0] if node.inputs else None


def second(node: Node) -> Value | None:
    """Return a node's second input."""
    return node.inputs[1] if len(node.inputs) > 1 else None


def output(node: Node) -> Value | None:
    """Return a node's first output."""
    return node.outputs[0] if node.outputs else None


def one_element(value: Value | None) -> bool:
    """Tell whether a value has one element, constant or not."""
    return value is not None and (value.size == 1 or scalar(value) is not None)


def scaling(node: Node) -> tuple[Value, float | None] | None:
    """Read a node as a value times a number.

    Returns:
        The value and the number (None when it is computed at run time, from a shape for instance); None when the node
        is no such product.
    """
    if node.op not in {"Mul", "Div"} or node.domain:
        return None
    left, right = first(node), second(node)
    if left is None or right is None:
        return None
    if one_element(right) and not one_element(left):
        number = scalar(right)
        return left, number if number is None or node.op == "Mul" else (1.0 / number if number else None)
    if node.op == "Mul" and one_element(left) and not one_element(right):
        return right, scalar(left)
    return None


def passes(node: Node) -> bool:
    """Tell a node that does nothing to the values here: a conversion between floating types, or a Dropout."""
    return is_float_cast(node) or node.op == "Dropout"


def permutation(node: Node) -> tuple[int, ...] | None:
    """Return the axes order of a Transpose."""
    if node.op != "Transpose":
        return None
    perm = node.attrs.get("perm")
    if isinstance(perm, tuple):
        return tuple(int(each) for each in perm)
    value = first(node)
    return None if value is None or value.rank is None else tuple(reversed(range(value.rank)))


def swaps_last_two(node: Node) -> bool:
    """Tell a Transpose that is a plain matrix transpose."""
    perm = permutation(node)
    return perm is not None and len(perm) >= 2 and perm == (*range(len(perm) - 2), len(perm) - 1, len(perm) - 2)


def shape_of(value: Value | None) -> tuple[object, ...]:
    """Return the shape of a value, empty when unknown."""
    return () if value is None or value.shape is None else value.shape
