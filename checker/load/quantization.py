"""QuantizeLinear and DequantizeLinear become facts of the values around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from checker.graph import Quant
from checker.load.evaluate import ELEMENT_LIMIT
from checker.load.tensors import DTYPES

if TYPE_CHECKING:
    from checker.graph import Array
    from checker.load.fact import Fact

READ_LIMIT = 1 << 20
"""Bytes of scales that are worth reading from the file (a scale for each of 262144 channels)."""

OPERATORS = frozenset({"QuantizeLinear", "DequantizeLinear"})
DOMAINS = frozenset({"", "com.microsoft"})


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome for one Q or DQ node: the fact that stands for its output."""

    output: Fact
    quant: Quant


def step(
    op: str, inputs: Sequence[Fact | None], attrs: Mapping[str, Any], read: Callable[[Fact], Array | None]
) -> Step | None:
    """Return what a QuantizeLinear or DequantizeLinear says; None where its scale is not constant.

    Args:
        op: one of ``OPERATORS``.
        inputs: facts of x, scale and, where given, zero point.
        attrs: what the file writes.
        read: returns the elements of a stored constant that is not in memory.
    """
    data = inputs[0] if inputs else None
    scale = inputs[1] if len(inputs) > 1 else None
    zero = inputs[2] if len(inputs) > 2 else None
    if data is None or scale is None or not scale.constant or (zero is not None and not zero.constant):
        return None
    if op == "QuantizeLinear":
        stored = zero.element if zero is not None and zero.element else int(attrs.get("output_dtype", 0)) or 2
        element = stored
    else:
        stored = data.element
        element = int(attrs.get("output_dtype", 0)) or scale.element or 1
    single = scale.shape is not None and (not scale.shape or scale.shape == (1,))
    block = int(attrs.get("block_size", 0))
    axis = None if single else int(attrs.get("axis", 1))
    if axis is not None and axis < 0 and data.shape is not None:
        axis += len(data.shape)
    scales, zeros = _elements(scale, read), None if zero is None else _elements(zero, read)
    if single:
        scales = None if scales is None else scales.reshape(())
        zeros = None if zeros is None or zeros.size != 1 else zeros.reshape(())
    if zero is None:
        zeros = np.zeros((), dtype="i1" if stored in {3, 5, 6, 7, 22} else "u1")
    before = data.quant if data.constant else None
    again = before is not None and (op == "QuantizeLinear" or before.again)
    quant = Quant(DTYPES.get(stored, ""), scales, zeros, axis, block, again=again)
    payload = data.payload
    elements = None
    if data.constant:
        if op == "DequantizeLinear" and data.data is not None and data.data.size <= ELEMENT_LIMIT:
            elements = _small_elements(data, quant)
        if payload is not None and payload.dtype is None:
            payload = type(payload)(payload.path, payload.offset, payload.length, data.dtype, payload.encoding)
    changes = {"element": element, "quant": quant, "payload": payload, "data": elements, "partial": None}
    if op == "QuantizeLinear" and data.constant:
        # the float elements stay for the DequantizeLinear that follows
        changes["data"] = data.data
    return Step(data.derived(**changes), quant)


def same(left: Quant | None, right: Quant | None) -> bool:
    """Tell whether two quantizations are the same in every respect."""
    if left is None or right is None:
        return left is right
    return (
        (left.dtype, left.axis, left.block_size) == (right.dtype, right.axis, right.block_size)
        and _equal(left.scale, right.scale)
        and _equal(left.zero_point, right.zero_point)
    )


def _equal(left: Array | None, right: Array | None) -> bool:
    if left is None or right is None:
        return left is right
    return bool(np.array_equal(left, right))


def _elements(fact: Fact, read: Callable[[Fact], Array | None]) -> Array | None:
    if fact.data is not None or fact.payload is None or fact.payload.length > READ_LIMIT:
        return fact.data
    return read(fact)


def _small_elements(data: Fact, quant: Quant) -> Array | None:
    """Return the float elements of a small quantized constant."""
    if data.data is None or (data.quant is not None and data.data.dtype.kind == "f"):
        return data.data  # quantized in the file from float elements that we have
    return dequantize(data.data, quant)


def dequantize(stored: Array, quant: Quant) -> Array | None:
    """Return ``(stored - zero_point) * scale`` in float32; None where scale or block is not understood."""
    scale, zero = quant.scale, quant.zero_point
    if scale is None or zero is None or quant.block_size or stored.dtype.kind not in "iuf":
        return None
    if quant.axis is not None:
        if not 0 <= quant.axis < stored.ndim or scale.size != stored.shape[quant.axis]:
            return None
        if zero.ndim and zero.size != scale.size:
            return None
        around = [1] * stored.ndim
        around[quant.axis] = -1
        scale = scale.reshape(around)
        zero = zero.reshape(around) if zero.ndim else zero
    result: Array = ((stored.astype("<f4") - zero.astype("<f4")) * scale.astype("<f4")).astype("<f4")
    return result
