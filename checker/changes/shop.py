"""Where changed graphs are made, once for all targets, and placed.

A target that asks for the same change of the same graph gets the same objects, so that composites are recognised and
shapes inferred only once, and answers about nodes are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final

from checker import batchnorm
from checker.answer import answer
from checker.batchnorm import BatchNorm
from checker.changes.record import Candidate, Outcome, State
from checker.composites import raise_composites
from checker.graph import Composite, Graph, Node
from checker.macs import macs_of
from checker.partition import groups
from checker.place import place
from checker.placement import Placements
from checker.target import Status, Target

NEW_NODE: Final = 3
"""How much more it is to answer constraints about a node that was not met before."""

RECOGNITION: Final = 2
"""How much more it is to recognise the layers of a graph than to place it."""

Reload = Callable[[Mapping[str, int]], Graph | None]
"""Loads the file again with lengths for symbolic dimensions, by name; None where that is not possible."""

ALLOWANCE: Final = 20_000
"""Nodes that are recognised or placed in search of changes for one model: a third of a second."""


@dataclass(eq=False)
class Shop:
    """The changed graphs of one model.

    ``reload``: None where the file is not at hand.  ``original``: ``id`` of the graph that it loaded.  ``left``: how
    many more nodes may be placed in search of changes.  ``waiting``: how many targets share them.
    """

    reload: Reload | None = None
    original: int = 0
    left: int = ALLOWANCE
    waiting: int = 1
    _made: dict[tuple[int, Hashable], tuple[Graph, Graph | None]] = field(default_factory=dict)
    _found: dict[int, tuple[Graph, tuple[Composite, ...]]] = field(default_factory=dict)
    _norms: dict[int, tuple[Graph, tuple[BatchNorm, ...]]] = field(default_factory=dict)
    _macs: dict[Node, int] = field(default_factory=dict)

    def knows(self, graph: Graph, composites: tuple[Composite, ...]) -> None:
        """Take in what was recognised before."""
        self.original = id(graph)
        self._found[id(graph)] = (graph, composites)

    def composites(self, graph: Graph) -> tuple[Composite, ...]:
        """Return what is recognised in a graph."""
        found = self._found.get(id(graph))
        if found is None:
            found = self._found[id(graph)] = (graph, raise_composites(graph))
        return found[1]

    def work(self, graph: Graph) -> int:
        """Return how much work it is to judge a graph, in nodes: to place it, to recognise layers, to ask new nodes."""
        nodes = max(1, len(graph.nodes))
        if id(graph) in self._found:
            return nodes
        return (1 + RECOGNITION) * nodes + NEW_NODE * sum(node not in self._macs for node in graph.nodes)

    def norms(self, graph: Graph) -> tuple[BatchNorm, ...]:
        """Return what becomes of each batch normalisation of a graph."""
        found = self._norms.get(id(graph))
        if found is None:
            found = self._norms[id(graph)] = (graph, batchnorm.judge(graph, self.composites(graph)))
        return found[1]

    def made(self, graph: Graph, candidate: Candidate) -> Graph | None:
        """Return the graph after a change; None where it is impossible."""
        key = (id(graph), candidate.key)
        found = self._made.get(key)
        if found is None:
            changed = candidate.make()
            invalid = changed is not None and any(problem.invalid for problem in changed.problems)
            found = self._made[key] = (graph, None if invalid else changed)
        return found[1]

    def fair(self, nodes: int) -> int:
        """Return how much the next target may spend; enough for a changed graph in any case."""
        share = max(self.left // max(1, self.waiting), 2 * nodes)
        self.waiting -= 1
        return share

    def state(self, graph: Graph, target: Target, precision: str) -> State:
        """Place a graph."""
        composites = self.composites(graph)
        return self.judged(place(graph, composites, target, precision), composites)

    def judged(self, placements: Placements, composites: tuple[Composite, ...]) -> State:
        """Return placements with what they come to."""
        return State(placements, composites, self._outcome(placements))

    def macs(self, node: Node) -> int:
        """Return the multiply-accumulates of a node; 0 where they are not known."""
        found = self._macs.get(node)
        if found is None:
            found = self._macs[node] = macs_of(node) or 0
        return found

    def _outcome(self, placements: Placements) -> Outcome:
        pieces = groups(placements)
        taken = [node for device, nodes in pieces if device == "accelerator" for node in nodes]
        total = sum(self.macs(node) for node in placements.graph.nodes)
        if total:
            share = sum(self.macs(node) for node in taken) / total
        else:
            share = len(taken) / (len(placements.graph.nodes) or 1)
        host = len(placements.graph.nodes) - len(taken)
        return Outcome(answer(placements), _refusals(placements), share, len(pieces), host)


def _refusals(placements: Placements) -> int:
    """Count what ends the build or leaves it open: rules of the file, and operators with their status."""
    whole = placements.target.partition == "whole"
    rules = sum(1 for each in placements.file if each.failed or each.unsure)
    kinds = set()
    for placement in placements.compute:
        refuses = placement.status in {Status.UNSUPPORTED, Status.UNKNOWN}
        if refuses or (whole and not placement.status.taken):
            kinds.add((placement.op, placement.status))
    return rules + len(kinds)
