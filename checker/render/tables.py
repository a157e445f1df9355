"""Target tables for people and for programs: what ``edgelint targets`` and ``edgelint explain`` show."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from checker.stages import STAGES

if TYPE_CHECKING:
    from checker.target import AlwaysRule, Figures, ModelRule, Row, Source, Target


def summary(target: Target) -> dict[str, Any]:
    """Return what one needs to choose a target."""
    return {
        "id": target.id,
        "vendor": target.vendor,
        "chip": target.chip,
        "toolchain": target.toolchain,
        "precision": list(target.precision),
        "extends": target.extends or None,
        "grade": target.grade.value,
        "date": target.date,
        "operators": len(target.by_op),
        "rows": len(target.rows),
        "unlisted": target.unlisted.value,
        "rejected": target.rejected.value,
        "partition": target.partition,
    }


def whole(target: Target) -> dict[str, Any]:
    """Return everything that a table says."""
    return {
        **summary(target),
        "expands_functions": target.expands_functions,
        "note": target.note,
        "sources": [source(s) for s in target.sources.values()],
        "model": [
            {"require": list(r.require), "otherwise": r.otherwise, "host": list(r.host), **_common(r)}
            for r in target.model
        ],
        "always": [{"require": list(r.require), **_common(r)} for r in target.always],
        "rows": [row(r) for r in target.rows],
        "simplify": reason(target.simplify) if target.simplify else {},
        "listed": _listed(target),
        "memory": figures(target.memory),
        "peak": figures(target.peak),
    }


def _fate(rule: ModelRule) -> str:
    return f"{rule.otherwise} of {', '.join(rule.host)}" if rule.host else rule.otherwise


def figures(stated: Figures) -> dict[str, Any]:
    """Return what the vendor states of the chip, with the sources; empty where it states nothing."""
    if not stated.values:
        return {}
    return {**stated.values, **reason(stated)}


def _listed(target: Target) -> dict[str, Any]:
    found = target.listed
    if found is None:
        return {}
    names = {key: sorted(getattr(found, key)) for key in ("taken", "conditional", "host", "refused")}
    return {**names, "sources": [s.id for s in found.sources], "note": found.note}


def reason(stated: Figures) -> dict[str, Any]:
    """Return what is said of the chip or its toolchain without figures, with the sources."""
    return {"sources": [s.id for s in stated.sources], "note": stated.note}


def source(cited: Source) -> dict[str, Any]:
    """Return a source with its grade."""
    return {
        "id": cited.id,
        "kind": cited.kind,
        "grade": cited.grade.value,
        "title": cited.title,
        "version": cited.version,
        "date": cited.date,
        "where": cited.where,
    }


def row(entry: Row) -> dict[str, Any]:
    """Return one row."""
    return {
        "op": entry.op,
        "status": entry.status.value,
        "form": entry.form,
        "opset": entry.opset.text if entry.opset else None,
        "since": entry.since.text if entry.since else None,
        "require": list(entry.require),
        "into": list(entry.into),
        "inserts": [{"op": i.op, "on": i.on} for i in entry.inserts],
        "runs_as": entry.runs_as,
        "dynamic": entry.dynamic,
        "stage": entry.stage,
        "grade": entry.grade.value,
        **_common(entry),
    }


def _common(entry: Row | ModelRule | AlwaysRule) -> dict[str, Any]:
    cited = [s.id for s in entry.sources]
    return {"precision": list(entry.precision), "change": entry.change, "note": entry.note, "sources": cited}


WIDE = 118
"""Columns from which the list of targets has one line a target."""


def listing(targets: Sequence[Target], width: int) -> Iterator[str]:
    """Yield the lines of a list of targets: one line each where there is room, otherwise what it is below the id.

    Args:
        targets: in the order to be shown.
        width: columns.
    """
    heads = ("target", "precision", "rows", "grade", "newest source")
    rows = [(t.id, ",".join(t.precision), str(len(t.rows)), t.grade.value, t.date) for t in targets]
    widths = [max(len(line[column]) for line in (heads, *rows)) for column in range(len(heads))]
    about = ["chip and toolchain", *(f"{_chip(t)}; {t.toolchain}" for t in targets)]
    room = width - sum(widths) - 2 * len(widths)
    for line, words in zip((heads, *rows), about, strict=True):
        cells = "  ".join(cell.ljust(wide) for cell, wide in zip(line, widths, strict=True))
        if width >= WIDE:
            yield f"{cells}  {words if len(words) <= room else words[: room - 3] + '...'}".rstrip()
        else:
            yield cells.rstrip()
            if line is not heads:
                yield from textwrap.wrap(words, width, initial_indent="    ", subsequent_indent="    ")


def _chip(target: Target) -> str:
    """Name vendor and chip, the vendor once."""
    return target.chip if target.chip.startswith(target.vendor) else f"{target.vendor} {target.chip}"


def sections(target: Target) -> Iterator[tuple[str, list[str]]]:
    """Yield the parts of a whole table as title and lines."""
    fates = f"an operator without rows: {target.unlisted.value}; one that no row takes: {target.rejected.value}"
    facts = [f"{target.vendor} {target.chip}; {target.toolchain}; {', '.join(target.precision)}", fates]
    facts += [f"extends {target.extends}"] if target.extends else []
    facts += [target.note] if target.note else []
    if target.simplify:
        facts.append(f"simplify the file first: {target.simplify.note} ({cite(target.simplify.sources)})")
    yield target.id, facts
    if target.model:
        yield (
            "The file must have",
            [f"{' and '.join(rule.require)}, otherwise {_fate(rule)}" for rule in target.model],
        )
    if target.always:
        yield "Every node must have", [text for rule in target.always for text in rule.require]
    for op, rows in sorted(target.by_op.items()):
        yield op, [line for entry in rows for line in sentences(entry)]
    named = _named_conditions(target)
    if named:
        yield "Named conditions", named
    stated = [line for each in (target.peak, target.memory) for line in _stated(each)]
    if stated:
        yield "What the vendor states of the chip", stated
    cited = [f"{s.id}: {s.title or s.kind} {s.version} {s.date} {s.where}" for s in target.sources.values()]
    yield "Sources", [" ".join(line.split()) for line in cited]


def _named_conditions(target: Target) -> list[str]:
    """Say what the predicates in a table's constraints ask."""
    from checker.constraint import parse  # here, since lists of targets do without
    from checker.predicates import meaning

    rules = (*target.model, *target.always, *target.rows)
    names = {name for rule in rules for text in rule.require for name in parse(text).names}
    return [f"{name}: {meaning(name)}" for name in sorted(names) if meaning(name)]


def _stated(stated: Figures) -> Iterator[str]:
    """Yield figures of the chip as lines."""
    cited = cite(stated.sources)
    for name, value in stated.values.items():
        yield f"{name} = {value:g} ({cited})" if isinstance(value, float) else f"{name} = {value} ({cited})"
    if stated.note:
        yield f"note: {stated.note}"


def cite(sources: Sequence[Source]) -> str:
    """Name sources in few words: the evidence file of a measurement, the title and version of anything else."""
    return "; ".join(s.where if s.kind == "probe" else f"{s.title or s.where} {s.version}".strip() for s in sources)


def sentences(entry: Row) -> Iterator[str]:
    """Describe one row: what becomes of the operator, on what conditions, and who says so."""
    limits = [
        f"{name} {versions.text}"
        for name, versions in (("opset", entry.opset), ("since version", entry.since))
        if versions
    ]
    limits += [f"in {', '.join(entry.precision)}"] if entry.precision else []
    limits += [f"as {'one operator' if entry.form == 'operator' else 'parts'}"] if entry.form else []
    yield f"{entry.status.value}" + (f" ({'; '.join(limits)})" if limits else "")
    for text in entry.require:
        yield f"  needs {text}"
    if entry.into:
        yield f"  becomes {', '.join(entry.into)}"
    for insert in entry.inserts:
        yield f"  the compiler adds {insert.op} on the {insert.on}"
    if entry.runs_as:
        yield f"  runs as {entry.runs_as}"
    if entry.dynamic:
        yield "  in a dynamic sub-network"
    if entry.stage:
        yield f"  {'not taken: ' if entry.status.taken else ''}{STAGES[entry.stage]}"
    if entry.change:
        yield f"  change: {entry.change}"
    if entry.note:
        yield f"  note: {entry.note}"
    if entry.sources:
        yield f"  source: {cite(entry.sources)} [{entry.grade.value}]"
