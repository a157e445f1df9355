"""Layers as one operator: a graph with recognised composites written as the ONNX operator of their name."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from checker import schema
from checker.composites.activations import DOUBLED
from checker.composites.build import Builder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checker.graph import Argument, Composite, Graph, Node, Value


def raise_(graph: Graph, composites: Iterable[Composite]) -> Graph:
    """Return the graph with decomposed composites written as one operator each, for placing it again.

    A composite stays in parts where its operator does not exist at the graph's opset, where it shares a node with one
    written before, or where its last factor went into the layer after it.  Facts are right; weights are not rearranged
    (nothing is run or saved).
    """
    opset = graph.opsets.get("", 0)
    instead: dict[int, list[Node]] = {}
    gone: set[int] = set()
    for composite in sorted(composites, key=lambda each: -len(each.covers)):
        covered = {id(node) for node in composite.covers}
        found = schema.find(composite.kind, "", opset)
        doubled = composite.variant.endswith(DOUBLED)
        if composite.form == "operator" or found is None or found.raw is None or covered & gone or doubled:
            continue
        instead[_root(composite)] = _operator(composite, found, opset)
        gone |= covered
    nodes: list[Node] = []
    for node in graph.nodes:
        if id(node) in instead:
            nodes.extend(instead[id(node)])
        elif id(node) not in gone:
            nodes.append(node)
    return replace(graph, nodes=tuple(replace(node, index=index) for index, node in enumerate(nodes)))


def _root(composite: Composite) -> int:
    name = composite.node.outputs[0].name if composite.node.outputs[0] is not None else ""
    return next(
        (id(node) for node in composite.covers for value in node.outputs if value is not None and value.name == name),
        id(composite.covers[-1]),
    )


def _operator(composite: Composite, found: schema.Schema, opset: int) -> list[Node]:
    """Return the operator, with a Transpose before it where keys arrive transposed."""
    source = next((value for value in composite.node.inputs if value is not None), None)
    before: list[Node] = []
    args: dict[str, Argument] = {formal.name: composite.node.args.get(formal.name) for formal in found.inputs}
    keys = args.get("K")
    if source is not None and keys is not None and not isinstance(keys, tuple):
        builder = Builder(opset, composite.node, source)
        args["K"] = _upright(composite, builder, keys)
        before = builder.nodes
    attrs = {name: value for name, value in composite.node.attrs.items() if name in found.attributes}
    inputs = list(args.values())
    while inputs and inputs[-1] is None:
        inputs.pop()
    node = replace(
        composite.node,
        since=found.since,
        attrs=MappingProxyType(attrs),
        args=MappingProxyType(args),
        inputs=tuple(each for each in inputs if not isinstance(each, tuple)),
    )
    return [*before, node]


def _upright(composite: Composite, builder: Builder, keys: Value) -> Value:
    """Transpose keys that the graph holds as (batch, heads, head size, length)."""
    held = (value for node in composite.covers for value in node.inputs)
    actual = next((value for value in held if value is not None and value.name == keys.name), keys)
    if actual.shape is None or actual.shape == keys.shape or len(actual.shape) != keys.rank:
        return keys
    rank = len(actual.shape)
    return builder.transpose(actual, (*range(rank - 2), rank - 1, rank - 2))
