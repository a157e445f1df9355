"""The facts of every node of a graph, made once and asked by every target.

Two targets whose tables hold the same line about the same node get the same answer, so answers are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from checker.constraint import Answer, Constraint, check, here
from checker.facts import Facts, Recipe
from checker.graph import Composite, Graph, Node


@dataclass(slots=True, eq=False)
class Subject:
    """A node or composite as constraints see it, with the answers that were given already."""

    facts: Facts
    answers: dict[str, Answer] = field(default_factory=dict)

    def answer(self, constraint: Constraint) -> Answer:
        """Answer a constraint."""
        found = self.answers.get(constraint.text)
        if found is None:
            found = self.answers[constraint.text] = check(constraint, self.facts)
        return found

    def here(self, constraint: Constraint) -> str:
        """Write the facts that a constraint reads."""
        return here(constraint, self.facts)


@dataclass(slots=True, eq=False)
class Situation:
    """A graph and its composites in a build of one precision.

    ``covering``: the composites that cover a node, by the node's ``id``.
    """

    graph: Graph
    precision: str
    recipe: Recipe | None
    covering: Mapping[int, tuple[Composite, ...]]
    subjects: dict[int, Subject] = field(default_factory=dict)
    kept: list[object] = field(default_factory=list)

    def of_node(self, node: Node, graph: Graph) -> Subject:
        """Return what is known of a node of the graph, or of a body in it."""
        found = self.subjects.get(id(node))
        if found is None:
            around = frozenset(c.kind for c in self.covering.get(id(node), ()) if len(c.covers) > 1)
            found = Subject(self._facts(graph, node, around=around))
            self._keep(node, found)
        return found

    def of_composite(self, composite: Composite, graph: Graph) -> Subject:
        """Return what is known of a composite, as one call of the newest operator of its name."""
        found = self.subjects.get(id(composite))
        if found is None:
            first = self.covering.get(id(composite.covers[0]), ())
            around = frozenset(c.kind for c in first if len(c.covers) > len(composite.covers))
            opset = graph.opsets.get("") or self.graph.opsets.get("")
            facts = Facts(
                graph=graph,
                node=composite.node,
                precision=self.precision,
                form=composite.form,
                variant=composite.variant,
                around=around,
                covering=self.covering,
                recipe=self.recipe,
                file=self.graph,
                opset=opset,
            )
            found = Subject(facts)
            self._keep(composite, found)
        return found

    def of_file(self) -> Subject:
        """Return what is known of the file as a whole."""
        found = self.subjects.get(id(self))
        if found is None:
            found = self.subjects[id(self)] = Subject(self._facts(self.graph, None))
        return found

    def _facts(self, graph: Graph, node: Node | None, around: frozenset[str] = frozenset()) -> Facts:
        return Facts(
            graph=graph,
            node=node,
            precision=self.precision,
            around=around,
            covering=self.covering,
            recipe=self.recipe,
            file=self.graph,
        )

    def _keep(self, item: object, subject: Subject) -> None:
        self.kept.append(item)  # an id is only good while its object lives
        self.subjects[id(item)] = subject


@lru_cache(maxsize=32)
def situation(graph: Graph, composites: tuple[Composite, ...], precision: str, recipe: Recipe | None) -> Situation:
    """Return the facts of a graph in a build of some precision; the same object for the same question."""
    return Situation(graph, precision, recipe, _covering(composites))


def _covering(composites: Sequence[Composite]) -> Mapping[int, tuple[Composite, ...]]:
    found: dict[int, list[Composite]] = {}
    for composite in every_level(composites):
        for node in composite.covers:
            found.setdefault(id(node), []).append(composite)
    return {key: tuple(sorted(each, key=lambda c: -len(c.covers))) for key, each in found.items()}


def every_level(composites: Sequence[Composite]) -> tuple[Composite, ...]:
    """Return composites and their parts, each once, those that cover more nodes first."""
    found: dict[int, Composite] = {}
    waiting = list(composites)
    while waiting:
        composite = waiting.pop(0)
        if id(composite) not in found:
            found[id(composite)] = composite
            waiting += composite.parts
    return tuple(sorted(found.values(), key=lambda c: (-len(c.covers), c.node.index)))
