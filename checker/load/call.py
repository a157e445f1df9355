"""What the pass over the graph leaves behind, before it is frozen into records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.load.fact import Fact
    from checker.load.order import Raw
    from checker.schema import Schema


@dataclass(slots=True, eq=False)
class Call:
    """A node that stays.

    ``schema`` is that of the declared opset, or the newest one when that opset has no such operator; ``since`` tells
    which.  ``bodies``: what the pass left of the node's subgraphs.  ``implicit``: outer facts that they use.
    """

    raw: Raw
    name: str
    index: int
    schema: Schema | None
    since: int
    attrs: dict[str, Any]
    inputs: list[Fact | None]
    outputs: list[Fact | None]
    bodies: Mapping[str, Body] = field(default_factory=dict)
    implicit: list[Fact] = field(default_factory=list)
    shape_arithmetic: bool = False


@dataclass(slots=True, eq=False)
class Body:
    """A graph after the pass: inputs, calls that stay, outputs (name in the file and fact), stored weights."""

    name: str
    inputs: list[Fact]
    calls: list[Call]
    outputs: list[tuple[str, Fact]]
    stored: list[Fact]
    aliases: dict[str, str]


@dataclass(slots=True, eq=False)
class Scope:
    """Names of a graph, looked up inside out.  ``used``: how often the file uses each name of this graph."""

    names: dict[str, Fact]
    used: Mapping[str, int]
    declared: Mapping[str, Any]
    outer: Scope | None = None
    prefix: str = ""

    def find(self, name: str) -> Fact | None:
        """Return the fact behind a name, None where there is none."""
        scope: Scope | None = self
        while scope is not None:
            fact = scope.names.get(name)
            if fact is not None:
                return fact
            scope = scope.outer
        return None

    def all_names(self) -> set[str]:
        """Return every name that can be seen from here."""
        found = set(self.names)
        return found if self.outer is None else found | self.outer.all_names()
