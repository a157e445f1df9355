"""Where ONNX Runtime gathers sizes: beside a change of layout, and before its shape inference of a TopK."""

from __future__ import annotations

from typing import Final

from checker.graph import Graph, Node
from checker.predicates.look import argument

CHANNELS_LAST: Final = frozenset(
    {
        "AveragePool",
        "BatchNormalization",
        "Conv",
        "ConvTranspose",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "MaxPool",
    }
)
"""Operators of images that WebGPU computes with the channels last, each between two Transposes."""

STOPS: Final = frozenset({"Flatten", "Gather", "Gemm", "InstanceNormalization", "MatMul", "Reshape", "Resize"})
"""Operators that a Transpose is not moved across."""

DEEPEST: Final = 12
"""Operators that are looked at, one above the other."""


def gathered_k(node: Node, graph: Graph) -> bool:
    """Tell whether the K of a TopK is a size that a Gather took out of a shape, and known.

    ONNX's data propagation as ONNX Runtime 1.27 has it makes a scalar of such a K, whatever the indices, and the shape
    inference of TopK then refuses it.  A K that went through a Slice, Reshape or Unsqueeze last keeps its shape.
    """
    k = argument(node, "K")
    if k is None or not k.constant:
        return False
    return any(each.op == "Gather" and k.name in each.outputs and each.reason == "shape" for each in graph.folded)


def shape_of_transposed(node: Node, graph: Graph) -> bool:
    """Tell whether a Shape is asked of what was transposed, by the file or for a layout with the channels last.

    The Transpose (for a layout, the one back) is moved behind element-wise work and the Shape, where it is a Gather of
    the sizes.  One that the file has stays where somebody else takes its result.
    """
    data = argument(node, "data")
    waiting = [] if data is None else [(data, 0, True)]
    seen = set()
    while waiting:
        value, deep, alone = waiting.pop()
        maker = graph.producer_of(value)
        if maker is None or deep > DEEPEST or value.name in seen:
            continue
        seen.add(value.name)
        sole = alone and len(graph.users_of(value)) == 1 and not graph.is_output(value)
        if maker.qualified in CHANNELS_LAST or (maker.qualified == "Transpose" and sole):
            return True
        if maker.qualified not in STOPS and not maker.bodies:
            waiting.extend((each, deep + 1, sole) for each in maker.inputs if each is not None and not each.constant)
    return False
