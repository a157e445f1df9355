"""What a rule looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from checker.batchnorm import BatchNorm
    from checker.graph import Array, Composite, Graph, Value
    from checker.resolution import Resolution
    from checker.target import Target

Severity = Literal["error", "warning", "info"]
Confidence = Literal["high", "medium", "low"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reader should know about the file, and what to do about it.

    ``rule``: the rule's id, which is also its documentation page.  ``nodes``: names in the file.  ``target``: id of the
    target that it concerns, None when it holds for the file as such.  ``fix``: what to do, empty when nothing can be.
    """

    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    nodes: tuple[str, ...] = ()
    fix: str = ""
    target: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """Everything that a rule may look at: the graph, its layers, its BatchNorms, what other sizes do, the targets."""

    graph: Graph
    composites: tuple[Composite, ...] = ()
    batchnorms: tuple[BatchNorm, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    resolution: Resolution | None = None
    precisions: frozenset[str] = frozenset()
    read: Callable[[Value], Array | None] | None = None
    targets: tuple[Target, ...] = ()

    def in_precision(self, precision: str) -> bool:
        """Tell whether a build in that precision is in question; where nothing is said of any, every one is."""
        return not self.precisions or precision in self.precisions


@dataclass(frozen=True, slots=True)
class Rule:
    """A check with its id and documentation (the docstring of the module that defines it)."""

    id: str
    doc: str
    check: Callable[[Subject], Iterable[Finding]]


def listed(names: Iterable[str], limit: int = 3) -> str:
    """Write names for a message: the first few, and how many more there are."""
    every = list(names)
    shown = ", ".join(every[:limit])
    return shown if len(every) <= limit else f"{shown} and {len(every) - limit} more"
