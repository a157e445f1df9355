"""A changed graph: nodes replaced by others, another opset, symbolic dimensions pinned.

These are changes for a trial, made on facts; nothing is written, and weights are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from checker import schema
from checker.graph import Argument, Composite, Graph, Node, Value


def at_opset(graph: Graph, opset: int) -> Graph | None:
    """Return the graph as of another opset of the ONNX domain; None where one of its operators does not exist there."""
    nodes = []
    for node in graph.nodes:
        found = None if node.domain else schema.find(node.op, "", opset)
        if not node.domain and (found is None or found.deprecated):
            return None
        bodies = {name: at_opset(body, opset) for name, body in node.bodies.items()}
        kept = {name: body for name, body in bodies.items() if body is not None}
        if len(kept) < len(bodies):
            return None
        nodes.append(replace(node, since=found.since if found else node.since, bodies=MappingProxyType(kept)))
    return _with_nodes(replace(graph, opsets=MappingProxyType({**graph.opsets, "": opset})), nodes)


def missing_at(graph: Graph, opset: int) -> tuple[Node, ...]:
    """Return the nodes whose operator does not exist at an opset of the ONNX domain."""
    return tuple(node for node in graph.nodes if not node.domain and schema.find(node.op, "", opset) is None)


def with_parts(graph: Graph, parts: Mapping[int, Graph]) -> Graph | None:
    """Return the graph with nodes (by ``id``) written as the nodes of other graphs; None where one cannot be put in."""
    nodes: list[Node] = []
    for node in graph.nodes:
        body = parts.get(id(node))
        if body is None:
            nodes.append(node)
            continue
        put_in = _put_in(node, body)
        if put_in is None:
            return None
        nodes += put_in
    return _with_nodes(graph, nodes)


def with_operator(graph: Graph, composite: Composite, since: int) -> Graph:
    """Return the graph with a decomposed composite written as the one operator that it is named after."""
    covered = {id(node) for node in composite.covers}
    root = composite.covers[-1]
    one = replace(composite.node, name=root.name, outputs=root.outputs, since=since)
    nodes = []
    for node in graph.nodes:
        if node is root:
            nodes.append(one)
        elif id(node) not in covered:
            nodes.append(node)
    return _with_nodes(graph, nodes)


def pinned(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """Return the graph with symbolic dimensions given a length; what shape inference left unknown stays so."""

    def fixed(value: Value) -> Value:
        if value.shape is None or not any(isinstance(dim, str) for dim in value.shape):
            return value
        return replace(value, shape=tuple(sizes.get(dim, dim) if isinstance(dim, str) else dim for dim in value.shape))

    return _with_values(graph, fixed)


def _with_nodes(graph: Graph, nodes: list[Node]) -> Graph:
    return replace(graph, nodes=tuple(replace(node, index=index) for index, node in enumerate(nodes)))


def _put_in(node: Node, body: Graph) -> list[Node] | None:
    """Return the nodes of a body with its inner values and nodes named after the node that they replace."""
    outer = {value.name: value for value in (*node.inputs, *node.outputs) if value is not None}
    results: dict[str, str] = {}
    for value in body.outputs:
        inner = body.aliases.get(value.name, value.name)
        if inner != value.name and inner in outer:
            return None
        results[inner] = value.name

    def named(value: Value) -> Value:
        name = results.get(value.name, value.name)
        if name in outer:
            return outer[name]
        return replace(value, name=f"{node.name}/{name}")

    renamed = _with_values(body, named)
    return [replace(part, name=f"{node.name}/{part.name}", scope=node.scope) for part in renamed.nodes]


def _with_values(graph: Graph, change: Callable[[Value], Value]) -> Graph:
    def maybe(value: Value | None) -> Value | None:
        return None if value is None else change(value)

    def argument(bound: Argument) -> Argument:
        return tuple(change(value) for value in bound) if isinstance(bound, tuple) else maybe(bound)

    nodes = tuple(
        replace(
            node,
            inputs=tuple(maybe(value) for value in node.inputs),
            outputs=tuple(maybe(value) for value in node.outputs),
            implicit=tuple(change(value) for value in node.implicit),
            args=MappingProxyType({name: argument(bound) for name, bound in node.args.items()}),
            results=MappingProxyType({name: argument(bound) for name, bound in node.results.items()}),
            bodies=MappingProxyType({name: _with_values(body, change) for name, body in node.bodies.items()}),
        )
        for node in graph.nodes
    )
    inputs, outputs = tuple(change(v) for v in graph.inputs), tuple(change(v) for v in graph.outputs)
    return replace(graph, nodes=nodes, inputs=inputs, outputs=outputs)
