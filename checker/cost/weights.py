"""Parameters: what of the stored tensors are weights, and how many bytes they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from checker.cost.sizes import ITEM_BITS, stored_bits, value_bytes
from checker.graph import Graph, Node, Value

PACKED: Final = frozenset({"MatMulNBits", "MatMulBnb4", "MatMulFpQ4"})
"""Operators whose weight B is packed: N and K are attributes."""

SCALES: Final = ("scale", "zero_point", "scales", "zero_points", "absmax", "g_idx")
"""Ends of the names of arguments that say how a weight is quantized."""

BIASES: Final = frozenset({"B", "C", "bias"})
"""Arguments that quantized operators take as 32-bit integers."""


def weights_of(graph: Graph) -> tuple[int, int]:
    """Return (parameters, bytes as stored).

    The parameters of a file are the elements of its floating-point tensors, and of integers of at most eight bits.
    Where the file is quantized these include scales and zero points: there, what the nodes take is counted instead.
    """
    found = {value.name: (value, size) for node in graph.walk() for value, size in _taken(node)}
    stored = sum(value_bytes(value) or 0 for value in graph.initializers if is_weight(value))
    if not any(_quantized(node) for node in graph.walk()):
        return sum(value.size or 0 for value in graph.initializers if is_weight(value)), stored
    biases = sum(size * 4 for value, size in found.values() if stored_bits(value) == 32 and not _is_plain(value))
    return sum(size for _, size in found.values()), stored + biases


def parameters_of(node: Node) -> int:
    """Return the number of weight elements that a node reads."""
    return sum(size for _, size in _taken(node))


def is_weight(value: Value) -> bool:
    """Tell whether a stored tensor has the type of weights: floating-point, or integers of at most eight bits."""
    dtype = value.dtype or ""
    return value.size is not None and (
        dtype.startswith(("float", "bfloat")) or (dtype.lstrip("u").startswith("int") and ITEM_BITS[dtype] <= 8)
    )


def _taken(node: Node) -> Iterator[tuple[Value, int]]:
    """Yield the weights that a node takes, each with the number of its elements."""
    bound = ((name, arg) for name, arg in node.args.items() if arg is not None and not name.endswith(SCALES))
    for name, value in ((name, each) for name, arg in bound for each in (arg if isinstance(arg, tuple) else (arg,))):
        if not value.constant:
            continue
        if node.op in PACKED and name == "B":
            yield value, _packed_size(node)
        elif is_weight(value) or (name in BIASES and value.dtype == "int32" and value.size is not None):
            yield value, value.size or 0


def _quantized(node: Node) -> bool:
    """Tell whether a node stands between Q/DQ, or is a quantized operator by itself."""
    if node.op in PACKED or node.op.startswith(("QLinear", "QGemm", "QAttention")):
        return True
    return any(value is not None and value.quant is not None and not value.quant.assumed for value in node.inputs)


def _is_plain(value: Value) -> bool:
    return value.quant is None and (value.dtype or "").startswith("float")


def _packed_size(node: Node) -> int:
    rows, columns = node.attrs.get("N"), node.attrs.get("K")
    return rows * columns if isinstance(rows, int) and isinstance(columns, int) else 0
