"""The facts of every node of a graph, made once and asked by every target.

Two targets whose tables hold the same line about the same node get the same answer, so answers are kept.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from checker.constraint import Answer, Constraint, check, here
from checker.facts import Facts, Recipe, is_quantized
from checker.graph import Composite, Graph, Node
from checker.likeness import Likeness, likeness


@dataclass(slots=True, eq=False)
class Subject:
    """A node or composite as constraints see it, with the answers that were given already.

    ``alike``: answers that it shares with all nodes that are alike.
    """

    facts: Facts
    alike: dict[str, Answer] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)

    def answer(self, constraint: Constraint) -> Answer:
        """Answer a constraint."""
        known = self.alike if constraint.local else self.answers
        found = known.get(constraint.text)
        if found is None:
            found = known[constraint.text] = check(constraint, self.facts)
        return found

    def here(self, constraint: Constraint) -> str:
        """Write the facts that a constraint reads."""
        return here(constraint, self.facts)


@dataclass(slots=True, eq=False)
class Situation:
    """A graph and its composites in a build of one precision.

    ``covering``: the composites that cover a node, by the node's ``id``.  ``setting``: what the answers to constraints
    on a node alone depend on beside the node.
    """

    graph: Graph
    precision: str
    recipe: Recipe | None
    covering: Mapping[int, tuple[Composite, ...]]
    setting: Hashable = ()
    subjects: dict[int, Subject] = field(default_factory=dict)
    kept: list[object] = field(default_factory=list)

    def of_node(self, node: Node, graph: Graph) -> Subject:
        """Return what is known of a node of the graph, or of a body in it."""
        found = self.subjects.get(id(node))
        if found is None:
            around = frozenset(c.kind for c in self.covering.get(id(node), ()) if len(c.covers) > 1)
            found = Subject(self._facts(graph, node, around=around), self.alike(node).of(self.setting))
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
                covers=composite.covers,
            )
            found = Subject(facts, self.alike(composite).of(self.setting))
            self._keep(composite, found)
        return found

    def of_file(self) -> Subject:
        """Return what is known of the file as a whole."""
        found = self.subjects.get(id(self))
        if found is None:
            found = self.subjects[id(self)] = Subject(self._facts(self.graph, None))
        return found

    def surroundings(self, node: Node, graph: Graph) -> Hashable:
        """Return what is next to a node, as far as a constraint can see it: neighbours, edges of the file, layers."""
        inputs = [value for value in node.inputs if value is not None]
        outputs = [value for value in node.outputs if value is not None]
        before = [graph.producer_of(value) for value in inputs]
        after = [graph.users_of(value) for value in outputs]
        seen = (node, *(each for each in before if each is not None), *(each for users in after for each in users))
        layers = tuple(
            tuple((c.kind, len(c.covers), id(c.covers[0])) for c in self.covering.get(id(each), ())) for each in seen
        )
        edges = (tuple(map(graph.is_input, inputs)), tuple(map(graph.is_output, outputs)))
        return (tuple(before), tuple(after), edges, layers)

    def alike(self, item: Node | Composite) -> Likeness:
        """Return what a node or composite shares with all that are alike."""
        if isinstance(item, Composite):
            return likeness(item.node, item.form, item.variant)
        return likeness(item)

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
    return Situation(graph, precision, recipe, _covering(composites), (precision, recipe, is_quantized(graph)))


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
