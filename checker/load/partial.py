"""Shape data of which only some elements are known: the batch is a symbol, the channels are a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from checker.load.evaluate import LAYOUT, NotEvaluated, Request, move
from checker.load.symbols import BINARY, elementwise, select, total
from checker.load.tensors import NUMPY

if TYPE_CHECKING:
    from checker.graph import Array
    from checker.load.call import Call

_LIMIT = 64
"""Elements: shape data is short; anything longer is a tensor that happens to be computed from shapes."""


def moves_only(call: Call) -> int:
    """Return the element type of the output of an operator that only moves elements; 0 for any other operator."""
    op = call.raw.op
    if op not in LAYOUT or op == "ConstantOfShape":
        return 0
    place = 1 if op == "Where" else 0
    fact = call.inputs[place] if place < len(call.inputs) else None
    return fact.element if fact is not None else 0


def partly(call: Call) -> Array | None:
    """Return what is known of the output's elements: an integer array when all of it is, an object array for some.

    None where nothing is known, or the operator is not one that shapes are computed with.
    """
    arrays = [None if fact is None else fact.known for fact in call.inputs]
    if any(fact is not None and array is None for fact, array in zip(call.inputs, arrays, strict=True)):
        return None
    if any(array is not None and array.size > _LIMIT for array in arrays):
        return None
    try:
        result = _apply(call, arrays)
    except (NotEvaluated, ValueError, TypeError, IndexError, OverflowError):
        return None
    if result is None or result.size > _LIMIT:
        return None
    return _settle(result, _result_element(call))


def _apply(call: Call, arrays: list[Any]) -> Array | None:
    op = call.raw.op
    if op in _UNARY:
        return _UNARY[op](call, arrays)
    if op in BINARY and len(arrays) == 2:
        return elementwise(op, arrays[0], arrays[1])
    if op == "Where":
        return select(*arrays)
    if op in LAYOUT:
        results = move(arrays, Request(op, call.since, call.attrs, len(call.raw.outputs)))
        return results[0] if len(results) == 1 else None
    return None


def _same(_: Call, arrays: list[Any]) -> Array:
    result: Array = arrays[0].astype(object)
    return result


def _cast(call: Call, arrays: list[Any]) -> Array | None:
    if call.attrs.get("to") in {5, 6, 7, 12, 13, 1, 10, 11}:
        return _same(call, arrays)
    return None


def _not(_: Call, arrays: list[Any]) -> Array:
    flat = [None if each is None else not each for each in arrays[0].ravel()]
    return _objects(flat, arrays[0].shape)


def _reduce_product(call: Call, arrays: list[Any]) -> Array | None:
    if arrays[0].ndim != 1:
        return None
    result = total([each if each is None or isinstance(each, str) else int(each) for each in arrays[0]])
    return _objects([result], (1,) if call.attrs.get("keepdims", 1) else ())


_UNARY: dict[str, Callable[[Call, list[Any]], Array | None]] = {
    "Cast": _cast,
    "Not": _not,
    "ReduceProd": _reduce_product,
    "Floor": _same,
    "Ceil": _same,
    "Round": _same,
}


def _objects(flat: list[Any], shape: tuple[int, ...]) -> Array:
    out = np.empty(len(flat), dtype=object)
    out[:] = flat
    return out.reshape(shape)


def _result_element(call: Call) -> int:
    op = call.raw.op
    if op == "Cast":
        return int(call.attrs.get("to", 0))
    if op in {"Equal", "Less", "Greater", "Not"}:
        return 9
    place = 1 if op == "Where" else 0
    fact = call.inputs[place]
    return fact.element if fact is not None else 0


def _settle(result: Array, element: int) -> Array | None:
    if result.dtype != object:
        return result
    flat = result.ravel().tolist()
    if all(isinstance(each, (int, float, bool, np.integer, np.floating, np.bool_)) for each in flat):
        return result.astype(NUMPY[element]) if element in NUMPY else None
    return None if all(each is None for each in flat) else result
