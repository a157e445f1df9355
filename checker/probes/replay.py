"""What our tables say of the cases that a compiler was asked about; no compiler is needed.

The evidence of a target is every evidence file in ``opsets/evidence/<target>/``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from checker.answer import Answer, answer
from checker.composites import raise_composites
from checker.constraint import NO, YES, Constraint
from checker.expand import body_of
from checker.graph import Composite, Graph, Node
from checker.load import load_model
from checker.place import place
from checker.placement import Placement, Placements
from checker.probes import evidence
from checker.probes.cases import build
from checker.probes.evidence import Record
from checker.situation import Situation, Subject, every_level, situation
from checker.target import Row, Status, Target

AGREES: Final[Mapping[str, frozenset[Answer]]] = {
    "native": frozenset({Answer.READY}),
    "decomposed": frozenset({Answer.READY}),
    "host": frozenset({Answer.READY_WITH_FALLBACK}),
    "refused": frozenset({Answer.BLOCKED, Answer.NEEDS_CHANGES}),
    "compiler-error": frozenset({Answer.BLOCKED, Answer.NEEDS_CHANGES}),
}
"""What each answer to a small model says of the file; a crash, a hang and what was not asked say nothing."""

NETWORK_CLASS: Final[Mapping[Answer, str]] = {
    Answer.READY: "ALL",
    Answer.READY_WITH_FALLBACK: "PARTIAL",
    Answer.BLOCKED: "REFUSED",
    Answer.NEEDS_CHANGES: "REFUSED",
    Answer.UNKNOWN: "UNKNOWN",
}
"""What a verdict on a network is called where it is compared with a compiler's."""


def evidence_of(target: Target) -> tuple[Path, ...]:
    """Return a target's own evidence files; empty for one that nothing was measured of."""
    folder = evidence.folder() / target.id
    return evidence.files(folder) if folder.is_dir() else ()


@dataclass(frozen=True, eq=False)
class Replay:
    """One observation, and the same model placed."""

    record: Record
    graph: Graph
    composites: tuple[Composite, ...]
    target: Target
    precision: str

    @cached_property
    def placements(self) -> Placements:
        """Where our table puts each node."""
        return place(self.graph, self.composites, self.target, self.precision)

    @cached_property
    def answer(self) -> Answer:
        """What our table says of the file, without changes."""
        return answer(self.placements)

    @property
    def network_class(self) -> str:
        """What our verdict on a network is called where it is compared with a compiler's."""
        return NETWORK_CLASS[self.answer]

    @property
    def agrees(self) -> bool | None:
        """Whether that is what the compiler said of a small model; None where it said nothing that counts."""
        means = AGREES.get(str(self.record["answer"]))
        return None if means is None or self.record.get("variant") else self.answer in means

    @property
    def culprits(self) -> frozenset[str]:
        """What we put on the host, or say refuses the file; ``inserted:`` before what the compiler would add there.

        A composite is named as the compiler names it: as one, or by those of its parts that are among its culprits; an
        operator that the compiler turned into another one as that, where it names that one.
        What is added is named without ``inserted:`` where the compiler makes no difference.
        """
        found = self.placements.compute
        if self.answer is Answer.BLOCKED:
            return self._named(each for each in found if each.status is Status.UNSUPPORTED)
        if any(each.failed for each in self.placements.file if each.rule.otherwise == "all-fallback"):
            return self._named(found)
        beside = {op for each in self.placements.file if each.failed for op in self.placements.left(each.rule)}
        inserted = {insert.op for each in found for insert in each.inserts if insert.on == "host"}
        plain = {op for op in inserted & self.theirs if f"inserted:{op}" not in self.theirs}
        added = plain | {f"inserted:{op}" for op in inserted - plain}
        return self._named(each for each in found if each.status is Status.FALLBACK) | added | beside

    @property
    def theirs(self) -> frozenset[str]:
        """What the compiler put on the host or named; an operator that it made itself of several stands for those.

        For those that the file has, where it has some of them.
        """
        named = {each["op"] for each in self.record.get("culprits") or ()}
        written = {node.qualified for node in self.graph.walk()}
        for path in evidence_of(self.target):
            for made, parts in evidence.fused_of(path.name.rpartition("-")[0]).items():
                if made in named - written:
                    named = named - {made} | (parts & written or parts)
        return frozenset(named)

    def _named(self, found: Iterable[Placement]) -> frozenset[str]:
        theirs = self.theirs
        tools = {path.name.rpartition("-")[0] for path in evidence_of(self.target)}
        becomes = {op: made for tool in sorted(tools) for op, made in evidence.becomes_of(tool).items()}
        names: set[str] = set()
        for each in found:
            parts = theirs.intersection((*_within(each, self.graph), becomes.get(each.op, each.op)))
            inside = theirs.intersection(_bodies(each))
            names.update((parts if parts and each.op not in theirs else {each.op}) | inside)
        return frozenset(names)


def _within(placement: Placement, graph: Graph) -> Iterator[str]:
    """Yield what a layer consists of in the file, or else what ONNX says that its operator does."""
    yield from (node.qualified for node in placement.nodes)
    if len(placement.nodes) == 1 and isinstance(placement.nodes[0], Node):
        body = body_of(placement.nodes[0], graph.opsets.get("", 0))
        yield from (node.qualified for node in body.walk()) if body else ()


def _bodies(placement: Placement) -> Iterator[str]:
    """Yield what is inside of a branch or loop: on the host with it."""
    for node in placement.nodes:
        for body in node.bodies.values() if isinstance(node, Node) else ():
            yield from (inner.qualified for inner in body.walk())


def replay(model: Any, record: Record, target: Target) -> Replay:
    """Return an observation beside the model that it is about.

    Args:
        model: a ModelProto or its bytes.
        record: an op or network record; its precision is asked for where the target offers it.
        target: the target.
    """
    graph = model if isinstance(model, Graph) else load_model(model)
    precision = str(record["precision"])
    return Replay(record, graph, tuple(raise_composites(graph)), target, precision)


def small(target: Target) -> Iterator[Replay]:
    """Yield every one-operator observation of a target, beside what the table says."""
    for path in evidence_of(target):
        for record in evidence.read(path).ops:
            yield replay(build(dict(record["asked"])), record, target)


def networks(target: Target, graph_of: Callable[[str], Graph | None]) -> Iterator[Replay]:
    """Yield the observations of networks as their files are, beside what the table says.

    Crashes, timeouts and what was observed with a workaround or with sizes pinned are left out.

    Args:
        target: the target.
        graph_of: returns a network's graph by the stem of its file; None where it is not at hand.
    """
    for path in evidence_of(target):
        for record in evidence.read(path).networks:
            name = record["network"]
            if record["answer"] not in NETWORK_CLASS.values() or record.get("variant") or name.endswith("__fixedshape"):
                continue
            graph = graph_of(name) or graph_of(f"shipped__{name}")
            if graph is not None:
                yield replay(graph, record, target)


@dataclass(slots=True)
class Sides:
    """How often a constraint was seen to hold and to fail in what a compiler was asked."""

    yes: int = 0
    no: int = 0

    @property
    def both(self) -> bool:
        """Whether it was seen to do both."""
        return bool(self.yes and self.no)


@dataclass(slots=True)
class Coverage:
    """For each constraint of a target's own rows: on which sides of it there are observations.

    Keys: ``"<op>: <constraint>"``, once where several rows of an operator have the same line; file and always entries
    begin with ``model`` and ``always``.
    """

    target: Target
    sides: dict[str, Sides] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """List every constraint of the target's measured rows."""
        for row in self.rows():
            self.sides.update((self.key(row.op, each), Sides()) for each in row.constraints)
        for name, rules in (("model", self.target.model), ("always", self.target.always)):
            for rule in rules:
                if rule.table == self.target.id and any(source.kind == "probe" for source in rule.sources):
                    self.sides.update((self.key(name, each), Sides()) for each in rule.constraints)

    @property
    def one_sided(self) -> dict[str, Sides]:
        """Constraints that were not seen to do both."""
        return {key: sides for key, sides in self.sides.items() if not sides.both}

    def rows(self) -> Iterator[Row]:
        """Yield the rows that rest on a probe and stand in the target's own file."""
        for row in self.target.rows:
            if row.table == self.target.id and any(source.kind == "probe" for source in row.sources):
                yield row

    @staticmethod
    def key(name: str, constraint: Constraint) -> str:
        """Return what a constraint is called in a report."""
        return f"{name}: {constraint.text}"

    def add(self, seen: Replay) -> None:
        """Count one observation."""
        for key, holds in self.told(seen):
            self.sides[key].yes += holds
            self.sides[key].no += not holds

    def told(self, seen: Replay) -> Iterator[tuple[str, bool]]:
        """Yield each constraint that an observation says something of, and whether it holds.

        Those that were counted on both sides before are left out.
        """
        around = situation(seen.graph, seen.composites, seen.precision, self.target.quantization)
        for rule in self.target.model:
            yield from self._ask("model", rule.constraints, around.of_file())
        for composite in every_level(seen.composites):
            subject = around.of_composite(composite, seen.graph)
            yield from self._item(composite.kind, "decomposed", composite.covers, subject, around)
        for node in seen.graph.walk():
            yield from self._item(node.qualified, "operator", (node,), around.of_node(node, seen.graph), around)

    def _item(
        self, op: str, form: str, nodes: tuple[Node, ...], subject: Subject, around: Situation
    ) -> Iterator[tuple[str, bool]]:
        for row in self.target.by_op.get(op, ()):
            speaks = row.form in {None, form} and around.precision in (row.precision or (around.precision,))
            if speaks and all(row.since is None or node.since in row.since for node in nodes):
                yield from self._ask(row.op, row.constraints, subject)
        for rule in self.target.always:
            if op in self.target.by_op:
                yield from self._ask("always", rule.constraints, subject)

    def _ask(self, name: str, constraints: tuple[Constraint, ...], subject: Subject) -> Iterator[tuple[str, bool]]:
        for constraint in constraints:
            key = self.key(name, constraint)
            sides = self.sides.get(key)
            if sides is None or sides.both:
                continue
            said = subject.answer(constraint)
            if said in {YES, NO}:
                yield key, said is YES
