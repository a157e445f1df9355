"""A small evaluator for constants: what shape arithmetic is made of, and what goes with it.

Each function takes the inputs as arrays (None for an absent one) and a ``Call`` and returns the outputs.  Functions
in ``LAYOUT`` only move elements, so they work as well on object arrays of which some elements are symbols.  Anything
unusual raises, and the caller leaves the node as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from checker.load.tensors import numpy_type

if TYPE_CHECKING:
    from checker.graph import Array

ELEMENT_LIMIT = 4096
"""A constant with more elements is known to be constant, but not element by element."""

_WORK_LIMIT = 1 << 18
"""Elements of the largest intermediate result; a damaged file may ask for any number."""

Inputs = Sequence[Any]


class NotEvaluated(Exception):  # noqa: N818  # a refusal, not an error
    """The evaluator declines: too large, or a form that it does not know."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an operator call says beside its inputs: attributes (arrays for tensors), schema version, output count."""

    op: str
    since: int
    attrs: Mapping[str, Any]
    outputs: int


Function = Callable[[Inputs, Request], list[Any]]
LAYOUT: dict[str, Function] = {}
VALUES: dict[str, Function] = {}


def evaluate(inputs: Inputs, request: Request) -> list[Array]:
    """Compute the outputs of a call whose inputs are known.

    Raises:
        NotEvaluated: the operator is not one of those that are computed, or the result is too large.
    """
    function = LAYOUT.get(request.op) or VALUES.get(request.op)
    if function is None:
        raise NotEvaluated(request.op)
    return _run(function, inputs, request)


def move(inputs: Inputs, request: Request) -> list[Array]:
    """Compute the outputs of a call that only moves elements, some of which may be symbols.

    Raises:
        NotEvaluated: the operator does more than move elements, or the result is too large.
    """
    function = LAYOUT.get(request.op)
    if function is None:
        raise NotEvaluated(request.op)
    return _run(function, inputs, request)


def _run(function: Function, inputs: Inputs, request: Request) -> list[Array]:
    try:
        with np.errstate(all="ignore"):
            results = [_array(each) for each in function(inputs, request)]
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, ZeroDivisionError, AttributeError) as error:
        raise NotEvaluated(str(error)) from None
    return results


def _array(result: Any) -> Array:
    if isinstance(result, (str, type(None))):
        # numpy hands out the element itself where an object array is indexed down to one
        boxed = np.empty((), dtype=object)
        boxed[()] = result
        return boxed
    return np.asarray(result)


def bounded(*shapes: Sequence[int]) -> None:
    """Decline a result of more elements than are worth computing.

    Raises:
        NotEvaluated: the shapes, broadcast together, hold too many elements.
    """
    size = 1
    for dim in np.broadcast_shapes(*(tuple(int(dim) for dim in shape) for shape in shapes)):
        size *= dim
    if size > _WORK_LIMIT:
        raise NotEvaluated(f"{size} elements")


def layout(*names: str) -> Callable[[Function], Function]:
    """Register a function that only moves elements."""

    def register(function: Function) -> Function:
        for name in names:
            LAYOUT[name] = function
        return function

    return register


def values(*names: str) -> Callable[[Function], Function]:
    """Register a function that computes with elements."""

    def register(function: Function) -> Function:
        for name in names:
            VALUES[name] = function
        return function

    return register


def axes_of(inputs: Inputs, request: Request, position: int = 1) -> tuple[int, ...] | None:
    """Return the axes, from the attribute of old opsets or the input of new ones; None when absent."""
    given = request.attrs.get("axes")
    if given is None and len(inputs) > position and inputs[position] is not None:
        given = [int(axis) for axis in np.atleast_1d(inputs[position])]
    return None if given is None else tuple(int(axis) for axis in given)


@values("Cast")
def _cast(inputs: Inputs, request: Request) -> list[Any]:
    return [cast_to(inputs[0], int(request.attrs["to"]))]


def cast_to(array: Array, element: int) -> Array:
    """Convert elements to an ONNX type.

    Raises:
        NotEvaluated: numpy does not hold the type exactly.
    """
    kind = numpy_type(element)
    if kind is None or array.dtype == object or element not in {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13}:
        raise NotEvaluated(f"cast to element type {element}")
    if array.dtype.kind == "f" and np.dtype(kind).kind in "iu":
        array = np.trunc(array)
    return array.astype(kind)


_UNARY: Mapping[str, Callable[[Any], Any]] = {
    "Neg": np.negative, "Abs": np.abs, "Floor": np.floor, "Ceil": np.ceil, "Round": np.rint, "Sqrt": np.sqrt,
    "Exp": np.exp, "Log": np.log, "Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "Tanh": np.tanh, "Sign": np.sign,
    "Not": np.logical_not, "IsNaN": np.isnan, "IsInf": np.isinf, "BitwiseNot": np.invert, "Atan": np.arctan,
    "Reciprocal": lambda x: (1 / x).astype(x.dtype), "Relu": lambda x: np.maximum(x, x.dtype.type(0)),
    "Sigmoid": lambda x: (1 / (1 + np.exp(-x))).astype(x.dtype), "Erf": np.vectorize(math.erf, otypes=["f8"]),
    "Softplus": lambda x: np.log1p(np.exp(x)),
}  # fmt: skip


def _divide(left: Any, right: Any) -> Any:
    if left.dtype.kind in "iu":
        if np.any(right == 0):
            raise ZeroDivisionError
        # ONNX truncates like C, numpy floors
        quotient = np.floor_divide(np.abs(left), np.abs(right))
        return (quotient * (np.sign(left) * np.sign(right))).astype(left.dtype)
    return np.divide(left, right)


_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": _divide, "And": np.logical_and,
    "Or": np.logical_or, "Xor": np.logical_xor, "Equal": np.equal, "Less": np.less, "Greater": np.greater,
    "LessOrEqual": np.less_equal, "GreaterOrEqual": np.greater_equal, "BitwiseAnd": np.bitwise_and,
    "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor,
}  # fmt: skip


@values(*_UNARY)
def _unary(inputs: Inputs, request: Request) -> list[Any]:
    array = inputs[0]
    result = np.asarray(_UNARY[request.op](array))
    return [result if result.dtype.kind == "b" else result.astype(array.dtype)]


@values(*_BINARY)
def _binary(inputs: Inputs, request: Request) -> list[Any]:
    left, right = inputs
    if request.since < 7 and request.attrs.get("broadcast") and "axis" in request.attrs:
        raise NotEvaluated("broadcast of old opsets")
    bounded(left.shape, right.shape)
    result = np.asarray(_BINARY[request.op](left, right))
    return [result if result.dtype.kind == "b" else result.astype(left.dtype)]


@values("Mod")
def _modulo(inputs: Inputs, request: Request) -> list[Any]:
    left, right = inputs
    bounded(left.shape, right.shape)
    if left.dtype.kind in "iu" and np.any(right == 0):
        raise ZeroDivisionError
    return [(np.fmod if request.attrs.get("fmod") else np.mod)(left, right).astype(left.dtype)]


@values("Pow")
def _power(inputs: Inputs, _: Request) -> list[Any]:
    base, exponent = inputs
    bounded(base.shape, exponent.shape)
    if base.dtype.kind in "iu" and exponent.dtype.kind in "iu" and np.any(exponent < 0):
        raise NotEvaluated("negative power of an integer")
    return [np.power(base, exponent).astype(base.dtype)]


@values("Min", "Max", "Sum", "Mean")
def _variadic(inputs: Inputs, request: Request) -> list[Any]:
    bounded(*(each.shape for each in inputs))
    function = {"Min": np.minimum, "Max": np.maximum}.get(request.op, np.add)
    result = inputs[0]
    for each in inputs[1:]:
        result = function(result, each)
    return [(result / len(inputs) if request.op == "Mean" else result).astype(inputs[0].dtype)]


@values("Clip")
def _clip(inputs: Inputs, request: Request) -> list[Any]:
    array = inputs[0]
    low = inputs[1] if len(inputs) > 1 else request.attrs.get("min")
    high = inputs[2] if len(inputs) > 2 else request.attrs.get("max")
    if low is not None:
        array = np.maximum(array, low)
    if high is not None:
        array = np.minimum(array, high)
    return [array.astype(inputs[0].dtype)]


@values("MatMul")
def _matmul(inputs: Inputs, _: Request) -> list[Any]:
    left, right = inputs
    bounded((*left.shape, right.shape[-1]))
    return [np.matmul(left, right)]


_REDUCERS: Mapping[str, Callable[..., Any]] = {
    "ReduceSum": np.sum, "ReduceProd": np.prod, "ReduceMin": np.min, "ReduceMax": np.max, "ReduceMean": np.mean,
    "ReduceL1": lambda x, **k: np.sum(np.abs(x), **k), "ReduceSumSquare": lambda x, **k: np.sum(x * x, **k),
    "ReduceL2": lambda x, **k: np.sqrt(np.sum(x * x, **k)),
}  # fmt: skip


@values(*_REDUCERS)
def _reduce(inputs: Inputs, request: Request) -> list[Any]:
    array = inputs[0]
    axes = axes_of(inputs, request)
    if not axes:
        if request.attrs.get("noop_with_empty_axes"):
            return [array]
        axes = None
    keep = bool(request.attrs.get("keepdims", 1))
    return [np.asarray(_REDUCERS[request.op](array, axis=axes, keepdims=keep)).astype(array.dtype)]


@values("ArgMax", "ArgMin")
def _arg(inputs: Inputs, request: Request) -> list[Any]:
    if request.attrs.get("select_last_index"):
        raise NotEvaluated("select_last_index")
    function = np.argmax if request.op == "ArgMax" else np.argmin
    axis = request.attrs.get("axis", 0)
    result = function(inputs[0], axis=axis)
    return [np.expand_dims(result, axis) if request.attrs.get("keepdims", 1) else result]


@values("CumSum")
def _cumulate(inputs: Inputs, request: Request) -> list[Any]:
    array, axis = inputs[0], int(np.ravel(inputs[1])[0])
    if request.attrs.get("reverse"):
        array = np.flip(array, axis)
    result = np.cumsum(array, axis=axis, dtype=array.dtype)
    if request.attrs.get("exclusive"):
        result = result - array
    return [np.flip(result, axis) if request.attrs.get("reverse") else result]


@values("Range")
def _range(inputs: Inputs, _: Request) -> list[Any]:
    start, limit, delta = (np.ravel(each)[0] for each in inputs)
    count = max(0, math.ceil((limit - start) / delta))
    bounded((count,))
    return [(start + np.arange(count, dtype=inputs[0].dtype) * delta).astype(inputs[0].dtype)]


@values("NonZero")
def _nonzero(inputs: Inputs, _: Request) -> list[Any]:
    return [np.array(np.nonzero(np.atleast_1d(inputs[0])), dtype="<i8")]


@values("EyeLike")
def _eye(inputs: Inputs, request: Request) -> list[Any]:
    rows, columns = inputs[0].shape
    kind = numpy_type(request.attrs.get("dtype", 0)) or inputs[0].dtype
    return [np.eye(rows, columns, k=request.attrs.get("k", 0), dtype=kind)]


@values("OneHot")
def _one_hot(inputs: Inputs, request: Request) -> list[Any]:
    indices, depth, pair = inputs[0], int(np.ravel(inputs[1])[0]), inputs[2]
    bounded((*indices.shape, depth))
    axis = request.attrs.get("axis", -1)
    where = np.mod(indices.astype("<i8"), depth)[..., None] == np.arange(depth)
    return [np.moveaxis(np.where(where, pair[1], pair[0]), -1, axis)]


@values("TopK")
def _top(inputs: Inputs, request: Request) -> list[Any]:
    array, axis = inputs[0], request.attrs.get("axis", -1)
    count = int(np.ravel(inputs[1])[0]) if len(inputs) > 1 else int(request.attrs["k"])
    keys = -array.astype("<f8") if request.attrs.get("largest", 1) else array.astype("<f8")
    order = np.take(np.argsort(keys, axis=axis, kind="stable"), np.arange(count), axis=axis)
    return [np.take_along_axis(array, order, axis), order.astype("<i8")]
