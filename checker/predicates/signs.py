"""Which numbers can be negative, as far as the operators say that make them."""

from __future__ import annotations

from typing import Final

from checker.graph import Graph, Node, Value

NEVER: Final = frozenset({"Abs", "Exp", "HardSigmoid", "Relu", "Sigmoid", "Softmax", "Softplus", "Sqrt"})
"""Operators whose result is not negative."""

BOTH: Final = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
"""Operators whose result has both signs, unless neither their input nor their stored weights have."""

HANDED_ON: Final = frozenset(
    {
        "Add",
        "Concat",
        "Div",
        "Flatten",
        "Gather",
        "Mul",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "Transpose",
        "Unsqueeze",
    }
)
"""Operators whose result is negative where an operand is."""


def joined_with_negative(node: Node, graph: Graph) -> bool:
    """Tell whether a Concat joins the node's result with numbers of both signs.

    A convolution or a product makes such numbers, and so does a subtraction of what the network computes.  What
    remains, such as a stored number taken from a Sigmoid, may be negative or not.
    """
    own = node.outputs[0]
    joins = [user for user in graph.users_of(own) if user.op == "Concat"] if own is not None else []
    beside = [value for join in joins for value in join.inputs if value is not own]
    return any(_both_signs(value, graph, {}) for value in beside)


def _both_signs(value: Value | None, graph: Graph, known: dict[str, bool]) -> bool:
    if value is None or value.constant:
        return value is not None and _has_negative(value)
    if value.name in known:
        return known[value.name]
    known[value.name] = False
    maker = graph.producer_of(value)
    if maker is None or maker.domain or maker.op in NEVER:
        return False
    if maker.op in BOTH:
        weights = maker.inputs[1]
        known[value.name] = weights is None or weights.const is None or _has_negative(weights)
        known[value.name] = known[value.name] or _both_signs(maker.inputs[0], graph, known)
    elif maker.op == "Sub":
        taken = maker.inputs[1]
        known[value.name] = (taken is not None and not taken.constant) or _both_signs(maker.inputs[0], graph, known)
    elif maker.op in HANDED_ON:
        operands = maker.inputs if maker.op in {"Add", "Concat", "Div", "Mul"} else maker.inputs[:1]
        known[value.name] = any(_both_signs(each, graph, known) for each in operands)
    return known[value.name]


def _has_negative(value: Value) -> bool:
    return value.const is not None and value.const.size > 0 and float(value.const.min()) < 0
