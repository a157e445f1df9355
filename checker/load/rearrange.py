"""The part of the evaluator that only moves elements: Gather, Slice, Concat, Reshape and their like."""

from __future__ import annotations

from typing import Any

import numpy as np

from checker.load.evaluate import Inputs, NotEvaluated, Request, axes_of, bounded, layout


def _integers(array: Any) -> list[int]:
    if array.dtype == object and any(not isinstance(each, (int, np.integer)) for each in array.flat):
        raise NotEvaluated("an index or length that is not known")
    return [int(each) for each in np.ravel(array)]


@layout("Identity")
def _identity(inputs: Inputs, _: Request) -> list[Any]:
    return [inputs[0]]


@layout("Gather")
def _gather(inputs: Inputs, request: Request) -> list[Any]:
    data, indices = inputs
    axis = request.attrs.get("axis", 0)
    bounded((*indices.shape, *np.delete(np.array(data.shape, dtype=int), axis)))
    return [np.take(data, np.array(_integers(indices), dtype=int).reshape(indices.shape), axis=axis)]


@layout("GatherElements")
def _gather_elements(inputs: Inputs, request: Request) -> list[Any]:
    return [np.take_along_axis(inputs[0], inputs[1].astype(int), axis=request.attrs.get("axis", 0))]


@layout("GatherND")
def _gather_nd(inputs: Inputs, request: Request) -> list[Any]:
    data, indices = inputs
    if request.attrs.get("batch_dims", 0):
        raise NotEvaluated("batch_dims")
    bounded((*indices.shape[:-1], *data.shape[indices.shape[-1] :]))
    return [data[tuple(np.moveaxis(indices.astype(int), -1, 0))]]


@layout("ScatterND")
def _scatter_nd(inputs: Inputs, request: Request) -> list[Any]:
    data, indices, updates = inputs
    if request.attrs.get("reduction", "none") != "none":
        raise NotEvaluated("reduction")
    result = data.astype(object) if updates.dtype == object else data.copy()
    result[tuple(np.moveaxis(indices.astype(int), -1, 0))] = updates
    return [result]


@layout("ScatterElements", "Scatter")
def _scatter_elements(inputs: Inputs, request: Request) -> list[Any]:
    data, indices, updates = inputs
    if request.attrs.get("reduction", "none") != "none":
        raise NotEvaluated("reduction")
    result = data.astype(object) if updates.dtype == object else data.copy()
    np.put_along_axis(result, indices.astype(int), updates, axis=request.attrs.get("axis", 0))
    return [result]


@layout("Concat")
def _concat(inputs: Inputs, request: Request) -> list[Any]:
    parts = [np.asarray(each) for each in inputs]
    if any(each.dtype == object for each in parts):
        parts = [each.astype(object) for each in parts]
    return [np.concatenate(parts, axis=request.attrs.get("axis", 1))]


@layout("Slice")
def _slice(inputs: Inputs, request: Request) -> list[Any]:
    data = inputs[0]
    return [data[slices(data.shape, inputs, request)]]


def slices(shape: tuple[int, ...], inputs: Inputs, request: Request) -> tuple[slice, ...]:
    """Return the numpy slices of a Slice call, in the attribute form of opset 1 or the input form of 10.

    Raises:
        NotEvaluated: a start, end or step is not known.
    """
    if "starts" in request.attrs:
        starts, ends = list(request.attrs["starts"]), list(request.attrs["ends"])
        axes = list(request.attrs.get("axes") or range(len(starts)))
        steps = [1] * len(starts)
    else:
        starts, ends = _integers(inputs[1]), _integers(inputs[2])
        axes = _integers(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else list(range(len(starts)))
        steps = _integers(inputs[4]) if len(inputs) > 4 and inputs[4] is not None else [1] * len(starts)
    cuts = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        length = shape[axis]
        low, high = (0, length) if step > 0 else (-1, length - 1)
        first = min(max(start + length if start < 0 else start, 0), length if step > 0 else length - 1)
        last = min(max(end + length if end < 0 else end, low), high if step > 0 else length)
        cuts[axis] = slice(first, None if last < 0 else last, step)
    return tuple(cuts)


@layout("Unsqueeze")
def _unsqueeze(inputs: Inputs, request: Request) -> list[Any]:
    axes = axes_of(inputs, request)
    if axes is None:
        raise NotEvaluated("axes")
    return [np.expand_dims(inputs[0], axes)]


@layout("Squeeze")
def _squeeze(inputs: Inputs, request: Request) -> list[Any]:
    return [np.squeeze(inputs[0], axes_of(inputs, request))]


@layout("Reshape")
def _reshape(inputs: Inputs, request: Request) -> list[Any]:
    data = inputs[0]
    target = _integers(inputs[1]) if len(inputs) > 1 else list(request.attrs["shape"])
    if not request.attrs.get("allowzero"):
        target = [data.shape[axis] if dim == 0 else dim for axis, dim in enumerate(target)]
    return [data.reshape(target)]


@layout("Flatten")
def _flatten(inputs: Inputs, request: Request) -> list[Any]:
    data, axis = inputs[0], request.attrs.get("axis", 1)
    rows = int(np.prod(data.shape[:axis], dtype=int))
    return [data.reshape(rows, data.size // rows if rows else 0)]


@layout("Transpose")
def _transpose(inputs: Inputs, request: Request) -> list[Any]:
    return [np.transpose(inputs[0], request.attrs.get("perm"))]


@layout("Expand")
def _expand(inputs: Inputs, _: Request) -> list[Any]:
    data, target = inputs[0], _integers(inputs[1])
    bounded(data.shape, target)
    return [np.broadcast_to(data, np.broadcast_shapes(data.shape, tuple(target)))]


@layout("Tile")
def _tile(inputs: Inputs, _: Request) -> list[Any]:
    data, repeats = inputs[0], _integers(inputs[1])
    bounded([dim * count for dim, count in zip(data.shape, repeats, strict=True)])
    return [np.tile(data, repeats)]


@layout("ConstantOfShape")
def _constant_of_shape(inputs: Inputs, request: Request) -> list[Any]:
    target = _integers(inputs[0])
    bounded(target)
    value = request.attrs.get("value")
    fill = np.zeros(1, dtype="<f4") if value is None else value
    return [np.full(target, np.ravel(fill)[0], dtype=fill.dtype)]


@layout("Split")
def _split(inputs: Inputs, request: Request) -> list[Any]:
    data, axis = inputs[0], request.attrs.get("axis", 0)
    sizes = request.attrs.get("split")
    if sizes is None and len(inputs) > 1 and inputs[1] is not None:
        sizes = _integers(inputs[1])
    if sizes is None:
        step = -(-data.shape[axis] // request.outputs)
        cuts = [step * part for part in range(1, request.outputs)]
    else:
        cuts = list(np.cumsum(sizes)[:-1])
    return list(np.split(data, cuts, axis=axis))


@layout("Where")
def _where(inputs: Inputs, _: Request) -> list[Any]:
    condition, yes, no = inputs
    if condition.dtype == object:
        raise NotEvaluated("a condition that is not known")
    bounded(condition.shape, yes.shape, no.shape)
    if object in {yes.dtype, no.dtype}:
        yes, no = yes.astype(object), no.astype(object)
    return [np.where(condition, yes, no)]


@layout("Pad")
def _pad(inputs: Inputs, request: Request) -> list[Any]:
    data = inputs[0]
    if request.attrs.get("mode", "constant") != "constant" or data.dtype == object:
        raise NotEvaluated("mode")
    pads = _integers(inputs[1]) if len(inputs) > 1 else list(request.attrs["pads"])
    axes = _integers(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else list(range(data.ndim))
    if any(pad < 0 for pad in pads):
        raise NotEvaluated("negative pads")
    around = [(0, 0)] * data.ndim
    for place, axis in enumerate(axes):
        around[axis] = (pads[place], pads[place + len(axes)])
    bounded([dim + before + after for dim, (before, after) in zip(data.shape, around, strict=True)])
    value = inputs[2] if len(inputs) > 2 and inputs[2] is not None else request.attrs.get("value", 0)
    return [np.pad(data, around, constant_values=np.ravel(value)[0])]


@layout("Trilu")
def _trilu(inputs: Inputs, request: Request) -> list[Any]:
    offset = int(np.ravel(inputs[1])[0]) if len(inputs) > 1 and inputs[1] is not None else 0
    return [(np.triu if request.attrs.get("upper", 1) else np.tril)(inputs[0], offset)]
