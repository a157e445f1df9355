"""Facts of names: some compilers make new ones that a file may have already."""

from __future__ import annotations

from functools import lru_cache

from checker.graph import Graph, Node


def copy_name_taken(node: Node, graph: Graph) -> bool:
    """Tell whether a node takes a constant of one element ``c`` where there is another ``c_1``, or takes that one.

    Source: tpu-mlir 1.30.2 copies a constant that several nodes share, as ``c_1``, and ends where that exists.  How
    many nodes share it is not asked: they may have been folded here and not there.
    """
    clashing = _clashing(graph)
    return any(value is not None and value.name in clashing for value in node.inputs)


@lru_cache(4)
def _clashing(graph: Graph) -> frozenset[str]:
    scalars = {value.name for value in graph.initializers if value.shape == ()}
    first = {name for name in scalars if f"{name}_1" in scalars}
    return frozenset(first | {f"{name}_1" for name in first})
