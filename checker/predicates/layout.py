"""Which layout onnx2tf keeps a tensor in: with the channels last, or as the file has it; found by varying small models.

It turns NCHW into NHWC at each convolution and cancels the transpositions between two where it can.  A sum, a product
with a constant, a join, a pooling and a resize let it through; an activation does only where a convolution takes it.
"""

from __future__ import annotations

from typing import Final

from checker.graph import Graph, Node, Value
from checker.predicates.look import made_by

CONVOLUTIONS: Final = frozenset({"Conv", "ConvTranspose", "com.microsoft.FusedConv"})

LET_THROUGH: Final = frozenset({"AveragePool", "MaxPool", "Resize", "Upsample"})
"""Operators of one tensor that are computed with the channels last, whatever comes before."""

JOINED: Final = frozenset({"Add", "Concat", "Mul", "Sub"})
"""Operators of several tensors that are, where all of these are."""

ACTIVATIONS: Final = frozenset({"Clip", "HardSwish", "LeakyRelu", "Relu", "Sigmoid", "Tanh"})
"""Activations that onnx2tf carries from one layout to the other."""

DEEPEST: Final = 12
"""Operators that are looked at, one above the other; sums of a residual network go on for long."""


def channels_last(node: Node, graph: Graph) -> bool:
    """Tell whether convolutions make the node's first input, with sums, scales, joins, poolings and resizes between."""
    value = node.inputs[0] if node.inputs else None
    return value is not None and _is_last(value, graph, DEEPEST)


def _is_last(value: Value, graph: Graph, deep: int) -> bool:
    maker = graph.producer_of(value)
    if maker is None or deep == 0:
        return False
    op = maker.qualified
    if op in CONVOLUTIONS | LET_THROUGH:
        return True
    if op == "Transpose":
        return maker.attrs.get("perm") == (0, 3, 1, 2)
    fed = [each for each in maker.inputs if each is not None and not each.constant]
    if op == "Mul" and _is_silu(fed, graph):
        return _taken(value, graph) and any(_is_last(each, graph, deep - 1) for each in fed)
    if op in JOINED:
        makers = [graph.producer_of(each) for each in fed]
        beside = len(fed) > 1 and any(each is not None and each.qualified in CONVOLUTIONS for each in makers)
        return (op in {"Add", "Mul"} and beside) or all(_is_scaled(each, graph, deep - 1) for each in fed)
    if op in {"BatchNormalization", "HardSigmoid"}:
        return _is_last(fed[0], graph, deep - 1)
    return op in ACTIVATIONS and _taken(value, graph) and _is_last(fed[0], graph, deep - 1)


def _is_scaled(value: Value, graph: Graph, deep: int) -> bool:
    """Do the same for an operand: a Transpose that is scaled first stays where it is."""
    maker = graph.producer_of(value)
    scaled = (
        maker is not None and maker.op == "Mul" and any(each is not None and each.constant for each in maker.inputs)
    )
    if scaled and maker is not None:
        inner = [graph.producer_of(each) for each in maker.inputs if each is not None and not each.constant]
        if any(each is not None and each.op == "Transpose" for each in inner):
            return False
    return _is_last(value, graph, deep)


def _is_silu(fed: list[Value], graph: Graph) -> bool:
    """Tell x times its own Sigmoid, which stays in the layout of the file unless a convolution takes it."""
    gates = [made_by(each, graph, "Sigmoid") for each in fed]
    return any(gate is not None and gate.inputs[0] in fed for gate in gates)


def _taken(value: Value, graph: Graph) -> bool:
    return any(user.qualified in CONVOLUTIONS for user in graph.users_of(value))
