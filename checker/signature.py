"""What a place in a network is called when names do not count: what stands around it, and its module path.

Two releases of one model have other node names and other positions, so a finding is recognised again by the operator,
by what feeds it and what it feeds (layout operators are looked through, since another exporter or opset writes others),
and by the module that it came from, with every number as ``#``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from checker.graph import Composite, Graph, Node, Value

LAYOUT = frozenset(
    {
        "Cast", "CastLike", "DequantizeLinear", "Dropout", "Flatten", "Identity", "QuantizeLinear", "Reshape",
        "Squeeze", "Transpose", "Unsqueeze",
    }
)  # fmt: skip
"""Operators that change no number but for rounding."""

NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Place:
    """One operator or composite in a network, without its name.

    ``structure``: ``"Conv > Relu > MaxPool"``: what feeds it, the operator, what it feeds.  ``scope``: module path with
    numbers as ``#``, empty where the exporter left none.  ``nodes``: names in this file.
    """

    op: str
    structure: str
    scope: str
    nodes: tuple[str, ...]


def plain_scope(scope: str) -> str:
    """Write a module path without its numbers: ``layers.#.attn``."""
    return NUMBERS.sub("#", scope)


@dataclass(frozen=True, eq=False)
class Signatures:
    """Names the places of one graph."""

    graph: Graph
    composites: Sequence[Composite] = ()

    def places(self, names: Iterable[str]) -> tuple[Place, ...]:
        """Return the places that some nodes make up; a composite that is there as a whole is one place.

        Names that are in no compute graph any more (folded nodes) are a place of their own, without surroundings.
        """
        wanted = dict.fromkeys(names)
        waiting = dict(wanted)
        found: list[Place] = []
        for name in wanted:
            if name not in waiting:
                continue
            node = self._nodes.get(name)
            whole = next((c for c in self._around(node) if all(n.name in waiting for n in c.covers)), None)
            covers = whole.covers if whole is not None else (node,) if node is not None else ()
            for covered in covers:
                waiting.pop(covered.name, None)
            waiting.pop(name, None)
            if node is None:
                found.append(Place("", "", "", (name,)))
                continue
            op = whole.kind if whole is not None else node.qualified
            scope = plain_scope(whole.scope if whole is not None else node.scope)
            found.append(Place(op, self._structure(op, covers), scope, tuple(n.name for n in covers)))
        return tuple(found)

    @cached_property
    def _every(self) -> tuple[Node, ...]:
        return tuple(self.graph.walk())

    @cached_property
    def _nodes(self) -> dict[str, Node]:
        return {node.name: node for node in self._every}

    @cached_property
    def _producers(self) -> dict[str, Node]:
        return {value.name: node for node in self._every for value in node.outputs if value is not None}

    @cached_property
    def _users(self) -> dict[str, list[Node]]:
        users: dict[str, list[Node]] = {}
        for node in self._every:
            for value in (*node.inputs, *node.implicit):
                if value is not None:
                    users.setdefault(value.name, []).append(node)
        return users

    @cached_property
    def _members(self) -> dict[int, list[Composite]]:
        """The composites that a node belongs to, the largest first."""
        members: dict[int, list[Composite]] = {}
        for composite in sorted(self.composites, key=lambda each: -len(each.covers)):
            for node in composite.covers:
                members.setdefault(id(node), []).append(composite)
        return members

    def _around(self, node: Node | None) -> Sequence[Composite]:
        return () if node is None else self._members.get(id(node), ())

    def _structure(self, op: str, covers: Sequence[Node]) -> str:
        inside = {id(node) for node in covers}
        fed = {
            word
            for node in covers
            for value in (*node.inputs, *node.implicit)
            if value is not None and not value.constant
            for word in self._before(value, inside)
        }
        feeds = {
            word
            for node in covers
            for value in node.outputs
            if value is not None
            for word in self._after(value, inside, set())
        }
        return " > ".join((", ".join(sorted(fed)) or "-", op, ", ".join(sorted(feeds)) or "-"))

    def _before(self, value: Value, inside: set[int]) -> Iterator[str]:
        """Yield what computes a value, unless it is one of the nodes themselves."""
        producer = self._producers.get(value.name)
        seen: set[int] = set()
        while producer is not None and producer.op in LAYOUT and id(producer) not in inside | seen:
            seen.add(id(producer))
            value = next((each for each in producer.inputs if each is not None and not each.constant), value)
            producer = self._producers.get(value.name)
        if producer is None:
            yield "input"
        elif id(producer) not in inside:
            yield self._name(producer, inside)

    def _after(self, value: Value, inside: set[int], seen: set[str]) -> Iterator[str]:
        """Yield what takes a value, layout operators looked through."""
        if value.name in seen:
            return
        seen.add(value.name)
        if self.graph.is_output(value):
            yield "output"
        for user in self._users.get(value.name, ()):
            if id(user) in inside:
                continue
            if user.op not in LAYOUT:
                yield self._name(user, inside)
                continue
            for result in user.outputs:
                if result is not None:
                    yield from self._after(result, inside, seen)

    def _name(self, node: Node, inside: set[int]) -> str:
        """Name a neighbour: the largest layer that it belongs to and the place itself does not, else its operator."""
        for composite in self._around(node):
            if not any(id(covered) in inside for covered in composite.covers):
                return composite.kind
        return node.qualified
