"""Batch normalisations folded into the layer before or after them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from checker.batchnorm import BatchNorm
from checker.changes.record import Candidate, State
from checker.changes.shop import Shop
from checker.composites.build import Builder
from checker.graph import Graph, Node, Value
from checker.rewire import bypassed, replaced, with_nodes

_BIASED = frozenset({"Conv", "ConvTranspose", "Gemm"})


def propose(state: State, shop: Shop) -> Iterator[Candidate]:
    """Propose to fold those that are in trouble and can be folded, all at once."""
    if not any(node.op in {"BatchNormalization", "Mul"} and id(node) in state.troubled for node in state.graph.nodes):
        return
    graph = state.graph
    by_name = {node.name: node for node in graph.nodes}
    found = [
        each
        for each in shop.norms(graph)
        if each.status == "foldable" and each.node in by_name and id(by_name[each.node]) in state.troubled
    ]
    if found:
        names = tuple(each.node for each in found)
        what = f"fold {len(found)} BatchNormalization into the layer beside each (export in inference mode folds them)"
        make = lambda: folded(graph, found)  # noqa: E731  # bound here, called later
        yield Candidate("fold-batchnorm", what, "edit the file", ("fold-batchnorm", names), make, names)


def folded(graph: Graph, norms: list[BatchNorm]) -> Graph | None:
    """Return the graph with batch normalisations folded; what computes the same keeps its facts, not its numbers."""
    by_name = {node.name: node for node in graph.nodes}
    past: dict[str, Value] = {}
    gone: list[Node] = []
    biased: set[str] = set()
    sums: dict[int, tuple[Node, ...]] = {}
    for norm in norms:
        node, into = by_name[norm.node], by_name.get(norm.into or "")
        last = graph.users_of(node.outputs[0])[0] if norm.kind == "affine" and node.outputs[0] is not None else node
        source = node.inputs[0] if norm.kind != "affine" else _computed(node)
        result = last.outputs[0]
        if into is None or source is None or result is None:
            return None
        if into.op in _BIASED:
            biased.add(into.name)
        elif graph.producer_of(source) is into:
            sums[id(last)] = (_shift(state_opset(graph), last, source, result),)
            gone += [node] if node is not last else []
            continue
        past[result.name] = source
        gone += [node, last] if node is not last else [node]
    changed = bypassed(replaced(graph, sums), past, [node for node in gone if id(node) not in sums])
    return with_nodes(changed, [_with_bias(node) if node.name in biased else node for node in changed.nodes])


def state_opset(graph: Graph) -> int:
    """Return the import of the ONNX domain."""
    return graph.opsets.get("", 0)


def _computed(node: Node) -> Value | None:
    return next((value for value in node.inputs if value is not None and not value.constant), None)


def _shift(opset: int, node: Node, source: Value, result: Value) -> Node:
    """Return the sum that is left where the layer before has no bias of its own."""
    builder = Builder(opset, node, source)
    axis = 1 if node.op == "BatchNormalization" else (source.rank or 1) - 1
    rank = source.rank or 2
    channels = source.shape[axis] if source.shape is not None else None
    shape = tuple(channels if place == axis else 1 for place in range(rank))
    bias = Value(f"{node.name}/shift", source.dtype, shape, constant=True)
    builder.binary("Add", source, bias)
    (made,) = builder.nodes
    return replace(made, outputs=(result,), results=MappingProxyType(dict.fromkeys(made.results, result)))


def _with_bias(node: Node) -> Node:
    """Return a layer with a bias; as it is where it has one."""
    name = "C" if node.op == "Gemm" else "B"
    weight, result = node.inputs[1], node.outputs[0]
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        return node
    axis = -1 if node.op == "Gemm" else 1
    channels = result.shape[axis] if result is not None and result.shape is not None else None
    bias = Value(f"{node.name}/bias", weight.dtype if weight is not None else None, (channels,), constant=True)
    return replace(node, inputs=(*node.inputs[:2], bias), args=MappingProxyType({**node.args, name: bias}))
