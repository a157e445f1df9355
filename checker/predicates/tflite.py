"""What goes wrong between onnx2tf and Vela with sizes, layouts and scales; each was found by varying small models.

A Split hands on only the size of the axis that it cuts: it becomes a SLICE whose sizes along the other axes are -1, and
Vela leaves to the CPU whatever has an unknown size beyond the batch.  Later operators inherit that, until one states
its sizes or joins them with known ones.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from checker.graph import Graph, Node, Value
from checker.predicates.layout import ACTIVATIONS
from checker.predicates.look import argument, follow, made_by
from checker.predicates.simplified import joined_products
from checker.predicates.sizes import BROADCAST

STATED: Final = frozenset(
    {"Flatten", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "GRU", "LSTM", "RNN", "Shape", "Size"}
)
"""Operators whose result has no unknown size beyond the batch."""

POINTWISE: Final = frozenset({"Add", "Clip", "Concat", "HardSwish", "LeakyRelu", "Mul", "Relu", "Sigmoid"})
"""Operators that leave height and width as they are."""

IN_A_ROW: Final = ACTIVATIONS | {"Add", "BatchNormalization", "Mul", "Slice"}
"""Operators of one input, constants aside, that leave the layout as it is."""

LONGEST_ROW: Final = 4
"""Operators between the tensor and the Add that are looked at."""


def beyond_scales(node: Node, _: Graph) -> bool:
    """Tell whether a stored number of the node needs an 8-bit scale above 2^32: Vela keeps such a node on the CPU."""
    stored = (value.const for value in node.inputs if value is not None and value.const is not None)
    return any(each.dtype.kind == "f" and each.size and float(abs(each).max()) > 255 * 2.0**32 for each in stored)


def before_padded_conv(node: Node, graph: Graph) -> bool | None:
    """Tell whether a padded convolution takes the node's result, with activations, sums and joins in between."""
    waiting, seen, unsure = [node], {id(node)}, False
    while waiting:
        value = waiting.pop().outputs[0]
        for user in graph.users_of(value) if value is not None else ():
            pads = user.attrs.get("pads") if user.op == "Conv" else ()
            if isinstance(pads, tuple) and any(pads):
                return True
            unsure = unsure or pads is None
            if user.op in POINTWISE and id(user) not in seen:
                seen.add(id(user))
                waiting.append(user)
    return None if unsure else False


def loosened_by_split(node: Node, graph: Graph) -> bool:
    """Tell whether the sizes of one of the node's inputs were forgotten at a Split above it."""
    return any(value is not None and value.name in _loose(graph) for value in node.inputs)


def joined_for_conv(node: Node, graph: Graph) -> bool:
    """Tell whether a Slice, and another Slice after it or none, ends in joins of channels that only convolutions take.

    So an image's pixels become channels (the Focus of YOLOv5); onnx2tf then keeps NHWC from end to end, and onnxsim has
    joined the two Slices.
    """
    before, users = made_by(argument(node, "data"), graph, "Slice"), _users(node, graph)
    if before is not None and len(_users(before, graph)) != 1:
        return False
    if len(users) == 1 and users[0].op == "Slice":
        users = _users(users[0], graph)
    joins = [user for user in users if user.op == "Concat" and user.attrs.get("axis") == 1]
    takers = [taker for join in joins for taker in _users(join, graph)]
    return bool(takers) and len(joins) == len(users) and all(taker.op == "Conv" for taker in takers)


def _users(node: Node, graph: Graph) -> list[Node]:
    value = node.outputs[0]
    return list(graph.users_of(value)) if value is not None and not graph.is_output(value) else []


def lost_at_join(node: Node, graph: Graph) -> bool:
    """Tell whether an Add joins a convolution with something that is computed from a tensor the converter loses.

    That tensor is an activation of a sum; a convolution takes it, and so does a row of operators with one input that
    ends in the Add.  onnx2tf then keeps it in the layout of the convolution only.
    """
    if node.op != "Add" or not any(made_by(value, graph, "Conv") for value in node.inputs):
        return False
    for side in node.inputs:
        value, steps = side, 0
        while value is not None and steps < LONGEST_ROW:
            maker = graph.producer_of(value)
            fed = [each for each in maker.inputs if each is not None and not each.constant] if maker else []
            if maker is None or maker.op not in IN_A_ROW or len(fed) != 1:
                break
            value, steps = fed[0], steps + 1
            if any(user.op == "Conv" for user in graph.users_of(value)) and _is_activated_sum(value, graph):
                return True
    return False


def _is_activated_sum(value: Value, graph: Graph) -> bool:
    """Tell whether a value is an activation of a sum; a BatchNormalization that no convolution absorbs ends in one."""
    maker = graph.producer_of(value)
    if maker is not None and maker.op == "Mul":  # the last step of a GELU
        found = [made_by(side, graph, "Mul") for side in maker.inputs]
        sums = [made_by(side, graph, "Add") for product in found if product for side in product.inputs]
        erfs = [made_by(side, graph, "Erf") for each in sums if each for side in each.inputs]
        scaled = [made_by(each.inputs[0], graph, "Div") for each in erfs if each]
        before = scaled[0].inputs[0] if scaled and scaled[0] else None
    else:
        before = maker.inputs[0] if maker is not None and maker.op in ACTIVATIONS else None
    summed = graph.producer_of(before) if before is not None else None
    if summed is None:
        return False
    return summed.op == "Add" or (summed.op == "BatchNormalization" and not made_by(summed.inputs[0], graph, "Conv"))


def stored_in_effect(node: Node, graph: Graph) -> bool:
    """Tell whether the node's weights, or its first input if it has none, are computed from stored values only.

    onnxsim then stores the result.
    """
    waiting, seen = [argument(node, "W") if "W" in node.args else node.inputs[0]], set[str]()
    while waiting:
        value = waiting.pop()
        if value is None or value.constant or value.name in seen:
            continue
        seen.add(value.name)
        maker = graph.producer_of(value)
        if maker is None or len(seen) > LONGEST_ROW:
            return False
        waiting.extend(maker.inputs)
    return True


def split_beside_residual(node: Node, graph: Graph) -> bool:
    """Tell whether a Split or Slice cuts a sum that is added to something again, the result of which a Conv takes.

    onnx2tf then keeps the sum in one layout only, and the cut asks for the other.  Two Slices become one SPLIT, which
    it does not lose, nor is anything lost beside a join, normalized or not.  An activation may come before the Conv,
    and a Transpose that puts the channels last is as good as one.
    """
    data = node.inputs[0] if node.inputs else None
    if data is None or made_by(data, graph, "Add") is None:
        return False
    if node.op == "Slice" and sum(user.op == "Slice" for user in graph.users_of(data)) == 2:
        return False
    again = [user for user in graph.users_of(data) if user.op == "Add"]
    return any(
        _wants_channels_last(user)
        for later in again
        if not any(_joined(value, graph) for value in later.inputs)
        for user in follow(later, graph, *ACTIVATIONS)
    )


def _joined(value: Value | None, graph: Graph) -> bool:
    """Tell whether a Concat makes a value, with activations and normalizations in between."""
    maker = graph.producer_of(value) if value is not None else None
    while maker is not None and maker.op in ACTIVATIONS | {"BatchNormalization"} and maker.inputs[0] is not None:
        maker = graph.producer_of(maker.inputs[0])
    return maker is not None and maker.op == "Concat"


def _wants_channels_last(node: Node) -> bool:
    return node.op == "Conv" or (node.op == "Transpose" and node.attrs.get("perm") == (0, 2, 3, 1))


def reshaped(node: Node, graph: Graph) -> bool:
    """Tell whether a Reshape to another shape makes the node's first input.

    What onnxsim drops is looked past: times ones, plus zeros.
    """
    value = node.inputs[0] if node.inputs else None
    while value is not None:
        maker = graph.producer_of(value)
        if maker is not None and maker.op == "Reshape":
            data = argument(maker, "data")
            return data is None or data.shape is None or data.shape != value.shape
        value = _unchanged(maker) if maker is not None else None
    return False


def _unchanged(node: Node) -> Value | None:
    """Return the operand that a node hands on as it is, times ones or plus zeros; None where it changes both."""
    neutral = {"Add": 0, "Mul": 1}.get(node.op)
    if neutral is None or len(node.inputs) != 2:
        return None
    first, second = node.inputs
    for value, other in ((first, second), (second, first)):
        if other is not None and other.const is not None and (other.const == neutral).all():
            return value
    return None


@lru_cache(maxsize=8)
def _loose(graph: Graph) -> frozenset[str]:
    """Return the names of the values whose sizes, beyond the first, the converter does not know."""
    found = set[str]()
    for node in graph.nodes:
        if _forgets(node, graph) or _inherits(node, found):
            found.update(value.name for value in node.outputs if value is not None)
    return frozenset(found)


def _forgets(node: Node, graph: Graph) -> bool:
    if joined_products(node, graph):
        return True  # onnxsim makes one product and a Split of them
    if node.op != "Split" or node.domain:
        return False
    data, axis = argument(node, "input"), node.attrs.get("axis", 0)
    rank = data.rank if data is not None else None
    if rank is None or not isinstance(axis, int):
        return True
    return any(each not in {0, axis % rank} for each in range(rank))


def _inherits(node: Node, loose: set[str]) -> bool:
    inputs = [value for value in node.inputs if value is not None]
    if node.op in STATED or not any(value.name in loose for value in inputs):
        return False
    if node.op == "Reshape":
        shape = argument(node, "shape")
        return shape is None or not shape.constant
    if node.op in BROADCAST:
        made = node.outputs[0].shape[1:] if node.outputs[0] is not None and node.outputs[0].shape else None
        whole = [value for value in inputs if made is None or (value.shape and value.shape[-len(made) :] == made)]
        return all(value.name in loose for value in whole)
    return True
