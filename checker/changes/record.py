"""What a change is, what it makes of a file, and how two outcomes compare."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from checker.answer import Answer
from checker.graph import Composite, Graph
from checker.placement import Placement, Placements
from checker.target import Status

Effort = Literal["nothing", "re-export", "edit the file", "accuracy check", "retraining"]
"""What a change asks of whoever makes it, apart from making it."""

EFFORTS: Final[tuple[Effort, ...]] = ("nothing", "edit the file", "re-export", "accuracy check", "retraining")
"""The least first."""

WORTH: Final = 0.005
"""Share of the work that more on the accelerator is worth telling."""

PIECES_WORTH: Final = 0.1
"""Share of the segments that fewer are worth telling."""

Make = Callable[[], Graph | None]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A change that may help.

    ``name``: short.  ``what``: what to do, as a sentence without a full stop.  ``cost``: what it asks.  ``key``: what
    tells it from other changes of the same graph.  ``make``: returns the changed graph, None where the change turns out
    to be impossible.  ``nodes``: names of those concerned.  ``precision``: another than the one asked for.
    """

    name: str
    what: str
    cost: Effort
    key: Hashable
    make: Make
    nodes: tuple[str, ...] = ()
    precision: str = ""


_RANKS: Final = {Answer.READY: 0, Answer.READY_WITH_FALLBACK: 1, Answer.UNKNOWN: 2, Answer.BLOCKED: 3}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a file fares on a target.

    ``refusals``: kinds of reasons that end the build, or leave it open.  ``share``: of the MACs on the accelerator (of
    the nodes where MACs are not known), 0 to 1.  ``segments``: runs of nodes on one device.  ``host``: nodes that
    are not on the accelerator.
    """

    answer: Answer
    refusals: int
    share: float
    segments: int
    host: int

    @property
    def rank(self) -> tuple[float, ...]:
        """The smaller the better: the answer, what stands in the way of a better one, the work, the pieces."""
        return (_RANKS[self.answer], self.refusals, -round(self.share, 3), self.segments, self.host)

    def leads_beyond(self, other: Outcome) -> bool:
        """Tell whether a change on top of others is worth making: less stands in the way, or an improvement to tell."""
        return self.rank[:2] < other.rank[:2] or self.betters(other)

    def betters(self, other: Outcome) -> bool:
        """Tell whether this is worth reporting as an improvement: the answer, the share of the work, or the pieces."""
        mine, theirs = _RANKS[self.answer], _RANKS[other.answer]
        if mine != theirs:
            return mine < theirs
        if self.answer is not Answer.READY_WITH_FALLBACK:
            return False
        gained = self.share - other.share
        return gained > WORTH or (gained > -WORTH and self.segments < (1 - PIECES_WORTH) * other.segments)


@dataclass(frozen=True, eq=False)
class State:
    """A graph, changed or not, placed on a target."""

    placements: Placements
    composites: tuple[Composite, ...]
    outcome: Outcome

    @property
    def graph(self) -> Graph:
        """The graph."""
        return self.placements.graph

    @property
    def opset(self) -> int:
        """The import of the ONNX domain."""
        return self.graph.opsets.get("", 0)

    @cached_property
    def trouble(self) -> tuple[Placement, ...]:
        """Placements that keep the file from READY.  Where the file is refused, those that refuse it."""
        whole = self.placements.target.partition == "whole"
        found = [placement for placement in self.placements.compute if _troubles(placement)]
        if self.outcome.answer is Answer.BLOCKED:
            refusing = [p for p in found if whole or p.status is Status.UNSUPPORTED or p.worst is Status.UNSUPPORTED]
            return tuple(refusing or found)
        return tuple(found)

    @cached_property
    def troubled(self) -> frozenset[int]:
        """The nodes of these, by ``id``."""
        return frozenset(id(node) for placement in self.trouble for node in placement.nodes)


def _troubles(placement: Placement) -> bool:
    return not placement.status.taken or any(insert.on == "host" for insert in placement.inserts)
