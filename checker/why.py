"""The reasons of a verdict: nodes that are not native, grouped by what keeps them from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final

from checker.placement import Placement, Placements, Unmet
from checker.target import Grade, Source, Status

if TYPE_CHECKING:
    from checker.listed import Listed

_SEVERITY: Final = (
    "refused",
    "unsupported",
    "all-fallback",
    "unknown",
    "fallback",
    "inserts",
    "runs-as",
    "dynamic",
    "decomposed",
    "folded",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some nodes are not simply native.

    ``op``: empty for a reason that concerns the whole file.  ``nodes``: their names, in file order.  ``status``: what
    becomes of the nodes; ``refused`` or ``all-fallback`` for the file; ``inserts`` for what the compiler adds on the
    host, ``runs-as`` for nodes that leave the precision asked for, ``dynamic`` for
    those in a dynamic sub-network, ``decomposed`` or ``folded`` for a left-over
    BatchNormalization that does not run as one.  ``constraint``: as the table has it, empty where
    no row speaks of the operator.  ``here``: the model's own figures, or the reason in words.  ``refuses``: whether it
    alone makes the toolchain refuse the file.  ``listed``: what the vendor's own list says where that is better.
    ``stage``: how far the toolchain comes (``stages.py``).  ``note``: what the table adds.
    """

    op: str
    nodes: tuple[str, ...]
    status: str
    constraint: str
    here: str
    source: str = ""
    grade: Grade | None = None
    change: str = ""
    refuses: bool = False
    sources: tuple[Source, ...] = ()
    listed: str = ""
    stage: str = ""
    note: str = ""

    @property
    def sentence(self) -> str:
        """The reason in one sentence."""
        if not self.constraint:
            return self.here
        lead = "applies to" if self.status in {"inserts", "runs-as"} else "needs"
        return f"{lead} `{self.constraint}`" + (f"; here {self.here}" if self.here else "")


def cite(sources: Iterable[Source]) -> str:
    """Write sources in one line: what, version, where."""
    return "; ".join(
        " ".join(part for part in (source.title, source.version, f"<{source.where}>") if part) for source in sources
    )


def reasons_of(placements: Placements, answer: str) -> tuple[Reason, ...]:
    """Return the reasons why nodes are not native, the decisive ones first.

    Args:
        placements: where every node runs.
        answer: the verdict; for UNKNOWN, what is not known comes first.
    """
    whole = placements.target.partition == "whole"
    grouped: dict[tuple[str, str, str], Reason] = {}
    for reason in (*_file(placements), *_nodes(placements.compute, placements.target.listed, whole=whole)):
        key = (reason.op, reason.status, reason.constraint or reason.here)
        if key in grouped:
            grouped[key] = replace(grouped[key], nodes=(*grouped[key].nodes, *reason.nodes))
        else:
            grouped[key] = reason

    def rank(reason: Reason) -> tuple[bool, bool, int, int]:
        first = reason.status == "unknown" and answer == "UNKNOWN"
        return (not first, not reason.refuses, _SEVERITY.index(reason.status), -len(reason.nodes))

    return tuple(sorted(grouped.values(), key=rank))


def _file(placements: Placements) -> Iterator[Reason]:
    for each in placements.file:
        rule = each.rule
        for op, unmet in product(placements.left(rule) if rule.host else ("",), each.failed):
            yield Reason(
                op=op,
                nodes=(),
                status=rule.otherwise,
                constraint=unmet.text,
                here=unmet.here,
                source=cite(unmet.sources),
                grade=rule.grade,
                change=rule.change,
                refuses=rule.otherwise == "refused",
                sources=unmet.sources,
                note=rule.note,
            )
        for unmet in each.unsure if not each.failed else ():
            source = cite(unmet.sources)
            grade, change, cited = rule.grade, rule.change, unmet.sources
            yield Reason("", (), "unknown", unmet.text, unmet.here, source, grade, change, sources=cited)


def _nodes(items: Iterable[Placement], listed: Listed | None, *, whole: bool) -> Iterator[Reason]:
    for placement in items:
        if placement.status.taken:
            yield from _beside(placement, whole=whole)
            continue
        row = placement.row
        stage, note = _row_told(placement)
        refuses = placement.status is Status.UNSUPPORTED or (whole and placement.status is Status.FALLBACK)
        unmet = _decisive(placement)
        if unmet is None:
            words = placement.why() if placement.listed else f"{placement.op} is not listed"
            cited = row.sources if row else ()
            constraint, here = "", words
        else:
            cited = unmet.sources or (row.sources if row else ())
            constraint, here = unmet.text, unmet.here
            if placement.conditions:
                constraint = f"not ({constraint})"
        yield Reason(
            op=placement.op,
            nodes=placement.covers,
            status=placement.status.value,
            constraint=constraint,
            here=here,
            source=cite(cited),
            grade=placement.grade,
            change=placement.change,
            refuses=refuses,
            sources=cited,
            listed=listed.against(placement.op, placement.status) if listed and len(placement.nodes) == 1 else "",
            stage=stage,
            note=note,
        )


def _row_told(placement: Placement) -> tuple[str, str]:
    """Return how far the toolchain comes with a node, and the note of the row that refuses it or leaves it out.

    Of what an operator is expanded into, the first part that ends so speaks.  The note of a row that came near and did
    not apply may be about what it does take, and is left out.
    """
    if placement.parts:
        return next((_row_told(part) for part in placement.parts if part.status is placement.status), ("", ""))
    row = placement.row
    if row is None or not placement.listed or placement.status is Status.UNKNOWN:
        return "", ""
    return row.stage, row.note if placement.decided and not row.status.taken else ""


def _decisive(placement: Placement) -> Unmet | None:
    """Return the condition to show: all that fail or are unsure as one, or those that made a refusing row apply."""
    found = placement.failed or placement.unsure or placement.conditions
    if not found:
        return None
    if len(found) == 1:
        return found[0]
    texts = [f"({each.text})" if " or " in each.text else each.text for each in found]
    stated: dict[str, None] = {}
    for each in found:
        stated.update(dict.fromkeys([each.here] if each.here else []))
    return Unmet(" and ".join(texts), ", ".join(stated), found[0].sources)


def _beside(placement: Placement, *, whole: bool) -> Iterator[Reason]:
    """Tell what comes with a node that is taken: insertions on the host, another precision."""
    row = placement.row
    if row is None:
        return
    said = partial(Reason, placement.op, placement.covers, source=cite(row.sources), sources=row.sources)
    on_host = [insert.op for insert in placement.inserts if insert.on == "host"]
    if on_host:
        here = f"the compiler adds {', '.join(on_host)} on the host"
        yield said("inserts", "", here, grade=placement.grade, change=row.change, refuses=whole)
    if placement.op == "BatchNormalization" and placement.status in {Status.DECOMPOSED, Status.FOLDED}:
        into = f": {', '.join(row.into)}" if row.into else ""
        folded = placement.status is Status.FOLDED
        here = "vanishes into what stands beside it" if folded else f"left over; runs as a scale and a shift{into}"
        yield said(placement.status.value, "", here, grade=placement.grade)
    if placement.runs_as:
        here = f"runs in {placement.runs_as}"
        yield said("runs-as", "", here, grade=placement.grade, change=row.change, note=row.note)
    if row.dynamic and placement.decided:
        here = "in a dynamic sub-network, whose sizes are worked out while it runs"
        yield said("dynamic", "", here, grade=placement.grade, change=row.change)
