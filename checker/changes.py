"""Changes that may make a toolchain accept a file, as graphs to be placed again.

A change answers a refusal: another opset window with what does not exist there written in parts, an operator written
in parts, parts written as one operator, dynamic dimensions fixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from checker import schema
from checker.constraint import YES, check
from checker.facts import Facts
from checker.graph import Composite, Graph, Node
from checker.lowering import lowered
from checker.placement import FileAnswer, Placement, Placements
from checker.rewire import at_opset, missing_at, pinned, with_operator, with_parts
from checker.target import Status

OLDEST: Final = 7
"""Oldest opset that an exporter of today writes."""

BATCH, PICTURE, SEQUENCE = 1, 224, 128
"""Lengths that a dynamic dimension is tried with: the first axis, a side of a picture, anything else."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A changed graph.  ``name``: short; ``what``: what to do, as a sentence; ``nodes``: names of those concerned."""

    name: str
    what: str
    graph: Graph
    nodes: tuple[str, ...] = ()


def candidates(placements: Placements) -> Iterator[Candidate]:
    """Yield the changes that answer what the toolchain refuses, the simplest first, then two of them together."""
    graph = placements.graph
    found = [*_reexport(placements, graph), *_pin(graph)]
    if not any(each.failed for each in placements.file):  # else the file is refused whatever its nodes are
        found += [*_raise(placements, graph), *_lower(placements, graph)]
    yield from found
    names = {each.name for each in found}
    if "fixed-shapes" in names and len(names) > 1:
        still = next(each for each in found if each.name == "fixed-shapes")
        for each in _reexport(placements, still.graph):
            yield Candidate("fixed-shapes+opset", f"{still.what}; {each.what}", each.graph, each.nodes)


def _refused(placements: Placements) -> list[Placement]:
    whole = placements.target.partition == "whole"
    return [
        placement
        for placement in placements.compute
        if placement.status is Status.UNSUPPORTED or (whole and not placement.status.taken)
    ]


def _pin(graph: Graph) -> Iterator[Candidate]:
    sizes: dict[str, int] = {}
    for value in graph.inputs:
        for axis, dim in enumerate(value.shape or ()):
            if isinstance(dim, str):
                picture = len(value.shape or ()) > 3 and axis > 1
                sizes.setdefault(dim, BATCH if axis == 0 else PICTURE if picture else SEQUENCE)
    if sizes:
        tried = ", ".join(f"{symbol} = {size}" for symbol, size in sorted(sizes.items()))
        yield Candidate("fixed-shapes", f"export with fixed input shapes (tried with {tried})", pinned(graph, sizes))


def _raise(placements: Placements, graph: Graph) -> Iterator[Candidate]:
    opset = graph.opsets.get("", 0)
    changed, kinds, names = graph, set[str](), list[str]()
    for placement in _refused(placements):
        composite = placement.item
        if not isinstance(composite, Composite) or composite.form != "decomposed":
            continue
        found = schema.find(composite.kind, "", opset)
        if found is not None and found.raw is not None:
            changed = with_operator(changed, composite, found.since)
            kinds.add(composite.kind)
            names += placement.covers
    if kinds:
        what = f"write {_listed(kinds)} as the one ONNX operator of that name"
        yield Candidate("one-operator", what, changed, tuple(names))


def _lower(placements: Placements, graph: Graph) -> Iterator[Candidate]:
    opset = graph.opsets.get("", 0)
    refused = [p.item for p in _refused(placements) if isinstance(p.item, Node)]
    changed, done = _in_parts(graph, refused, opset)
    if changed is not None and done:
        what = f"write {_listed(node.op for node in done)} in parts"
        yield Candidate("in-parts", what, changed, tuple(node.name for node in done))


def _reexport(placements: Placements, graph: Graph) -> Iterator[Candidate]:
    """Another opset: the newest that the whole-file rules allow, and what does not exist there in parts."""
    asking = [each for each in placements.file if each.failed or each.unsure]
    opset = _allowed_opset(asking, placements, graph)
    if opset is None:
        return
    kept = {id(node) for node in graph.nodes}
    refused = [p.item for p in _refused(placements) if isinstance(p.item, Node) and id(p.item) in kept]
    missing = missing_at(graph, opset)
    changed, done = _in_parts(graph, (*missing, *refused), opset)
    changed = at_opset(changed, opset) if changed is not None else None
    if changed is None or not {id(node) for node in missing} <= {id(node) for node in done}:
        return
    what = f"re-export at opset {opset}"
    if done:
        what += f" with {_listed(node.op for node in done)} in parts"
    yield Candidate("opset", what, changed, tuple(node.name for node in done))


def _allowed_opset(asking: Iterable[FileAnswer], placements: Placements, graph: Graph) -> int | None:
    """Return the newest older opset at which every condition on the opset holds; None where there is no such rule."""
    lines = [c for each in asking for c in each.rule.constraints if "opset" in c.names]
    if not lines:
        return None
    for opset in range(graph.opsets.get("", 0) - 1, OLDEST - 1, -1):
        changed = replace(graph, opsets=MappingProxyType({**graph.opsets, "": opset}))
        facts = Facts(changed, precision=placements.precision)
        if all(check(line, facts) is YES for line in lines):
            return opset
    return None


def _in_parts(graph: Graph, nodes: Iterable[Node], opset: int) -> tuple[Graph | None, list[Node]]:
    """Write nodes in parts where that is possible; return the graph and the nodes that were."""
    file_opset = graph.opsets.get("", 0)
    parts: dict[int, Graph] = {}
    done: list[Node] = []
    for node in nodes:
        body = lowered(node, opset, file_opset) if id(node) not in parts else None
        if body is not None:
            parts[id(node)] = body
            done.append(node)
    return with_parts(graph, parts), done


def _listed(kinds: Iterable[str]) -> str:
    return ", ".join(sorted(set(kinds)))
