"""The report for people: plain at any width from 80 columns, coloured only where asked.

Names of nodes, inputs and files come from a stranger's model; ``shown`` makes every control character visible, so that
none of them can move the cursor.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checker.render import cost_words, gate_words, growth_words, readiness_words, words

if TYPE_CHECKING:
    from checker.gate import Comparison, Gate
    from checker.report import Change, FindingEntry, Reason, Report, TargetEntry

ANSWER_STYLES = {
    "READY": "green",
    "UNKNOWN": "cyan",
    "READY_WITH_FALLBACK": "yellow",
    "NEEDS_CHANGES": "magenta",
    "BLOCKED": "red",
}
SEVERITY_STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}
STATE_STYLES = {"new": "red", "fixed": "green", "unchanged": ""}
WIDE = 110
"""From this many columns on the decisive reason stands on the target's own line, below it otherwise."""


def render(
    reports: Sequence[Report],
    *,
    width: int,
    color: bool,
    detail: bool = False,
    quiet: bool = False,
    verbose: bool = False,
) -> str:
    """Render reports one below the other.

    Args:
        reports: one for each model.
        width: columns.
        color: whether to write ANSI colours.
        detail: describe each target in full instead of in one line.
        quiet: only the verdicts.
        verbose: with detail, what decides every node.
    """
    return paint([_one(r, width, detail, quiet, verbose) for r in reports], width=width, color=color)


def paint(blocks: Sequence[RenderableType], *, width: int, color: bool) -> str:
    """Draw blocks with an empty line between them."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        for number, block in enumerate(blocks):
            if number:
                console.print()
            console.print(block)
    return "".join(line.rstrip() + "\n" for line in capture.get().splitlines())


def section(title: str, lines: Iterable[str]) -> RenderableType:
    """Make a bold title with indented lines below it."""
    return Group(shown(title, "bold"), *(indented(shown(line)) for line in lines))


def shown(text: str, style: str = "") -> Text:
    """Make text whose control characters are visible."""
    return Text(words.visible(text), style)


def _one(report: Report, width: int, detail: bool, quiet: bool, verbose: bool) -> RenderableType:
    blocks: list[RenderableType] = []
    if quiet:
        blocks.append(shown(report.model.path, "bold"))
    else:
        blocks += [_header(report), Text()]
    if detail:
        for number, target in enumerate(report.targets):
            blocks += [Text()] if number and not quiet else []
            blocks += _target_detail(target, quiet)
            blocks += _decided(target) if verbose else []
    else:
        blocks.append(_verdicts(report.targets, width))
        changes = _changes_over_targets(report.targets)
        if changes and not quiet:
            blocks += [Text(), Text("What to change", "bold"), *changes]
    if report.resolutions:
        blocks += [Text(), Text("At other sizes", "bold")]
        blocks += [indented(shown(line)) for line in growth_words.asked(report)]
    if report.findings and not quiet:
        blocks += [Text(), Text("Findings", "bold"), *(_finding(f) for f in report.findings)]
    if report.baseline is not None:
        blocks += [Text(), *_against(report.baseline, quiet)]
    if report.gate is not None:
        blocks += _gate(report.gate)
    return Group(*blocks)


def _against(held: Comparison, quiet: bool) -> Iterator[RenderableType]:
    """Say what is new and what is fixed since an earlier report."""
    yield Text("Against the baseline", "bold")
    for line in gate_words.verdict_changes(held):
        yield indented(shown(line))
    counts = gate_words.counted_by_state(held)
    yield indented(shown(counts))
    for each in () if quiet else held.differences:
        if each.state != "unchanged":
            yield indented(
                Text.assemble((each.state, STATE_STYLES[each.state]), " ", words.visible(gate_words.difference(each)))
            )


def _gate(gate: Gate) -> Iterator[RenderableType]:
    """Say whether the model passes, and what was excused."""
    if gate.waivers:
        yield Text()
        yield Text("Waivers", "bold")
        for waiver in gate.waivers:
            yield indented(shown(gate_words.waiver(waiver)))
    yield Text()
    yield Text.assemble(
        ("Passes", "bold green") if gate.passed else ("Fails", "bold red"), f" (--fail-on {gate.fail_on})"
    )
    for failure in gate.failures:
        yield indented(shown(gate_words.failure(failure)))


def _decided(target: TargetEntry) -> Iterator[RenderableType]:
    """List what decides every node, alike ones in one line."""
    yield Text()
    yield Text("Every node", "bold")
    for line, names in words.nodes_by_row(target):
        yield indented(Group(shown(line), indented(shown(", ".join(words.condensed(names)), "dim"))))


def _header(report: Report) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, line in (*words.facts(report), *cost_words.facts(report.cost), *growth_words.facts(report.cost)):
        table.add_row(label, shown(line))
    return Group(shown(report.model.path, "bold"), Padding(table, (0, 0, 0, 2)))


HEADS = ("target", "verdict", "prec.", "on accel.", "seg.", "grade")
RIGHT = frozenset({"on accel.", "seg."})
SHORT_GRADES = {"measured": "meas.", "measured-elsewhere": "elsew.", "documented": "doc.", "inferred": "inf."}
LAYOUTS: tuple[tuple[tuple[str, ...], Mapping[str, str]], ...] = (
    (HEADS, {}),
    (HEADS, SHORT_GRADES),
    (tuple(head for head in HEADS if head != "seg."), SHORT_GRADES),
)
"""What is left out, bit by bit, where the ids of targets are long and the terminal is narrow."""
LEAST_REASON = 36
"""Columns: a reason stands beside its target only where there is so much room for it."""


def _verdicts(targets: Sequence[TargetEntry], width: int) -> RenderableType:
    """Draw a line for each target; where there is room the decisive reason is the last column."""
    room = width - LEAST_REASON if width >= WIDE else width
    for heads, grades in LAYOUTS:
        rows = [heads, *(_cells(target, heads, grades) for target in targets)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
        line_width = sum(widths) + 2 * (len(widths) - 1)
        if line_width <= room:
            break
    beside = width >= WIDE and line_width <= room
    blocks: list[RenderableType] = [Text("  ".join(map(_padded, heads, widths, heads)), "dim")]
    for target, row in zip(targets, rows[1:], strict=True):
        cells = [Text(_padded(cell, columns, head)) for cell, columns, head in zip(row, widths, heads, strict=True)]
        cells[1].stylize(ANSWER_STYLES[target.answer])
        line = Text("  ").join(cells)
        reason = shown(words.decisive(target), "dim")
        if beside and reason:
            reason.truncate(width - len(line) - 2, overflow="ellipsis")
            line = Text("  ").join((line, reason))
        blocks.append(line)
        if not beside and reason:
            blocks.append(indented(reason, 4))
        if target.simplified is not None:
            blocks.append(indented(shown(words.simplified(target.simplified), "dim"), 4))
    return Group(*blocks)


def _cells(target: TargetEntry, heads: Sequence[str], grades: Mapping[str, str]) -> tuple[str, ...]:
    grade = target.grade or "-"
    cells = {
        "target": words.visible(target.id),
        "verdict": target.answer,
        "prec.": target.precision,
        "on accel.": words.share(target),
        "seg.": str(target.segments),
        "grade": grades.get(grade, grade),
    }
    return tuple(cells[head] for head in heads)


def _padded(text: str, columns: int, head: str) -> str:
    return text.rjust(columns) if head in RIGHT else text.ljust(columns)


def _target_detail(target: TargetEntry, quiet: bool) -> Iterator[RenderableType]:
    head = Text.assemble(
        (words.visible(target.id), "bold"),
        f" ({words.visible(target.toolchain)}), {target.precision}: ",
        (target.answer, f"bold {ANSWER_STYLES[target.answer]}"),
        f"  [{target.grade}]" if target.grade else "",
    )
    yield head
    yield indented(shown(words.placement(target)))
    for line in (*cost_words.of_target(target), *readiness_words.of_target(target)):
        yield indented(shown(line))
    if target.simplified is not None:
        yield indented(shown(words.simplified(target.simplified)))
    if quiet:
        return
    sources = _numbered(target)
    if target.reasons:
        yield Text()
        yield Text("Not native", "bold")
        for reason in target.reasons:
            yield _reason(reason, sources.get(reason.source))
    if target.changes:
        yield Text()
        yield Text("What to change", "bold")
        for change in target.changes:
            yield _change(change)
        if target.search.stopped:
            yield indented(shown(f"(stopped after {target.search.trials} trials: there may be more)", "dim"))
    if sources:
        yield Text()
        yield Text("Sources", "bold")
        for source, number in sources.items():
            yield indented(shown(f"[{number}] {source}", "dim"))


def indented(block: RenderableType, columns: int = 2) -> RenderableType:
    """Move a block to the right, all lines of it."""
    return Padding(block, (0, 0, 0, columns))


def _reason(reason: Reason, source_number: int | None) -> RenderableType:
    """Describe one reason: what, why, by whose word, and every node that it concerns."""
    lines = [indented(shown(line)) for line in words.reason_lines(reason, source_number)]
    return indented(Group(shown(words.reason_head(reason)), *lines))


def _numbered(target: TargetEntry) -> dict[str, int]:
    """Number the sources of a target's reasons, each once."""
    sources = dict.fromkeys(reason.source for reason in target.reasons if reason.source)
    return {source: number for number, source in enumerate(sources, 1)}


def _change(change: Change) -> RenderableType:
    head = Text.assemble("- ", words.visible(change.what))
    if change.answer is not None:
        head = Text.assemble(head, " -> ", (change.answer, ANSWER_STYLES[change.answer]))
    return indented(Group(head, indented(shown(words.change_facts(change), "dim"))))


def _changes_over_targets(targets: Sequence[TargetEntry]) -> list[RenderableType]:
    """List every change once, with what it does on which targets: tried ones first, then those that tables name."""
    gathered: dict[str, dict[str, list[str]]] = {}
    for target in targets:
        for change in target.changes:
            outcome = words.change_outcome(change)
            gathered.setdefault(change.what, {}).setdefault(outcome, []).append(target.id)
    return [
        indented(
            Group(
                shown(f"- {what}"),
                *(indented(shown(f"{outcome}: {', '.join(ids)}")) for outcome, ids in outcomes.items()),
            )
        )
        for what, outcomes in gathered.items()
    ]


def _finding(finding: FindingEntry) -> RenderableType:
    head = Text.assemble(
        (finding.severity, SEVERITY_STYLES[finding.severity]), f" {finding.rule}: ", words.visible(finding.message)
    )
    if finding.target:
        head.append(f" ({finding.target})")
    lines: list[RenderableType] = [head]
    if finding.fix:
        lines.append(indented(shown(f"fix: {finding.fix}", "dim")))
    return indented(Group(*lines))
