"""Defaults that only the operator's text states, and ``auto_pad`` turned into pads.

The registry knows ``group = 1`` of Conv; that strides are all 1 when absent, and that the kernel is as large as the
weight, stands only in prose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.graph import Shape
    from checker.load.call import Call

Attributes = dict[str, Any]


def complete(call: Call, attrs: Attributes) -> None:
    """Fill in what the operator's text states; ``attrs`` holds what the file and the schema say, and is changed."""
    rule = _RULES.get(call.raw.op)
    if rule is not None and call.raw.domain in {"", "com.microsoft"}:
        rule(call, attrs)


def _shape(call: Call, place: int) -> Shape:
    fact = call.inputs[place] if place < len(call.inputs) else None
    return fact.shape if fact is not None else None


def _absent(attrs: Mapping[str, Any], name: str) -> bool:
    return attrs.get(name) is None


def _windowed(call: Call, attrs: Attributes) -> None:
    shape, weight = _shape(call, 0), _shape(call, 1)
    if "kernel_shape" in attrs and _absent(attrs, "kernel_shape") and weight is not None:
        kernel = weight[2:]
        attrs["kernel_shape"] = kernel if all(isinstance(dim, int) for dim in kernel) else None
    axes = _axes(attrs, shape, weight)
    if axes is None:
        return
    for name in ("strides", "dilations"):
        if name in attrs and _absent(attrs, name):
            attrs[name] = (1,) * axes
    if "output_padding" in attrs and _absent(attrs, "output_padding"):
        attrs["output_padding"] = (0,) * axes
    if "pads" in attrs:
        _pads(call, attrs, axes)


def _axes(attrs: Attributes, shape: Shape, weight: Shape) -> int | None:
    """Number of spatial axes."""
    if attrs.get("kernel_shape"):
        return len(attrs["kernel_shape"])
    for known in (shape, weight):
        if known is not None and len(known) > 2:
            return len(known) - 2
    return None


def _pads(call: Call, attrs: Attributes, axes: int) -> None:
    mode = attrs.get("auto_pad") or "NOTSET"
    if mode in {"NOTSET", "VALID"}:
        if _absent(attrs, "pads") or mode == "VALID":
            attrs["pads"] = (0,) * (2 * axes)
        return
    attrs["pads"] = None
    if mode not in {"SAME_UPPER", "SAME_LOWER"}:
        return
    shape, kernel = _shape(call, 0), attrs.get("kernel_shape")
    strides = attrs.get("strides") or (1,) * axes
    dilations = attrs.get("dilations") or (1,) * axes
    if kernel is None or len(kernel) != axes or len(strides) != axes or len(dilations) != axes:
        return
    transposed = call.raw.op == "ConvTranspose"
    if transposed and any(attrs.get("output_shape") or ()):
        return
    before, after = [], []
    for axis in range(axes):
        span = dilations[axis] * (kernel[axis] - 1) + 1
        if transposed:
            padding = (attrs.get("output_padding") or (0,) * axes)[axis]
            total = span - strides[axis] + padding
        else:
            length = shape[2 + axis] if shape is not None and len(shape) == 2 + axes else None
            if strides[axis] == 1:
                total = span - 1
            elif isinstance(length, int) and strides[axis] > 0:
                total = (-(-length // strides[axis]) - 1) * strides[axis] + span - length
            else:
                return
        total = max(total, 0)
        half = total // 2
        before.append(half if mode == "SAME_UPPER" else total - half)
        after.append(total - half if mode == "SAME_UPPER" else half)
    attrs["pads"] = (*before, *after)


def _transpose(call: Call, attrs: Attributes) -> None:
    shape = _shape(call, 0)
    if _absent(attrs, "perm") and shape is not None:
        attrs["perm"] = tuple(reversed(range(len(shape))))


def _reduce(call: Call, attrs: Attributes) -> None:
    """All axes, unless given as attribute or as input."""
    given = len(call.inputs) > 1 and call.inputs[1] is not None
    shape = _shape(call, 0)
    if _absent(attrs, "axes") and not given and shape is not None and not attrs.get("noop_with_empty_axes"):
        attrs["axes"] = tuple(range(len(shape)))


def _split(call: Call, attrs: Attributes) -> None:
    """Equal parts, where neither attribute nor input says otherwise."""
    shape = _shape(call, 0)
    parts = len(call.raw.outputs)
    axis = attrs.get("axis") or 0
    if len(call.inputs) > 1 and call.inputs[1] is not None:
        return
    if _absent(attrs, "split") and shape is not None and -len(shape) <= axis < len(shape) and parts:
        length = shape[axis]
        if isinstance(length, int):
            step = -(-length // parts)
            sizes = [step] * (parts - 1)
            attrs["split"] = (*sizes, length - sum(sizes))


def _slice(_: Call, attrs: Attributes) -> None:
    if "starts" in attrs and _absent(attrs, "axes") and attrs["starts"] is not None:
        attrs["axes"] = tuple(range(len(attrs["starts"])))


def _squeeze(call: Call, attrs: Attributes) -> None:
    shape = _shape(call, 0)
    given = len(call.inputs) > 1 and call.inputs[1] is not None
    if _absent(attrs, "axes") and not given and shape is not None and all(isinstance(dim, int) for dim in shape):
        attrs["axes"] = tuple(axis for axis, dim in enumerate(shape) if dim == 1)


def _resize(call: Call, attrs: Attributes) -> None:
    shape = _shape(call, 0)
    if "axes" in attrs and _absent(attrs, "axes") and shape is not None:
        attrs["axes"] = tuple(range(len(shape)))


def _constant_of_shape(_: Call, attrs: Attributes) -> None:
    if _absent(attrs, "value"):
        attrs["value"] = (0.0,)


def _recurrent(call: Call, attrs: Attributes) -> None:
    weight = _shape(call, 2)
    if _absent(attrs, "hidden_size") and weight is not None and len(weight) == 3 and isinstance(weight[2], int):
        attrs["hidden_size"] = weight[2]
    if _absent(attrs, "activations"):
        each = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}[call.raw.op]
        attrs["activations"] = each * (2 if attrs.get("direction") == "bidirectional" else 1)


def _quantized_convolution(call: Call, attrs: Attributes) -> None:
    weight = _shape(call, 3)
    if _absent(attrs, "kernel_shape") and weight is not None and all(isinstance(dim, int) for dim in weight[2:]):
        attrs["kernel_shape"] = weight[2:]
    _windowed(call, attrs)


_RULES: dict[str, Callable[[Call, Attributes], None]] = {
    **dict.fromkeys(
        (
            "Conv", "ConvTranspose", "ConvInteger", "FusedConv", "NhwcConv", "AveragePool", "MaxPool", "LpPool",
            "QLinearAveragePool", "NhwcMaxPool", "MaxUnpool",
        ),
        _windowed,
    ),
    "QLinearConv": _quantized_convolution,
    "Transpose": _transpose,
    **dict.fromkeys(
        (
            "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
            "ReduceLogSumExp", "ReduceSumSquare",
        ),
        _reduce,
    ),
    "Split": _split,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Resize": _resize,
    "ConstantOfShape": _constant_of_shape,
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
}  # fmt: skip
