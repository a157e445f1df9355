"""What TVM's relax front end makes of shapes that nodes compute."""

from __future__ import annotations

from checker.graph import Graph, Node, Value
from checker.predicates.look import argument


def cast_sizes(node: Node, graph: Graph) -> bool:
    """Tell whether the shape that a Reshape asks for went through a Cast: the front end then has a tensor, no shape."""
    return _through_cast(argument(node, "shape"), graph)


def _through_cast(value: Value | None, graph: Graph) -> bool:
    maker = graph.producer_of(value) if value is not None else None
    if maker is None or maker.op == "Shape":
        return False
    return maker.op == "Cast" or any(_through_cast(each, graph) for each in maker.inputs)
