"""Shape rules of our own: where symbols are known better than ONNX's inference of one node can see.

A rule takes the input facts, the attributes and the number of outputs, and returns (element type, shape, other type)
for each output, or None where it has nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from checker.load.fact import Fact
from checker.load.symbols import over, times, total

if TYPE_CHECKING:
    from checker.graph import Dim, Shape

Facts = Sequence["Fact | None"]
Rule = Callable[[Facts, Mapping[str, Any], int], "list[tuple[int, Shape, bytes]] | None"]


def _dims(fact: Fact | None) -> list[Dim] | None:
    """Return what is known of a shape given as data; its length at least."""
    if fact is None:
        return None
    known = fact.known
    if known is not None and known.ndim <= 1:
        return [each if isinstance(each, str) or each is None else int(each) for each in known.ravel().tolist()]
    if fact.shape is not None and len(fact.shape) == 1 and isinstance(fact.shape[0], int) and fact.shape[0] <= 64:
        return [None] * fact.shape[0]
    return None


def _typed(fact: Fact, shape: Shape) -> list[tuple[int, Shape, bytes]]:
    return [(fact.element, shape, b"")]


def _reshape(inputs: Facts, attrs: Mapping[str, Any], _: int) -> list[tuple[int, Shape, bytes]] | None:
    data = inputs[0]
    target = _dims(inputs[1]) if len(inputs) > 1 else list(attrs.get("shape") or ()) or None
    if data is None or target is None:
        return None
    shape = list(target)
    old = data.shape
    if not attrs.get("allowzero"):
        for axis, dim in enumerate(shape):
            if dim == 0:
                shape[axis] = old[axis] if old is not None and axis < len(old) else None
    unknown = [axis for axis, dim in enumerate(shape) if dim is None]
    wildcard = [axis for axis, dim in enumerate(shape) if dim == -1]
    if wildcard and not unknown:
        shape[wildcard[0]] = _remaining(old, shape, wildcard[0])
    elif wildcard:
        shape[wildcard[0]] = None
    elif len(unknown) == 1:
        # a lone dimension that the file computes and we could not follow: the others decide it
        shape[unknown[0]] = _remaining(old, shape, unknown[0])
    if any(isinstance(dim, int) and dim < 0 for dim in shape):
        return None
    return _typed(data, tuple(shape))


def _remaining(old: Shape, shape: list[Dim], axis: int) -> Dim:
    if old is None:
        return None
    rest = [dim for place, dim in enumerate(shape) if place != axis]
    everything = list(old)
    # dimensions that stay cancel out, known or not
    for dim in list(rest):
        if dim is not None and dim in everything and not isinstance(dim, int):
            everything.remove(dim)
            rest.remove(dim)
    found = over(total(everything), total(rest))
    return found if not isinstance(found, int) or found >= 0 else None


def _flatten(inputs: Facts, attrs: Mapping[str, Any], _: int) -> list[tuple[int, Shape, bytes]] | None:
    data = inputs[0]
    if data is None or data.shape is None:
        return None
    axis = attrs.get("axis", 1)
    if not -len(data.shape) <= axis <= len(data.shape):
        return None
    if axis < 0:
        axis += len(data.shape)
    return _typed(data, (total(data.shape[:axis]), total(data.shape[axis:])))


def _expand(inputs: Facts, _: Mapping[str, Any], __: int) -> list[tuple[int, Shape, bytes]] | None:
    data, target = inputs[0], _dims(inputs[1])
    if data is None or data.shape is None or target is None:
        return None
    rank = max(len(target), len(data.shape))
    old = [1] * (rank - len(data.shape)) + list(data.shape)
    new = [1] * (rank - len(target)) + target
    return _typed(data, tuple(_broadcast(a, b) for a, b in zip(old, new, strict=True)))


def _broadcast(left: Dim, right: Dim) -> Dim:
    if left == 1:
        return right
    if right in {1, left}:
        return left
    if isinstance(left, int):
        return left
    return right if isinstance(right, int) else None


def _constant_of_shape(inputs: Facts, attrs: Mapping[str, Any], _: int) -> list[tuple[int, Shape, bytes]] | None:
    target = _dims(inputs[0])
    if target is None:
        return None
    value = attrs.get("value")
    element = 1 if value is None else _ELEMENT_OF_KIND.get(value.dtype.str.lstrip("<|=>"), 0)
    return [(element, tuple(None if isinstance(dim, int) and dim < 0 else dim for dim in target), b"")]


_ELEMENT_OF_KIND = {
    "f4": 1, "u1": 2, "i1": 3, "u2": 4, "i2": 5, "i4": 6, "i8": 7, "b1": 9, "f2": 10, "f8": 11, "u4": 12, "u8": 13,
}  # fmt: skip


def _tile(inputs: Facts, _: Mapping[str, Any], __: int) -> list[tuple[int, Shape, bytes]] | None:
    data, repeats = inputs[0], _dims(inputs[1])
    if data is None or data.shape is None or repeats is None or len(repeats) != len(data.shape):
        return None
    return _typed(data, tuple(times(dim, count) for dim, count in zip(data.shape, repeats, strict=True)))


def _slice(inputs: Facts, _: Mapping[str, Any], __: int) -> list[tuple[int, Shape, bytes]] | None:
    data = inputs[0]
    if data is None or data.shape is None or len(inputs) < 3:
        return None
    starts, ends = _dims(inputs[1]), _dims(inputs[2])
    axes = _dims(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else None
    steps = _dims(inputs[4]) if len(inputs) > 4 and inputs[4] is not None else None
    if starts is None or ends is None:
        return None
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    rank = len(data.shape)
    if not len(starts) == len(ends) == len(axes) == len(steps):
        return None
    if not all(isinstance(axis, int) and -rank <= axis < rank for axis in axes):
        return None
    shape = list(data.shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        assert isinstance(axis, int)  # noqa: S101  # narrowed above
        shape[axis] = _cut(shape[axis], start, end, step)
    return _typed(data, tuple(shape))


def _cut(length: Dim, start: Dim, end: Dim, step: Dim) -> Dim:
    if all(isinstance(each, int) for each in (length, start, end, step)) and step:
        return len(range(*slice(start, end, step).indices(length)))  # type: ignore[arg-type]
    if step != 1 or start != 0:
        return None
    whole = isinstance(end, int) and end >= 2**31 - 1
    if whole or (end is not None and end == length):
        return length
    # up to a symbol of an axis that is known to be at least as long is not known in general
    return None


def _first(inputs: Facts, _: Mapping[str, Any], count: int) -> list[tuple[int, Shape, bytes]] | None:
    data = inputs[0] if inputs else None
    if data is None:
        return None
    return [(data.element, data.shape, data.other_type), *[(0, None, b"")] * (count - 1)]


def _symbolic_data(*places: int) -> Callable[[Facts], bool]:
    def check(inputs: Facts) -> bool:
        for place in places:
            fact = inputs[place] if place < len(inputs) else None
            if fact is not None and fact.data is None:
                return True
        return False

    return check


def _not_static(inputs: Facts) -> bool:
    data = inputs[0] if inputs else None
    shape = None if data is None else data.shape
    return shape is None or not all(isinstance(dim, int) for dim in shape)


RULES: dict[str, Rule] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Expand": _expand,
    "ConstantOfShape": _constant_of_shape,
    "Tile": _tile,
    "Slice": _slice,
}

WHEN_SYMBOLIC: dict[str, Callable[[Facts], bool]] = {
    "Reshape": lambda inputs: _not_static(inputs) or _symbolic_data(1)(inputs),
    "Flatten": _not_static,
    "Expand": lambda inputs: _not_static(inputs) or _symbolic_data(1)(inputs),
    "ConstantOfShape": _symbolic_data(0),
    "Tile": lambda inputs: _not_static(inputs) or _symbolic_data(1)(inputs),
    "Slice": lambda inputs: _not_static(inputs) or _symbolic_data(1, 2, 3, 4)(inputs),
}
"""When a rule is asked before ONNX's own inference, which checks static shapes more strictly."""

BEYOND_ONNX: dict[str, Rule] = dict.fromkeys(
    ("MeanVarianceNormalization", "GroupNormalization", "Scaler", "Imputer", "Normalizer"), _first
)
"""Operators for which the ONNX registry has no inference."""


def _window(shape: tuple[Dim, ...], inputs: Facts, attrs: Mapping[str, Any]) -> Shape:
    """Keep the symbol of an axis that a convolution or pool leaves as long as it is (stride 1, padded to size)."""
    data, weight = inputs[0], inputs[1] if len(inputs) > 1 else None
    if data is None or data.shape is None or len(data.shape) != len(shape):
        return shape
    axes = len(shape) - 2
    kernel = attrs.get("kernel_shape") or (weight.shape[2:] if weight is not None and weight.shape else None)
    strides, dilations = attrs.get("strides") or (1,) * axes, attrs.get("dilations") or (1,) * axes
    pads = attrs.get("pads") or (0,) * (2 * axes)
    same = str(attrs.get("auto_pad", "NOTSET")).startswith("SAME")
    if kernel is None or not len(kernel) == len(strides) == len(dilations) == axes or len(pads) != 2 * axes:
        return shape
    out = list(shape)
    for axis in range(axes):
        length, size = data.shape[2 + axis], kernel[axis]
        if out[2 + axis] is not None or strides[axis] != 1 or not isinstance(size, int):
            continue
        if same or pads[axis] + pads[axes + axis] == dilations[axis] * (size - 1):
            out[2 + axis] = length
    return tuple(out)


def _resized(shape: tuple[Dim, ...], inputs: Facts, _: Mapping[str, Any]) -> Shape:
    """Symbols that are scaled by a whole number, or given as sizes."""
    data = inputs[0]
    sizes = _dims(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else None
    if sizes is not None and len(sizes) == len(shape):
        return tuple(dim if known is None else known for dim, known in zip(shape, sizes, strict=True))
    scales = inputs[-1] if len(inputs) in {2, 3} else None
    if scales is None or scales.data is None or scales.data.size != len(shape) or data is None or data.shape is None:
        return shape
    factors = scales.data.ravel().tolist()
    return tuple(
        times(length, int(factor)) if dim is None and float(factor).is_integer() else dim
        for dim, length, factor in zip(shape, data.shape, factors, strict=True)
    )


def _counted(shape: tuple[Dim, ...], inputs: Facts, _: Mapping[str, Any]) -> Shape:
    """``Range(0, batch, 1)`` is as long as the batch."""
    known = [None if fact is None or fact.known is None else fact.known.ravel().tolist() for fact in inputs]
    start, limit, delta = known
    return (limit[0],) if start == [0] and delta == [1] and limit is not None and isinstance(limit[0], str) else shape


Refiner = Callable[["tuple[Dim, ...]", Facts, Mapping[str, Any]], "Shape"]

REFINE: dict[str, Refiner] = {
    **dict.fromkeys(("Conv", "MaxPool", "AveragePool", "LpPool"), _window),
    "Resize": _resized,
    "Upsample": _resized,
    "Range": _counted,
}
"""What to try where ONNX's inference leaves an axis open."""
