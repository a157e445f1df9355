"""Spellings of GELU in parts: some compilers know one by the order of its products."""

from __future__ import annotations

from checker.graph import Graph, Node
from checker.predicates.look import made_by


def gelu_halved_first(node: Node, graph: Graph) -> bool:
    """Tell whether a GELU is (x times 0.5) times (erf(x / sqrt(2)) + 1), in this order, and one node takes it.

    Source: tpu-mlir 1.30.2, whose canonicalizer looks for the sum on the right only.
    """
    result = node.outputs[0] if node.outputs else None
    product = made_by(result, graph, "Mul")
    if result is None or product is None or len(graph.users_of(result)) + graph.is_output(result) != 1:
        return False
    half, one_more = made_by(product.inputs[0], graph, "Mul"), made_by(product.inputs[1], graph, "Add")
    if half is None or one_more is None or not any(each is not None and each.constant for each in half.inputs):
        return False
    return any(made_by(each, graph, "Erf") is not None for each in one_more.inputs)
