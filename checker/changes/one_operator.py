"""Layers written as the one operator that they are: where a compiler takes the operator and not its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from checker import schema
from checker.changes.record import Candidate, Effort, State
from checker.composites import raise_
from checker.graph import Composite, Graph
from checker.rewire import at_opset, with_nodes


def propose(state: State) -> Iterator[Candidate]:
    """Propose each kind of layer in parts that is in trouble, where the table has a row that takes the operator."""
    kinds: dict[str, list[Composite]] = {}
    for composite in state.composites:
        if composite.form == "decomposed" and any(id(node) in state.troubled for node in composite.covers):
            kinds.setdefault(composite.kind, []).append(composite)
    for kind, found in kinds.items():
        since = _first_opset(kind)
        rows = state.placements.target.by_op.get(kind, ())
        if since and any(row.form != "decomposed" and row.status.taken for row in rows):
            yield _candidate(state, kind, found, max(since, state.opset))


def _first_opset(kind: str) -> int:
    """Return the first opset that has the operator; 0 for a layer that is no operator of ONNX."""
    history = [each for each in schema.history(kind, "") if each.raw is not None and not each.deprecated]
    return history[0].since if history else 0


def _candidate(state: State, kind: str, found: list[Composite], opset: int) -> Candidate:
    graph = state.graph
    names = tuple(node.name for composite in found for node in composite.covers)
    one = f"write {kind} as the one ONNX operator of that name"
    higher = opset > state.opset

    def make() -> Graph | None:
        there = replace(graph, opsets=MappingProxyType({**graph.opsets, "": opset}))
        raised = raise_(there, found)
        if len(raised.nodes) == len(graph.nodes):
            return None
        changed = with_nodes(graph, raised.nodes)
        return at_opset(changed, opset) if higher else changed

    what = f"re-export at opset {opset}, and {one}" if higher else one
    cost: Effort = "re-export" if higher else "edit the file"
    return Candidate("one-operator", what, cost, ("one-operator", kind, opset, names), make, names)
