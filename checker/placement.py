"""What becomes of each node on a target, and why, as records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from checker.graph import Composite, Folded, Graph, Node
from checker.target import GRADES, Grade, Insert, ModelRule, Row, Source, Status, Target


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that a node does not meet, or of which the model does not say whether it does.

    ``text``: the constraint as the table has it.  ``here``: the model's own figures.  ``change``: what cures it.
    """

    text: str
    here: str
    sources: tuple[Source, ...] = ()
    change: str = ""

    @property
    def sentence(self) -> str:
        """The explanation, as one sentence."""
        return f"needs `{self.text}`" + (f"; here {self.here}" if self.here else "")


@dataclass(frozen=True, eq=False)
class Placement:
    """What becomes of one node, or of one composite as a whole.

    ``row``: the row that decided (``decided``), or the one that came nearest.  ``conditions``: what made a row that
    refuses apply.  ``failed`` and ``unsure``: conditions of ``row``.  ``worst``: the worst that an UNKNOWN can turn out
    to be.  ``parts``: where an operator is expanded into its function body, what becomes of the parts.
    """

    item: Node | Composite | Folded
    status: Status
    row: Row | None = None
    decided: bool = False
    failed: tuple[Unmet, ...] = ()
    unsure: tuple[Unmet, ...] = ()
    conditions: tuple[Unmet, ...] = ()
    grade: Grade | None = None
    worst: Status = Status.UNKNOWN
    parts: tuple[Placement, ...] = ()
    listed: bool = True

    def at(self, item: Node | Composite | Folded) -> Placement:
        """Return what becomes of another item that is alike.

        Written out, since ``dataclasses.replace`` takes ten times as long, and a network has thousands of nodes.
        """
        return Placement(
            item,
            self.status,
            self.row,
            self.decided,
            self.failed,
            self.unsure,
            self.conditions,
            self.grade,
            self.worst,
            self.parts,
            self.listed,
        )

    @property
    def name(self) -> str:
        """Name in the report: the node's own, for a composite that of the node that computes its result."""
        return self.item.node.name if isinstance(self.item, Composite) else self.item.name

    @property
    def op(self) -> str:
        """Operator (with a domain that is not the ONNX domain), or kind of composite."""
        if isinstance(self.item, Composite):
            return self.item.kind
        return f"{self.item.domain}.{self.item.op}" if self.item.domain else self.item.op

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that it stands for; none for one that was folded."""
        if isinstance(self.item, Composite):
            return self.item.covers
        return (self.item,) if isinstance(self.item, Node) else ()

    @cached_property
    def covers(self) -> tuple[str, ...]:
        """Names of the nodes of the file that it stands for."""
        return tuple(node.name for node in self.nodes) or (self.name,)

    @property
    def inserts(self) -> tuple[Insert, ...]:
        """What the compiler adds around it."""
        return self.row.inserts if self.row and self.decided else ()

    @property
    def runs_as(self) -> str:
        """The precision that it runs in where that is not the one asked for."""
        return self.row.runs_as if self.row and self.decided else ""

    @property
    def into(self) -> tuple[str, ...]:
        """What the compiler makes of it: as the row says, or the operators of its function body."""
        if self.parts:
            return tuple(dict.fromkeys(part.op for part in self.parts))
        return self.row.into if self.row and self.decided and self.status.taken else ()

    @property
    def change(self) -> str:
        """What the table says would cure a refusal; empty where it names nothing."""
        if self.status.taken:
            return ""
        cures = [unmet.change for unmet in (*self.failed, *self.unsure) if unmet.change]
        return (self.row.change if self.row else "") or next(iter(cures), "")

    def why(self) -> str:
        """Say in one line why it is placed so."""
        if isinstance(self.item, Folded):
            return f"vanishes at compile time ({self.item.reason})"
        if self.unsure:
            return "the model does not say: " + "; ".join(unmet.sentence for unmet in self.unsure)
        if self.failed:
            return "; ".join(unmet.sentence for unmet in self.failed)
        if self.parts:
            worst = [part for part in self.parts if part.status is self.status and not part.status.taken]
            into = ", ".join(dict.fromkeys(part.op for part in self.parts))
            inside = f": {worst[0].op} {worst[0].why()}" if worst else ""
            return f"expanded into {into}{inside}"
        if not self.listed:
            return "not listed"
        if self.conditions:
            stated = "; ".join(f"`{each.text}`; here {each.here}" for each in self.conditions)
            return f"{self.status.value} where {stated}"
        if self.status is Status.UNKNOWN:
            note = f": {self.row.note}" if self.row and self.row.note else ""
            return f"listed, but the source does not say under which conditions{note}"
        return f"listed as {self.status.value}"


@dataclass(frozen=True, eq=False)
class FileAnswer:
    """What the file says to one ``[[model]]`` entry: conditions failed, and those of which it does not say."""

    rule: ModelRule
    failed: tuple[Unmet, ...] = ()
    unsure: tuple[Unmet, ...] = ()


@dataclass(frozen=True, eq=False)
class Placements:
    """Every node of a file on one target.

    ``precision``: what was asked for.  ``offered``: whether the target has it; where not, nothing is placed.
    """

    target: Target
    graph: Graph
    precision: str
    items: tuple[Placement, ...] = ()
    file: tuple[FileAnswer, ...] = ()
    offered: bool = True

    def __iter__(self) -> Iterator[Placement]:
        """Yield the placements, in file order."""
        return iter(self.items)

    @cached_property
    def compute(self) -> tuple[Placement, ...]:
        """Placements of the nodes that are left after folding."""
        return tuple(placement for placement in self.items if not isinstance(placement.item, Folded))

    @cached_property
    def by_node(self) -> dict[int, Placement]:
        """The placement of each compute node, by the node's ``id``."""
        return {id(node): placement for placement in self.items for node in placement.nodes}

    def left(self, rule: ModelRule) -> tuple[str, ...]:
        """Return those operators of the file that an entry about it leaves to the host."""
        nodes: tuple[Node | Folded, ...] = (*self.graph.walk(), *self.graph.folded)
        there = {f"{each.domain}.{each.op}" if each.domain else each.op for each in nodes}
        return tuple(op for op in rule.host if op in there)

    def counts(self) -> dict[str, int]:
        """Number of nodes of the file by status; a composite counts for all that it covers."""
        found = {status.value: 0 for status in Status}
        for placement in self.items:
            found[placement.status.value] += max(1, len(placement.nodes))
        return found


def weakest_grade(grades: Iterator[Grade | None] | tuple[Grade | None, ...]) -> Grade | None:
    """Return the weakest of some grades; None for none."""
    known = [grade for grade in grades if grade is not None]
    return max(known, key=GRADES.index, default=None)
