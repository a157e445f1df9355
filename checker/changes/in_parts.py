"""Operators written in parts: where a compiler refuses the operator and takes what it consists of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from checker.changes.record import Candidate, State
from checker.graph import Graph, Node
from checker.lowering import MICROSOFT, lowered
from checker.rewire import replaced


def propose(state: State) -> Iterator[Candidate]:
    """Propose each operator that is in trouble by itself; the fused ones of ONNX Runtime all at once."""
    kinds: dict[str, list[Node]] = {}
    for placement in state.trouble:
        node = placement.item
        if isinstance(node, Node):
            kinds.setdefault(MICROSOFT if node.domain == MICROSOFT else node.qualified, []).append(node)
    if MICROSOFT in kinds:  # in files that one optimiser made they come together
        kinds[MICROSOFT] = [node for node in state.graph.nodes if node.domain == MICROSOFT]
    for kind, nodes in kinds.items():
        asked = {id(node): _asked(state.graph, node) for node in nodes}
        parts = {key: made for key, node in asked.items() if (made := lowered(node, state.opset, state.opset))}
        done = tuple(node for node in nodes if id(node) in parts)
        if done:
            yield _candidate(state.graph, kind, done, parts)


def _asked(graph: Graph, node: Node) -> Node:
    """Return a node without the outputs that nobody asks for."""
    outputs = tuple(
        value if place == 0 or value is None or graph.is_output(value) or graph.users_of(value) else None
        for place, value in enumerate(node.outputs)
    )
    return node if outputs == node.outputs else replace(node, outputs=outputs)


def _candidate(graph: Graph, kind: str, nodes: tuple[Node, ...], parts: dict[int, tuple[Node, ...]]) -> Candidate:
    names = tuple(node.name for node in nodes)
    listing = listed(node.op for node in nodes)
    if kind == MICROSOFT:
        name, what = "standard-operators", f"ship the file from before ONNX Runtime's optimiser (no {listing})"
    else:
        name, what = "in-parts", f"write {listing} in parts ({_into(parts)})"
    return Candidate(name, what, "re-export", ("in-parts", names), lambda: replaced(graph, parts), names)


def _into(parts: dict[int, tuple[Node, ...]]) -> str:
    """Name the operators of the parts, each once, in their order."""
    return ", ".join(dict.fromkeys(node.op for nodes in parts.values() for node in nodes))


def listed(kinds: Iterable[str]) -> str:
    """Write names in order, each once."""
    return ", ".join(sorted(set(kinds)))
