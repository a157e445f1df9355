"""Linear attention: keys and values are multiplied first, so that no product of all pairs is ever made.

Three spellings: φ(q) · (φ(k)ᵀ · v) with ReLU, softmax, ELU or exp as φ on queries or keys; and the separable form, a
softmax over positions that weighs the keys into one context vector, multiplied onto the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.composites.attention import multiplies
from checker.composites.flow import RESHAPES, Flow, first, output, passes, scaling, second
from checker.composites.record import decomposed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.graph import Composite, Node, Value

_FEATURES = frozenset({"Relu", "Softmax", "Elu", "Exp", "Sigmoid", "Softplus"})
_LAYOUT = RESHAPES | {"Transpose", "Split", "Slice", "Concat", "Pad", "Gather"}


def find(flow: Flow, by_op: Mapping[str, list[Node]], taken: set[int]) -> list[Composite]:
    """Return every linear attention; ``taken``: indices of products that another attention has already."""
    found: list[Composite] = []
    for op in ("MatMul", "Einsum"):
        for node in by_op.get(op, ()):
            if node.index not in taken and multiplies(flow, node):
                made = _nested(flow, node, taken)
                if made is not None:
                    found.append(made)
    for node in by_op.get("Softmax", ()):
        made = _separable(flow, node)
        if made is not None:
            found.append(made)
    return found


def _nested(flow: Flow, outer: Node, taken: set[int]) -> Composite | None:
    for inner_side, query_side in ((second(outer), first(outer)), (first(outer), second(outer))):
        inner, between = _product(flow, inner_side)
        if inner is None or query_side is None or inner.index in taken:
            continue
        one, two = first(inner), second(inner)
        features = [_feature(flow, side) for side in (query_side, one, two)]
        if not any(features):
            continue
        nodes = [outer, inner, *between]
        words = sorted({each[0].op for each in features if each})
        for each in features:
            nodes.extend(each)
        covers = {node.index: node for node in nodes}
        kept = [node for node in covers.values() if node in {outer, inner} or flow.only_for(node, covers)]
        keyed = one if features[1] or not features[2] else two
        valued = two if keyed is one else one
        args = {"query": query_side, "key": keyed, "value": valued}
        variant = " and ".join(words).lower() + " features"
        return decomposed("LinearAttention", outer, kept, args, {}, variant=variant)
    return None


def _product(flow: Flow, value: Value | None) -> tuple[Node | None, list[Node]]:
    """Walk back from an operand to the product of keys and values."""
    between: list[Node] = []
    for _ in range(5):
        node = flow.producer(value)
        if node is None:
            return None, []
        if multiplies(flow, node):
            return node, between
        scaled = scaling(node)
        if scaled is not None:
            value = scaled[0]
        elif passes(node) or node.op in RESHAPES or node.op == "Transpose":
            value = first(node)
        else:
            return None, []
        between.append(node)
    return None, []


def _feature(flow: Flow, value: Value | None) -> list[Node]:
    """Return the feature map of an operand: the function first, then the layout nodes after it."""
    passed: list[Node] = []
    for _ in range(8):
        node = flow.producer(value)
        if node is None:
            return []
        if node.op in _FEATURES:
            return [node, *passed]
        scaled = scaling(node)
        left, right = first(node), second(node)
        shifted = node.op == "Add" and right is not None and right.constant and right.size == 1
        if scaled is not None:
            value = scaled[0]
        elif node.op in _LAYOUT or passes(node) or shifted:
            value = left
        else:
            return []
        passed.append(node)
    return []


def _separable(flow: Flow, softmax: Node) -> Composite | None:
    weighed = flow.sole_user(output(softmax))
    if weighed is None or weighed.op != "Mul":
        return None
    context = flow.sole_user(output(weighed))
    if context is None or context.op != "ReduceSum":
        return None
    covers = [softmax, weighed, context]
    spread = flow.sole_user(output(context))
    if spread is not None and spread.op in {"Expand", "Unsqueeze"}:
        covers.append(spread)
        spread = flow.sole_user(output(spread))
    if spread is None or spread.op != "Mul":
        return None
    covers.append(spread)
    left, right = first(weighed), second(weighed)
    keys = right if left is not None and output(softmax) is not None and left.name == softmax.outputs[0].name else left  # type: ignore[union-attr]
    made = {node.outputs[0].name for node in covers if node.outputs[0] is not None}
    values = next((each for each in spread.inputs if each is not None and each.name not in made), None)
    args = {"query": first(softmax), "key": keys, "value": values}
    return decomposed("LinearAttention", spread, covers, args, {}, variant="separable")
