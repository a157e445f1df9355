"""Ways through a graph that several rules take: back over layout operators, and on to where a value ends."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from checker.graph import Graph, Node, Value

LAYOUT = frozenset({
    "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Cast", "Slice", "Split", "Gather", "Concat",
    "Expand",
})  # fmt: skip
"""Operators that move elements and compute nothing."""

FAR = 64
"""So many nodes are looked at on the way."""


def sources(graph: Graph, value: Value | None, through: Collection[str] = LAYOUT) -> Iterator[Node]:
    """Yield the nodes that compute a value, once operators that only move it are looked through."""
    pending, seen = [value], set[str]()
    while pending and len(seen) < FAR:
        each = pending.pop()
        node = graph.producer_of(each) if each is not None and not each.constant else None
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        if node.op in through and not node.domain:
            pending += node.inputs if node.op == "Concat" else node.inputs[:1]
        else:
            yield node


def reaches(graph: Graph, value: Value | None, ops: Collection[str], through: Collection[str] = LAYOUT) -> bool:
    """Tell whether a value goes into one of some operators, over operators that only move it."""
    pending, seen = [value], set[str]()
    while pending and len(seen) < FAR:
        each = pending.pop()
        for node in graph.users_of(each) if each is not None else ():
            if node.op in ops:
                return True
            if node.name not in seen and node.op in through:
                seen.add(node.name)
                pending += node.outputs
    return False


def leaves(graph: Graph, value: Value | None) -> bool:
    """Tell whether a value leaves the graph, over operators that only move it."""
    pending, seen = [value], set[str]()
    while pending and len(seen) < FAR:
        each = pending.pop()
        if each is None:
            continue
        if graph.is_output(each):
            return True
        for node in graph.users_of(each):
            if node.name not in seen and node.op in LAYOUT:
                seen.add(node.name)
                pending += node.outputs
    return False
