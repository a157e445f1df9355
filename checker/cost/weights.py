"""Parameters: what of the stored tensors are weights, and how many bytes they take."""

from __future__ import annotations

from typing import Final

from checker.cost.sizes import ITEM_BITS, value_bytes
from checker.graph import Graph, Node, Value

PACKED: Final = frozenset({"MatMulNBits", "MatMulBnb4", "MatMulFpQ4"})
"""Operators whose weight B is packed: N and K are attributes."""

SCALES: Final = ("scale", "zero_point", "scales", "zero_points", "absmax", "g_idx")
"""Ends of the names of arguments that say how a weight is quantized."""


def weights_of(graph: Graph) -> tuple[int, int]:
    """Return (elements, bytes as stored) of the floating-point and quantized tensors in the file.

    The scales and zero points that quantized operators take as arguments are no parameters, but are stored.
    """
    packed: dict[str, int] = {}
    scales: set[str] = set()
    for node in graph.walk():
        for name, value in node.args.items():
            if not isinstance(value, Value) or not value.constant:
                continue
            if name.endswith(SCALES):
                scales.add(value.name)
            elif node.op in PACKED and name == "B":
                packed[value.name] = _packed_size(node)
    elements = stored = 0
    for value in graph.initializers:
        if value.size is None or not is_weight(value):
            continue
        elements += 0 if value.name in scales else packed.get(value.name, value.size)
        stored += value_bytes(value) or 0
    return elements, stored


def parameters_of(node: Node) -> int:
    """Return the number of weight elements that a node reads."""
    if node.op in PACKED:
        return _packed_size(node)
    return sum(
        value.size or 0
        for name, value in node.args.items()
        if isinstance(value, Value) and value.constant and is_weight(value) and not name.endswith(SCALES)
    )


def is_weight(value: Value) -> bool:
    """Tell whether a stored tensor has the type of weights: floating-point, or integers of at most eight bits."""
    dtype = value.dtype or ""
    return dtype.startswith(("float", "bfloat")) or (dtype.lstrip("u").startswith("int") and ITEM_BITS[dtype] <= 8)


def _packed_size(node: Node) -> int:
    rows, columns = node.attrs.get("N"), node.attrs.get("K")
    return rows * columns if isinstance(rows, int) and isinstance(columns, int) else 0
