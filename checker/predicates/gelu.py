"""Spellings of GELU in parts: some compilers know one by the order of its products."""

from __future__ import annotations

from dataclasses import dataclass

from checker.graph import Graph, Node, Value
from checker.predicates.look import made_by


@dataclass(frozen=True, slots=True)
class _Spelling:
    """A GELU of the error function, taken apart.

    ``scale``: x by or times a constant.  ``one_more``: erf + 1.  ``product``: that of x, or of x / 2, with the sum.
    ``half``: the product with one half, None where nothing is halved.
    """

    scale: Node
    x: Value
    one_more: Node
    product: Node
    half: Node | None


def gelu_halved_first(node: Node, graph: Graph) -> bool:
    """Tell whether a GELU is (x times 0.5) times (erf(x / sqrt(2)) + 1), in this order, and one node takes it.

    Source: tpu-mlir 1.30.2, whose canonicalizer looks for the sum on the right only.
    """
    found, result = _taken_apart(node, graph), node.outputs[0] if node.outputs else None
    if found is None or found.half is None or result is None:
        return False
    alone = len(graph.users_of(result)) + graph.is_output(result) == 1
    return alone and found.product.inputs == (found.half.outputs[0], found.one_more.outputs[0])


def gelu_halved_last(node: Node, graph: Graph) -> bool:
    """Tell whether a GELU is x / sqrt(2), erf, + 1, times x, times 0.5, in this order: onnx2tf knows no other."""
    found = _taken_apart(node, graph)
    return (
        found is not None and found.scale.op == "Div" and found.half is not None and found.half.outputs == node.outputs
    )


def gelu_unhalved(node: Node, graph: Graph) -> bool:
    """Tell whether a GELU leaves its factor of one half to the layer after it, as onnxsim writes it."""
    found = _taken_apart(node, graph)
    return found is not None and found.half is None


def gelu_scale_leads(node: Node, graph: Graph) -> bool:
    """Tell whether a GELU multiplies a constant by x, in this order, below the error function.

    Source: ONNX Runtime, whose fusion looks for the constant behind x.
    """
    found = _taken_apart(node, graph)
    return found is not None and found.scale.op == "Mul" and found.scale.inputs[1] is found.x


def gelu_in_order(node: Node, graph: Graph) -> bool:
    """Tell whether a GELU is halved, has the constant behind erf, and the sum behind x or x / 2.

    Where the sum is halved before it meets x, the order of products does not matter.
    Source: rknn-toolkit2 2.5.0, asked about all orders.
    """
    found = _taken_apart(node, graph)
    if found is None or found.half is None or made_by(found.one_more.inputs[0], graph, "Erf") is None:
        return False
    if found.one_more.outputs[0] in found.half.inputs:
        return True
    if found.x in found.half.inputs:
        return found.half.inputs[0] is found.x and found.product.inputs[0] is found.half.outputs[0]
    return found.product.inputs[0] is found.x


def _taken_apart(node: Node, graph: Graph) -> _Spelling | None:
    last = made_by(node.outputs[0] if node.outputs else None, graph, "Mul")
    for one, other in _pairs(last):
        total = _one_more(one, graph)
        if last is not None and total is not None:
            half = None if other is total[1] else made_by(other, graph, "Mul")
            return _Spelling(*total, product=last, half=half)
        inner = made_by(one, graph, "Mul")
        for within, beside in _pairs(inner):
            total = _one_more(within, graph)
            if last is not None and inner is not None and total is not None:
                first = beside.constant
                return _Spelling(*total, product=last if first else inner, half=inner if first else last)
    return None


def _pairs(node: Node | None) -> tuple[tuple[Value, Value], ...]:
    """Return the operands of a node with two in both orders."""
    one, other = node.inputs if node is not None and len(node.inputs) == 2 else (None, None)
    return ((one, other), (other, one)) if one is not None and other is not None else ()


def _one_more(value: Value, graph: Graph) -> tuple[Node, Value, Node] | None:
    """Return the scale of x, x, and the sum, where a value is erf(scaled x) + 1."""
    one_more = made_by(value, graph, "Add")
    for one, _ in _pairs(one_more):
        erf = made_by(one, graph, "Erf")
        scale = (made_by(erf.inputs[0], graph, "Div") or made_by(erf.inputs[0], graph, "Mul")) if erf else None
        for x, factor in _pairs(scale):
            if scale is not None and one_more is not None and factor.constant:
                return scale, x, one_more
    return None
