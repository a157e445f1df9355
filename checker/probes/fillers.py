"""Weights of a plausible size for compilers that calibrate: with them, activations neither explode nor vanish.

A compiler that quantizes runs the network on a sample first.  With small positive weights throughout, sums over some
hundred channels grow from layer to layer until the ranges overflow, and the compiler refuses scales of its own making.
Here a factor of a product is uniform about zero with variance 1 / fan-in (LeCun et al., "Efficient BackProp", 1998), a
normalization's scale and variance lie about one, and a shift lies about zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import onnx

PASSED_ON: Final = frozenset({"Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators that hand a weight on; the sizes that decide its fan-in are then taken of what is stored."""

RECURRENT: Final = frozenset({"GRU", "LSTM", "RNN"})

ABOUT_ONE: Final[Mapping[str, tuple[int, ...]]] = {
    "BatchNormalization": (1, 4),
    "Div": (0, 1),
    "GroupNormalization": (1,),
    "InstanceNormalization": (1,),
    "LayerNormalization": (1,),
    "Mul": (0, 1),
    "Pow": (0,),
    "RMSNormalization": (1,),
    "Sqrt": (0,),
}
"""Operator to the positions of its inputs that are scales, variances or divisors."""

ABOUT_ZERO: Final[Mapping[str, tuple[int, ...]]] = {
    "Add": (0, 1),
    "BatchNormalization": (2, 3),
    "Conv": (2,),
    "ConvTranspose": (2,),
    "Gather": (0,),
    "Gemm": (2,),
    "GroupNormalization": (2,),
    "GRU": (3,),
    "InstanceNormalization": (2,),
    "LSTM": (3,),
    "LayerNormalization": (2,),
    "RNN": (3,),
    "Sub": (0, 1),
}
"""Operator to the positions of its inputs that are shifts, biases or embeddings."""


@dataclass(frozen=True, slots=True)
class Range:
    """Where the elements of a tensor lie, uniformly."""

    low: float
    high: float


ONE: Final = Range(0.5, 1.5)
ZERO: Final = Range(-0.1, 0.1)


def ranges(model: onnx.ModelProto) -> dict[str, Range]:
    """Return the range of each initializer of the main graph whose part in the network is known, by name.

    A quantized weight has the whole range of eight bits (legal for 4-bit ones after wrapping), its scale brings it to
    the range that the float one would have.
    """
    graph = model.graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    source = {name: name for name in shapes}
    quantized: dict[str, tuple[str, str]] = {}
    found: dict[str, Range] = {}
    for node in graph.node:
        if node.op_type in PASSED_ON and node.input and node.input[0] in source:
            source[node.output[0]] = source[node.input[0]]
        elif node.op_type == "DequantizeLinear" and node.input[0] in source:
            quantized[node.output[0]] = (source[node.input[0]], node.input[1])
        for position, name in enumerate(node.input):
            stored = source.get(name) or quantized.get(name, ("", ""))[0]
            if not stored or stored in found:
                continue
            part = _part(node, position, shapes[stored])
            if part and name in quantized:
                found[stored] = Range(-127, 127)
                found.setdefault(quantized[name][1], Range(part.high / 127, part.high / 127))
            elif part:
                found[stored] = part
    return found


def _part(node: onnx.NodeProto, position: int, shape: tuple[int, ...]) -> Range | None:
    fan_in = _fan_in(node, position, shape)
    if fan_in:
        width = math.sqrt(3 / fan_in)
        return Range(-width, width)
    if position in ABOUT_ONE.get(node.op_type, ()):
        return ONE
    return ZERO if position in ABOUT_ZERO.get(node.op_type, ()) else None


def _fan_in(node: onnx.NodeProto, position: int, shape: tuple[int, ...]) -> int:
    """Return how many products are summed into one element of the result; 0 where the input is no such factor."""
    kind = node.op_type
    if not shape:
        return 0
    if kind in {"Conv", "ConvTranspose"} and position == 1:
        return math.prod(shape[1:]) if kind == "Conv" else shape[0] * math.prod(shape[2:])
    if kind == "MatMul":
        return shape[-1] if position == 0 or len(shape) == 1 else shape[-2]
    if kind == "Gemm" and position < 2:
        turned = any(_attributes(node, "transA" if position == 0 else "transB"))
        return shape[0] if turned == (position == 0) else shape[-1]
    if kind in RECURRENT and position in {1, 2}:
        return shape[-1]
    return 0


def _attributes(node: onnx.NodeProto, name: str) -> Iterator[int]:
    return (attribute.i for attribute in node.attribute if attribute.name == name)
