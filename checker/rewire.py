"""A changed graph: nodes replaced by others, values led past a node, another opset, symbolic dimensions pinned.

These are changes for a trial, made on facts; nothing is written, and weights are not touched.  Nodes that a change does
not concern stay the same objects, so that what was found out about them holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from checker import schema
from checker.graph import Argument, Graph, Node, Value


def with_nodes(graph: Graph, nodes: Iterable[Node]) -> Graph:
    """Return the graph with other nodes; those that it had already stay the same objects, new ones get new numbers."""
    known = {node.name: node for node in graph.nodes}
    fresh = max((node.index for node in graph.nodes), default=0)
    kept: list[Node] = []
    for node in nodes:
        before = known.get(node.name)
        if before is not None and _same(before, node):
            kept.append(before)
        else:
            fresh += 1
            kept.append(replace(node, index=fresh))
    return replace(graph, nodes=tuple(kept))


def _same(before: Node, node: Node) -> bool:
    same = before.inputs is node.inputs and before.outputs is node.outputs and before.attrs is node.attrs
    return before is node or (same and before.since == node.since and before.op == node.op)


def replaced(graph: Graph, instead: Mapping[int, Iterable[Node]]) -> Graph:
    """Return the graph with nodes (by ``id``) written as other nodes, or left out."""
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes.extend(instead.get(id(node), (node,)))
    return with_nodes(graph, nodes)


def bypassed(graph: Graph, past: Mapping[str, Value], gone: Iterable[Node]) -> Graph:
    """Return the graph without some nodes, whose results (by name) are read from other values instead.

    A result that is an output of the graph keeps its name: whoever computes the other value computes it under that
    name.
    """
    without = {id(node) for node in gone}
    names = dict(past)
    outputs = {name: value for name, value in names.items() if name in graph.output_names}
    renamed: dict[str, Value] = {}
    for name, value in outputs.items():
        while value.name in names:
            value = names[value.name]  # noqa: PLW2901  # the end of the chain is what counts
        renamed[value.name] = replace(value, name=name)

    def led(value: Value) -> Value:
        while value.name in names:
            value = names[value.name]
        return renamed.get(value.name, value)

    touched = names.keys() | renamed.keys()
    nodes = [with_values(node, led, touched) for node in graph.nodes if id(node) not in without]
    return with_nodes(graph, nodes)


def with_values(node: Node, change: Callable[[Value], Value], touched: Iterable[str]) -> Node:
    """Return a node with its values changed; the node itself where it has none of the touched."""
    used = {value.name for value in (*node.inputs, *node.outputs, *node.implicit) if value is not None}
    if used.isdisjoint(touched):
        return node

    def maybe(value: Value | None) -> Value | None:
        return None if value is None else change(value)

    def argument(bound: Argument) -> Argument:
        return tuple(change(value) for value in bound) if isinstance(bound, tuple) else maybe(bound)

    return replace(
        node,
        inputs=tuple(maybe(value) for value in node.inputs),
        outputs=tuple(maybe(value) for value in node.outputs),
        implicit=tuple(change(value) for value in node.implicit),
        args=MappingProxyType({name: argument(bound) for name, bound in node.args.items()}),
        results=MappingProxyType({name: argument(bound) for name, bound in node.results.items()}),
        bodies=MappingProxyType({name: _body_with(body, change) for name, body in node.bodies.items()}),
    )


def _body_with(graph: Graph, change: Callable[[Value], Value]) -> Graph:
    inputs, outputs = tuple(change(v) for v in graph.inputs), tuple(change(v) for v in graph.outputs)
    nodes = tuple(_everywhere(node, change) for node in graph.nodes)
    return replace(graph, nodes=nodes, inputs=inputs, outputs=outputs)


def _everywhere(node: Node, change: Callable[[Value], Value]) -> Node:
    names = [value.name for value in (*node.inputs, *node.outputs, *node.implicit) if value is not None]
    return with_values(node, change, names)


def at_opset(graph: Graph, opset: int) -> Graph | None:
    """Return the graph as of another opset of the ONNX domain; None where one of its operators does not exist there."""
    nodes = []
    for node in graph.nodes:
        found = None if node.domain else schema.find(node.op, "", opset)
        if not node.domain and (found is None or not found.in_force):
            return None
        bodies = {name: at_opset(body, opset) for name, body in node.bodies.items()}
        kept = {name: body for name, body in bodies.items() if body is not None}
        if len(kept) < len(bodies):
            return None
        since = found.since if found else node.since
        if since == node.since and not bodies:
            nodes.append(node)
        else:
            nodes.append(replace(node, since=since, bodies=MappingProxyType(kept)))
    return with_nodes(replace(graph, opsets=MappingProxyType({**graph.opsets, "": opset})), nodes)


def missing_at(graph: Graph, opset: int) -> tuple[Node, ...]:
    """Return the nodes whose operator does not exist at an opset of the ONNX domain."""
    return tuple(node for node in graph.nodes if not node.domain and schema.find(node.op, "", opset) is None)


def pinned(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """Return the graph with symbolic dimensions given a length; what shape inference left unknown stays so.

    For a graph whose file is not at hand; where it is, loading it again with fixed shapes finds out more.
    """

    def fixed(value: Value) -> Value:
        if value.shape is None or not any(isinstance(dim, str) for dim in value.shape):
            return value
        return replace(value, shape=tuple(sizes.get(dim, dim) if isinstance(dim, str) else dim for dim in value.shape))

    return _body_with(graph, fixed)


def unquantized(graph: Graph) -> Graph:
    """Return the graph of the float model that a Q/DQ file was made from."""
    return _body_with(graph, lambda value: value if value.quant is None else replace(value, quant=None))


def put_in(node: Node, body: Graph) -> tuple[Node, ...] | None:
    """Return the nodes of a body with its inner values and nodes named after the node that they replace.

    None where a result of the body is one of its inputs.
    """
    outer = {value.name: value for value in (*node.inputs, *node.outputs) if value is not None}
    results: dict[str, str] = {}
    for value in body.outputs:
        inner = body.aliases.get(value.name, value.name)
        if inner != value.name and inner in outer:
            return None
        results[inner] = value.name

    def named(value: Value) -> Value:
        name = results.get(value.name, value.name)
        return outer[name] if name in outer else replace(value, name=f"{node.name}/{name}")

    parts = (_everywhere(part, named) for part in body.nodes)
    return tuple(replace(part, name=f"{node.name}/{part.name}", scope=node.scope) for part in parts)
