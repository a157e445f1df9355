"""Squeeze-and-excitation: the mean of each channel, one or two linear layers, a gate, multiplied onto the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.composites.flow import RESHAPES, Flow, first, output, second
from checker.composites.heads import linear
from checker.composites.matcher import Matcher, axes_of
from checker.composites.record import decomposed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.graph import Composite, Node, Value

_ACTIVATIONS = ("Swish", "HardSwish", "Gelu", "Relu6", "Mish", "QuickGelu")
_PLAIN = frozenset({"Relu", "LeakyRelu", "PRelu", "Elu", "Clip", "BatchNormalization", "Add", "Cast", "Expand"})


def find(flow: Flow, by_op: Mapping[str, list[Node]]) -> list[Composite]:
    """Return every squeeze-and-excitation block, searched from its gate."""
    found: list[Composite] = []
    matcher = Matcher(flow.graph)
    gates: list[tuple[Value | None, Value | None, tuple[Node, ...]]] = [
        (first(node), output(node), (node,)) for op in ("Sigmoid", "HardSigmoid") for node in by_op.get(op, ())
    ]
    gates += [
        (output(node), output(node), ())
        for op in ("FusedConv", "FusedGemm")
        for node in by_op.get(op, ())
        if node.attrs.get("activation") in {"Sigmoid", "HardSigmoid"}
    ]
    for composite in flow.made.values():
        if composite.kind == "HardSigmoid" and composite.form == "decomposed":
            source = composite.node.args.get("X")
            if not isinstance(source, tuple):
                gates.append((source, composite.node.outputs[0], composite.covers))
    for source, result, nodes in gates:
        made = _block(flow, matcher, source, result, nodes)
        if made is not None:
            found.append(made)
    return found


def _block(
    flow: Flow, matcher: Matcher, source: Value | None, result: Value | None, gate: tuple[Node, ...]
) -> Composite | None:
    product, after = _product(flow, result)
    if product is None:
        return None
    squeezed = _squeeze(flow, source)
    if squeezed is None:
        return None
    pooled, before, layers, parts = squeezed
    left, right = first(product), second(product)
    x = matcher.strip(pooled)[0]
    if all(each is None or matcher.strip(each)[0].name != x.name for each in (left, right)):
        return None
    covers = [*before, *gate, *after, product]
    variant = f"{layers} layers" if layers > 1 else "one layer"
    return decomposed("SqueezeExcitation", product, covers, {"X": pooled}, variant=variant, parts=parts)


def _product(flow: Flow, value: Value | None) -> tuple[Node | None, list[Node]]:
    passed: list[Node] = []
    for _ in range(4):
        node = flow.sole_user(value)
        if node is None:
            return None, []
        if node.op == "Mul":
            return node, passed
        if node.op not in RESHAPES and node.op not in {"Expand", "Cast", "Transpose"}:
            return None, []
        passed.append(node)
        value = output(node)
    return None, []


def _squeeze(flow: Flow, value: Value | None) -> tuple[Value, list[Node], int, tuple[Composite, ...]] | None:
    """Walk back from the gate through the linear layers to the mean over the pixels."""
    nodes: list[Node] = []
    parts: list[Composite] = []
    layers = 0
    for _ in range(16):
        node = flow.producer(value)
        if node is None or value is None:
            return None
        inner = next((made for kind in _ACTIVATIONS if (made := flow.composite(value, kind)) is not None), None)
        if inner is not None:
            source = inner.node.args.get("X", inner.node.args.get("input"))
            if isinstance(source, tuple):
                return None
            nodes.extend(inner.covers)
            parts.append(inner)
            value = source
            continue
        nodes.append(node)
        if node.op in {"GlobalAveragePool", "ReduceMean"}:
            pooled = first(node)
            return (pooled, nodes, layers, tuple(parts)) if layers and pooled is not None and _spatial(node) else None
        source = linear(node)
        if source is not None:
            layers += 1
            value = source
        elif node.op in _PLAIN or node.op in RESHAPES:
            left, right = first(node), second(node)
            if node.op == "Add" and (left is None or right is None or not (left.constant or right.constant)):
                return None
            value = right if left is not None and left.constant else left
        else:
            return None
    return None


def _spatial(node: Node) -> bool:
    """Tell a mean over the pixels: at least two axes, neither the batch nor the channels alone."""
    axes = axes_of(node)
    return axes is not None and len(axes) >= 2
