"""What can be known of a call's result: computed from constants, or from shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from checker.load.evaluate import NotEvaluated, Request, evaluate, move
from checker.load.fact import size_of_shape
from checker.load.symbols import total
from checker.load.tensors import NUMPY

if TYPE_CHECKING:
    from checker.load.call import Call
    from checker.load.fact import Fact


def evaluated(call: Call) -> list[Any] | None:
    """Return the results of a call on constants; None where an element is missing or there are too many."""
    node = call.raw
    if node.domain:
        return None
    if node.op in {"Shape", "Size"}:
        known = shape_data(call)
        return None if known is None or known.dtype == object else [known]
    if not all(fact is None or fact.data is not None for fact in call.inputs):
        return None
    arrays = [None if fact is None else fact.data for fact in call.inputs]
    request = Request(node.op, call.since, call.attrs, len(node.outputs))
    exact = all(fact is None or fact.element in NUMPY or fact.element == 8 for fact in call.inputs)
    try:
        return evaluate(arrays, request) if exact else move(arrays, request)
    except NotEvaluated:
        return None


def shape_data(call: Call) -> Any:
    """Return the elements of a Shape or Size call's result; an object array where some are symbols; None if unknown."""
    source = call.inputs[0] if call.inputs else None
    if source is None or source.shape is None:
        return None
    shape = source.shape
    if call.raw.op == "Size":
        size = total(shape)
        return np.array(size, dtype="<i8" if isinstance(size, int) else object)
    start, end = call.attrs.get("start", 0), call.attrs.get("end", len(shape))
    part = shape[start:end]
    if all(isinstance(dim, int) for dim in part):
        return np.array(part, dtype="<i8")
    out = np.empty(len(part), dtype=object)
    out[:] = part
    return out


def element_of(data: Any) -> int:
    """Return the ONNX element type of a numpy array."""
    return _ELEMENTS.get(data.dtype.str, 8 if data.dtype == object else 0)


_ELEMENTS = {np.dtype(kind).str: element for element, kind in NUMPY.items()}


def size_of(fact: Fact) -> int | None:
    """Return the number of elements; None unless every axis is a number."""
    return size_of_shape(fact.shape)


def is_few(fact: Fact) -> bool:
    """Tell whether a float value is a handful of numbers, such as the scales of a Resize."""
    size = size_of(fact)
    return size is not None and size <= 8
