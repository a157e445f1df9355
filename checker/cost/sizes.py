"""How many bytes values take, and what a node reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from checker.cost.kinds import VIEW
from checker.graph import Node, Value
from checker.macs import sizes_of
from checker.polynomial import Number, least, product

ITEM_BITS: Final[Mapping[str, int]] = {
    "float64": 64, "int64": 64, "uint64": 64, "complex64": 64, "complex128": 128,
    "float32": 32, "int32": 32, "uint32": 32,
    "float16": 16, "bfloat16": 16, "int16": 16, "uint16": 16,
    "int8": 8, "uint8": 8, "bool": 8,
    "float8e4m3fn": 8, "float8e4m3fnuz": 8, "float8e5m2": 8, "float8e5m2fnuz": 8, "float8e8m0": 8,
    "int4": 4, "uint4": 4, "float4e2m1": 4, "int2": 2, "uint2": 2,
}  # fmt: skip
"""Bits an element of each ONNX data type takes (ONNX IR specification); strings have no fixed size."""

PICKS: Final = frozenset({"Gather", "GatherElements", "GatherND", "Slice", "Compress"})
"""Operators that read only so many elements of their data as they give out."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of one node at the file's own types; quantized values count at their quantized type.

    ``read``, ``written``: activations.  ``weights``: constants that are read.  ``known``: False when a size is not
    known, so that these are lower bounds.
    """

    read: int
    written: int
    weights: int
    known: bool = True


def size_of(value: Value) -> Number | None:
    """Return the number of elements, over the symbols of open axes; None when the rank is unknown."""
    sizes = sizes_of(value)
    return None if sizes is None else product(sizes)


def value_bytes(value: Value) -> int | None:
    """Return the bytes that a value takes in memory at its declared type, None when its shape or type is unknown."""
    bits = ITEM_BITS.get(value.dtype or "")
    size = value.size
    return None if bits is None or size is None else (size * bits + 7) // 8


def with_floats_of(value: Value, bits: int) -> int | None:
    """Return the bytes of a value in a build that keeps floats, and what the file quantizes, in so many bits."""
    size, dtype = value.size, value.dtype or ""
    if size is None or dtype not in ITEM_BITS:
        return None
    small = (
        "float" in dtype or value.quant is not None or (dtype.lstrip("u").startswith("int") and ITEM_BITS[dtype] < 32)
    )
    return (size * (bits if small else ITEM_BITS[dtype]) + 7) // 8


def stored_bits(value: Value) -> int | None:
    """Return the bits of an element as the file stores it: behind Q/DQ, those of the quantized type."""
    quant = value.quant
    if quant is not None and not quant.assumed:
        return ITEM_BITS.get(quant.dtype)
    return ITEM_BITS.get(value.dtype or "")


def traffic_of(node: Node) -> Traffic:
    """Return what a node moves; nothing for a view, and for what is worked out from shapes alone."""
    if node.op in VIEW or node.op in {"Shape", "Size"} or node.bodies or node.shape_arithmetic:
        return Traffic(0, 0, 0)
    read = weights = written = 0
    known = True
    for value in node.outputs:
        if value is not None:
            found = _bytes(value)
            known = known and found is not None and value.size is not None
            written += found or 0
    seen = set()
    for position, value in enumerate(node.inputs):
        if value is None or value.name in seen:
            continue
        seen.add(value.name)
        found = _bytes(value)
        if position == 0 and node.op in PICKS and found is not None:
            found = min(found, written)
        known = known and found is not None and value.size is not None
        if value.constant:
            weights += found or 0
        else:
            read += found or 0
    return Traffic(read, written, weights, known)


def view_bytes(node: Node) -> int:
    """Return what a view would read and write on a chip whose layouts make it a copy; 0 for other nodes."""
    if node.op not in VIEW or node.shape_arithmetic or not node.outputs or node.outputs[0] is None:
        return 0
    return 2 * (_bytes(node.outputs[0]) or 0)


def _bytes(value: Value) -> int | None:
    bits, size = stored_bits(value), size_of(value)
    return None if bits is None or size is None else (least(size) * bits + 7) // 8
