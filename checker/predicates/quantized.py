"""Constants that nodes of the file quantize, instead of being stored as integers."""

from __future__ import annotations

from functools import lru_cache

from checker.graph import Graph, Node


def meets_quantizing_constant(node: Node, graph: Graph) -> bool:
    """Tell whether a QuantizeLinear of the file makes the integers of a constant that meets a quantized value.

    Of a Sub only what is taken away from may be that constant.
    Source: OpenVINO 2026.4.1, whose low-precision pass ends there.
    """
    taken = [value for value in node.inputs if value is not None]
    if len(taken) != 2 or not all(value.quant for value in taken):
        return False
    fed = _quantized(graph)
    candidates = taken[:1] if node.op == "Sub" else taken
    return any(v.constant and v.quant is not None and (v.quant.again or v.name in fed) for v in candidates)


@lru_cache(maxsize=8)
def _quantized(graph: Graph) -> frozenset[str]:
    """Return the names of what the file's QuantizeLinear nodes take."""
    return frozenset(each.inputs[0] for each in graph.folded if each.op == "QuantizeLinear" and each.inputs)
