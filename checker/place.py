"""Where each node of a graph runs on a target.

Rows of an operator are asked in file order, all conditions of each.  A row all of whose answers are yes decides, unless
an earlier row with another status does not say.  A composite is asked for before the nodes that it consists of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from checker.constraint import NO, YES, Constraint
from checker.expand import body_of, has_body
from checker.facts import is_quantized
from checker.graph import Composite, Folded, Graph, Node, Value
from checker.placement import FileAnswer, Placement, Placements, Unmet
from checker.situation import Situation, Subject, every_level, situation
from checker.table_lint import COMPOSITES
from checker.target import BY_BADNESS, AlwaysRule, Grade, ModelRule, Row, Status, Target, best_grade

__all__ = ["Placement", "Placements", "Unmet", "place", "precision_for"]

_DEEPEST = 3
"""Most levels of functions within functions that are expanded."""


def precision_for(graph: Graph, target: Target, asked: str | None = None) -> str:
    """Return the precision that a verdict is about: the one asked for, else int8 for a Q/DQ file where offered."""
    if asked:
        return asked
    if "int8" in target.precision and is_quantized(graph):
        return "int8"
    return target.precision[0]


def place(graph: Graph, composites: Sequence[Composite], target: Target, precision: str | None = None) -> Placements:
    """Place every node of a graph on a target.

    Args:
        graph: the network, folded.
        composites: what was recognised in it; parts of a composite may be listed, or only be its ``parts``.
        target: the target.
        precision: None for the target's default.

    Returns:
        One placement for each compute node, composite that is taken or refused as a whole, and folded node, in file
        order.  None at all where the target does not offer the precision.
    """
    chosen = precision_for(graph, target, precision)
    if chosen not in target.precision:
        return Placements(target, graph, chosen, offered=False)
    around = situation(graph, tuple(composites), chosen, target.quantization)
    placer = _Placer(target, around, _kept(target, around.setting))
    items = placer.graph(graph, every_level(composites))
    folded = _folded(graph.folded)
    file = tuple(_ask_file(rule, around) for rule in target.model if chosen in (rule.precision or (chosen,)))
    return Placements(target, graph, chosen, (*items, *folded), file)


@dataclass(slots=True, eq=False)
class _Kept:
    """What a target makes of nodes in builds of one setting, where the node alone decides.

    ``nodes``: by node and opset, and what is next to it where that is asked for.  ``kinds``: one placement for all
    nodes that are alike, with the opset.  ``rows``: by operator and form.
    """

    nodes: dict[tuple[object, ...], Placement] = field(default_factory=dict)
    kinds: dict[tuple[object, ...], Placement | None] = field(default_factory=dict)
    rows: dict[tuple[str, str], tuple[Sequence[Row], bool]] = field(default_factory=dict)


@lru_cache(maxsize=128)
def _kept(target: Target, setting: object) -> _Kept:
    del target, setting  # they only say which
    return _Kept()


@lru_cache(maxsize=8)
def _folded(nodes: tuple[Folded, ...]) -> tuple[Placement, ...]:
    return tuple(Placement(each, Status.FOLDED) for each in nodes)


@lru_cache(maxsize=128)
def _refused_in_parts(target: Target) -> Status | None:
    """Return the worst that becomes of a layer in parts; None where none is worse off than its nodes."""
    kinds = (kind for kind in COMPOSITES if kind in target.by_op)
    rows = (row for kind in kinds for row in target.by_op[kind] if row.form != "operator" and not row.status.taken)
    return max((row.status for row in rows), key=BY_BADNESS.index, default=None)


def _unread(value: Value | None) -> bool:
    """Tell whether a value is one stored number that could not be read."""
    return value is not None and value.constant and value.const is None and value.size == 1


def _ask_file(rule: ModelRule, around: Situation) -> FileAnswer:
    subject = around.of_file()
    failed, unsure = _ask(rule, subject)
    return FileAnswer(rule, _told(failed, subject), _told(unsure, subject))


@dataclass(frozen=True, slots=True)
class _Open:
    """A condition that does not hold, and the entry that states it."""

    constraint: Constraint
    rule: Row | ModelRule | AlwaysRule


def _ask(rule: Row | ModelRule | AlwaysRule, subject: Subject) -> tuple[tuple[_Open, ...], tuple[_Open, ...]]:
    """Ask every condition of an entry; return those that fail and those of which the model does not say."""
    failed: list[_Open] = []
    unsure: list[_Open] = []
    for constraint in rule.constraints:
        answer = subject.answer(constraint)
        if answer is not YES:
            (failed if answer is NO else unsure).append(_Open(constraint, rule))
    return tuple(failed), tuple(unsure)


def _told(found: Iterable[_Open], subject: Subject) -> tuple[Unmet, ...]:
    """Write conditions with the model's own figures."""
    return tuple(
        Unmet(
            each.constraint.text,
            subject.here(each.constraint),
            each.rule.sources,
            each.rule.change if isinstance(each.rule, AlwaysRule) else "",
        )
        for each in found
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A row that applies, and the conditions that do not hold."""

    row: Row
    failed: tuple[_Open, ...]
    unsure: tuple[_Open, ...]

    @property
    def open(self) -> bool:
        """Whether the row may still apply."""
        return bool(self.unsure) and not self.failed


@dataclass(frozen=True, slots=True, eq=False)
class _Placer:
    target: Target
    around: Situation
    kept: _Kept

    def graph(self, graph: Graph, composites: Sequence[Composite], depth: int = 0) -> tuple[Placement, ...]:
        """Place the nodes of a graph, and of the bodies of what is taken."""
        claimed: dict[int, Placement] = {}
        here = {id(node) for node in graph.nodes}
        for composite in composites:
            covers = [id(node) for node in composite.covers]
            if composite.form != "decomposed" or not here.issuperset(covers) or any(c in claimed for c in covers):
                continue
            placement = self.composite(composite, graph)
            if placement is not None:
                claimed.update(dict.fromkeys(covers, placement))
        items: dict[int, Placement] = {}
        for node in graph.nodes:
            placement = claimed.get(id(node)) or self.as_written(node, graph, depth)
            if id(placement) in items:
                continue
            items[id(placement)] = placement
            if placement.status.taken:
                for body in node.bodies.values():
                    items.update((id(inner), inner) for inner in self.graph(body, composites, depth))
        return tuple(items.values())

    def composite(self, composite: Composite, graph: Graph) -> Placement | None:
        """Place a composite as a whole; None where no row decides, so that its nodes are placed as written."""
        rows, alone = self.rows(composite.kind, "operator")
        if not rows:
            return None
        if not alone:
            return self.composite_here(composite, rows, graph)
        versions = frozenset((node.domain, node.since, self.opset(node, graph)) for node in composite.covers)
        key = (self.around.alike(composite), versions)
        if key in self.kept.kinds:
            found = self.kept.kinds[key]
            return None if found is None else found.at(composite)
        made = self.composite_here(composite, rows, graph)
        if made is None or made.status is not Status.UNKNOWN:  # how bad an unknown can be depends on the nodes
            self.kept.kinds[key] = made
        return made

    def composite_here(self, composite: Composite, rows: Sequence[Row], graph: Graph) -> Placement | None:
        """Place a composite in its own surroundings."""
        subject = self.around.of_composite(composite, graph)
        asked = self.ask(rows, subject, composite.covers, graph)
        placement = self.decide(composite, asked, subject)
        if placement is not None:
            return placement
        if not any(each.open for each in asked):
            return None
        written = [self.node(node, graph) for node in composite.covers]
        worst = [p.worst if p.status is Status.UNKNOWN else p.status for p in written]
        return self.unknown(composite, asked, subject, worst)

    def as_written(self, node: Node, graph: Graph, depth: int) -> Placement:
        """Place a node outside of every layer that a row decides on.

        Whether it is a part of one is not sure where a number that it computes with cannot be read.  It is then taken
        only on a target that refuses no layer in parts.
        """
        placement = self.node(node, graph, depth)
        hidden = _refused_in_parts(self.target)
        if hidden is None or not placement.status.taken or not any(_unread(value) for value in node.inputs):
            return placement
        unmet = Unmet("every(inputs, value)", "a number that it computes with cannot be read")
        return Placement(node, Status.UNKNOWN, placement.row, unsure=(unmet,), grade=placement.grade, worst=hidden)

    def node(self, node: Node, graph: Graph, depth: int = 0) -> Placement:
        """Place a node as it is written; once for all that are alike, where the rows ask for nothing around it."""
        opset = self.opset(node, graph)
        placement = self.kept.nodes.get((node, opset))
        if placement is not None:
            return placement
        rows, alone = self.rows(node.qualified, "decomposed")
        if depth:
            return self.node_here(node, rows, graph, depth)
        if not alone:
            return self.among_others(node, rows, opset, graph)
        key = (self.around.alike(node), opset)
        found = self.kept.kinds.get(key)
        if found is None:
            placement = self.kept.kinds[key] = self.node_here(node, rows, graph, depth)
        else:
            placement = found.at(node)
        self.kept.nodes[node, opset] = placement
        return placement

    def rows(self, op: str, other: str) -> tuple[Sequence[Row], bool]:
        """Return the rows of an operator but of the ``other`` form, and whether they ask about the node alone."""
        found = self.kept.rows.get((op, other))
        if found is None:
            rows = [row for row in self.target.by_op.get(op, ()) if row.form != other]
            alone = all(rule.local for rule in (*rows, *self.target.always))
            found = self.kept.rows[op, other] = (rows, alone)
        return found

    def among_others(self, node: Node, rows: Sequence[Row], opset: int, graph: Graph) -> Placement:
        """Place a node of which rows ask what is around it; once, as long as nothing next to it changes."""
        if not (all(row.near for row in rows) and all(rule.near for rule in self.target.always)):
            return self.node_here(node, rows, graph, 0)
        key = (node, opset, self.around.surroundings(node, graph))
        placement = self.kept.nodes.get(key)
        if placement is None:
            placement = self.kept.nodes[key] = self.node_here(node, rows, graph, 0)
        return placement

    def node_here(self, node: Node, rows: Sequence[Row], graph: Graph, depth: int) -> Placement:
        """Place a node in its own surroundings."""
        subject = self.around.of_node(node, graph)
        asked = self.ask(rows, subject, (node,), graph)
        placement = self.decide(node, asked, subject)
        if placement is not None:
            return placement
        if any(each.open for each in asked):
            return self.unknown(node, asked, subject, [self.worst_of(self.target.rejected)])
        if rows:
            return self.rejected(node, rows, asked, subject, graph)
        expanded = self.expanded(node, graph, depth) if self.target.expands_functions else None
        return expanded or self.unlisted(node)

    def ask(self, rows: Iterable[Row], subject: Subject, nodes: Sequence[Node], graph: Graph) -> list[_Asked]:
        """Ask the rows that apply, every condition of each."""
        asked = []
        for row in rows:
            if self.inapplicable(row, nodes, graph):
                continue
            failed, unsure = _ask(row, subject)
            if self.bound_by_always(row):
                for rule in self.target.always:
                    if self.around.precision in (rule.precision or (self.around.precision,)):
                        more_failed, more_unsure = _ask(rule, subject)
                        failed, unsure = failed + more_failed, unsure + more_unsure
            asked.append(_Asked(row, failed, unsure))
        return asked

    def bound_by_always(self, row: Row) -> bool:
        """Tell whether ``[[always]]`` concerns a row: only one that is better than being rejected.

        What every node must meet to be taken cannot save a node from a row that refuses it, and a row that says no
        more than being rejected does needs nothing.  Nor does a node that vanishes: it runs nowhere.
        """
        return row.status is not Status.FOLDED and BY_BADNESS.index(row.status) < BY_BADNESS.index(self.target.rejected)

    def inapplicable(self, row: Row, nodes: Sequence[Node], graph: Graph) -> tuple[Unmet, ...]:
        """Return what keeps a row from speaking of the nodes; nothing where it applies."""
        found = []
        if row.precision and self.around.precision not in row.precision:
            found.append(Unmet(f"precision in {', '.join(row.precision)}", f"precision = {self.around.precision}"))
        if row.opset:
            opsets = {self.opset(node, graph) for node in nodes}
            if not all(opset in row.opset for opset in opsets):
                found.append(Unmet(f"opset in {row.opset.text}", f"opset = {_list(opsets)}"))
        if row.since:
            versions = {node.since for node in nodes}
            if not all(version in row.since for version in versions):
                found.append(Unmet(f"since in {row.since.text}", f"since = {_list(versions)}"))
        return tuple(found)

    def opset(self, node: Node, graph: Graph) -> int:
        """Return the file's import of the node's domain; 0 where it has none."""
        return graph.opsets.get(node.domain) or self.around.graph.opsets.get(node.domain, 0)

    def decide(self, item: Node | Composite, asked: Sequence[_Asked], subject: Subject) -> Placement | None:
        """Return the answer of the first row whose conditions all hold; None where there is none."""
        for position, each in enumerate(asked):
            if each.failed or each.unsure:
                continue
            before = [a for a in asked[:position] if a.open and a.row.status is not each.row.status]
            if before:
                return self.unknown(item, [*before, each], subject, ())
            row = each.row
            refuses = not row.status.taken and row.status is not Status.UNKNOWN
            conditions = tuple(Unmet(c.text, subject.here(c), row.sources) for c in row.constraints if refuses)
            # A row may say no more than that its source does not say: as bad then as to be rejected.
            worst = self.worst_of(self.target.rejected if row.status is Status.UNKNOWN else row.status)
            return Placement(item, row.status, row, decided=True, conditions=conditions, grade=row.grade, worst=worst)
        return None

    def unknown(
        self, item: Node | Composite, asked: Sequence[_Asked], subject: Subject, otherwise: Sequence[Status]
    ) -> Placement:
        """Return the answer where the model does not say which row applies; the first such row explains.

        ``otherwise``: what becomes of it should none apply.
        """
        first = next(each for each in asked if each.open)
        possible = [*(each.row.status for each in asked if not each.failed), *otherwise]
        worst = max(possible, key=BY_BADNESS.index)
        unsure, row = _told(first.unsure, subject), first.row
        return Placement(item, Status.UNKNOWN, row, unsure=unsure, grade=row.grade, worst=worst)

    def worst_of(self, status: Status) -> Status:
        """Return the worst that a status can turn out to be."""
        return Status.UNSUPPORTED if status is Status.UNKNOWN else status

    def rejected(
        self, node: Node, rows: Sequence[Row], asked: Sequence[_Asked], subject: Subject, graph: Graph
    ) -> Placement:
        """Return the answer where the operator has rows and none accepts; of those that could, the nearest explains."""
        accepting = [row for row in rows if row.status.taken] or rows
        if asked:
            near = [each for each in asked if each.row.status.taken] or asked
            nearest = min(near, key=lambda each: len(each.failed))
            row, failed = nearest.row, _told(nearest.failed, subject)
        else:
            told = [(row, self.inapplicable(row, (node,), graph)) for row in accepting]
            row, failed = min(told, key=lambda each: len(each[1]))
        status = self.target.rejected
        worst = self.worst_of(status)
        return Placement(node, status, row, failed=failed, grade=row.grade, worst=worst)

    def unlisted(self, node: Node) -> Placement:
        """Return the answer where no row speaks of the operator; one that speaks of it in parts only is told."""
        documented = any(source.grade is Grade.DOCUMENTED for source in self.target.sources.values())
        grade = Grade.DOCUMENTED if documented else Grade.INFERRED
        status = self.target.unlisted
        worst = self.worst_of(status)
        in_parts = self.target.by_op.get(node.qualified, ())
        if not in_parts:
            return Placement(node, status, grade=grade, worst=worst, listed=False)
        row = in_parts[0]
        unmet = Unmet('form == "decomposed"', 'form = "operator"', row.sources)
        return Placement(node, status, row, failed=(unmet,), grade=row.grade, worst=worst, listed=False)

    def expanded(self, node: Node, graph: Graph, depth: int) -> Placement | None:
        """Place what the toolchain expands the operator into; None where ONNX gives it no function body."""
        opset = self.opset(node, graph)
        body = body_of(node, opset) if depth < _DEEPEST else None
        if body is None:
            untyped = [each.name for each in node.inputs if each is not None and each.dtype is None]
            if not untyped or not has_body(node, opset):
                return None
            unmet = Unmet("every(inputs, dtype)", f"the type of {', '.join(untyped)} is unknown")
            return Placement(node, Status.UNKNOWN, unsure=(unmet,), worst=Status.UNSUPPORTED)
        parts = self.graph(body, (), depth + 1)
        worst = max((part.status for part in parts), key=BY_BADNESS.index, default=Status.DECOMPOSED)
        status = Status.DECOMPOSED if worst.taken else worst
        grades = [part.grade for part in parts if part.grade]
        grade = max(grades, key=list(Grade).index, default=best_grade(tuple(self.target.sources.values())))
        possible = (part.worst for part in parts if part.status is Status.UNKNOWN)
        return Placement(
            node, status, grade=grade, parts=parts, worst=max(possible, key=BY_BADNESS.index, default=status)
        )


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
