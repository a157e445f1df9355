"""Markdown for a pull-request comment: the verdicts in a table, what changed, the details folded away.

The first line is a comment by which a script finds the comment that it wrote before and edits it.  Names come from a
stranger's file: nothing in them can mention a user, open a link or break out of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from checker import __version__
from checker.gate import THRESHOLDS
from checker.render import cost_words, gate_words, words
from checker.results import worse

if TYPE_CHECKING:
    from checker.gate import Comparison, VerdictChange
    from checker.report import Reason, Report, TargetEntry

MARKER = "<!-- edgelint -->"
LONGEST = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""
ICONS = {
    "READY": ":white_check_mark:",
    "UNKNOWN": ":grey_question:",
    "READY_WITH_FALLBACK": ":warning:",
    "NEEDS_CHANGES": ":x:",
    "BLOCKED": ":x:",
}
SPECIAL = re.compile(r"([\\`*\[\]<>~&]|(?<!\w)_|_(?!\w))")
LINKED = re.compile(r"([@#]|:(?=//)|www(?=\.))")
"""What GitHub makes a link or a mention of after the Markdown is rendered; an empty comment behind it prevents that."""
MOST_DIFFERENCES = 20
MOST_FAILURES = 3
"""So many failures of one target are told before the details."""


def render(reports: Sequence[Report]) -> str:
    """Render all reports; details that would make the comment too long are left out, and it says so."""
    blocks = [MARKER, _title(reports), "\n".join(_table(reports))]
    blocks += [block for report in reports for block in _changed(report, many=len(reports) > 1)]
    foot = f"<sub>edgelint {__version__}, target tables {reports[0].tool.tables[:12]}</sub>"
    length = sum(len(block) + 2 for block in blocks) + len(foot)
    left_out = 0
    for report in reports:
        for title, lines in _details(report, many=len(reports) > 1):
            block = "\n".join(("<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"))
            if length + len(block) > LONGEST:
                left_out += 1
                continue
            length += len(block) + 2
            blocks.append(block)
    if left_out:
        blocks.append(f"({left_out} sections are left out: the comment would be too long. The JSON report has all.)")
    return "\n\n".join((*blocks, foot)) + "\n"


def _title(reports: Sequence[Report]) -> str:
    gated = [report.gate for report in reports if report.gate is not None]
    failed = sum(not gate.passed for gate in gated)
    if not gated:
        return "### edgelint"
    if len(reports) == 1:
        return "### edgelint: fails :x:" if failed else "### edgelint: passes :white_check_mark:"
    return (
        f"### edgelint: {failed} of {len(reports)} models fail :x:"
        if failed
        else (f"### edgelint: all {len(reports)} models pass :white_check_mark:")
    )


def _table(reports: Sequence[Report]) -> Iterator[str]:
    compared = any(report.baseline is not None for report in reports)
    heads = ["model"] if len(reports) > 1 else []
    heads += ["target", "verdict", *(["before"] if compared else []), "on the accelerator", "segments", "why"]
    if len(reports) == 1:
        yield f"{code(reports[0].model.path)}: {_facts(reports[0])}\n"
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for report in reports:
        before = {each.target: each for each in report.baseline.verdicts} if report.baseline is not None else {}
        for target in report.targets:
            cells = [code(report.model.path)] if len(reports) > 1 else []
            excused = " (excused)" if _excused(report, target) else ""
            cells += [f"{code(target.id)} {target.precision}", f"{ICONS[target.answer]} {target.answer}{excused}"]
            cells += [_before(before.get(target.id))] if compared else []
            cells += [words.share(target), str(target.segments or "-"), _why(target)]
            yield f"| {' | '.join(cells)} |"


def _excused(report: Report, target: TargetEntry) -> bool:
    """Tell whether a target passes only since waivers or the baseline excuse what is wrong."""
    threshold = THRESHOLDS.get(report.gate.fail_on) if report.gate is not None else None
    if report.gate is None or threshold is None or worse(threshold, target.answer):
        return False
    return not any(failure.target == target.id for failure in report.gate.failures)


def _facts(report: Report) -> str:
    cost = report.cost
    opsets = ", ".join(f"{domain} {version}" for domain, version in report.model.opsets.items())
    sizes = f"{words.quantity(cost.parameters)} parameters"
    return f"opset {text(opsets)}, {report.model.compute_nodes} compute nodes, {cost_words.macs(cost)} MACs, {sizes}"


def _before(change: VerdictChange | None) -> str:
    if change is None or change.before is None:
        return "not there"
    return "same" if change.before == change.after else f"{ICONS[change.before]} {change.before}"


def _why(target: TargetEntry) -> str:
    if target.answer == "READY" or not target.reasons:
        return ""
    first = target.reasons[0]
    more = len(target.reasons) - 1
    rest = f" (and {more} more {'reason' if more == 1 else 'reasons'})" if more else ""
    return f"{text(words.concerned(first))}: {_because(first)}{rest}"


def _because(reason: Reason) -> str:
    if not reason.constraint:
        return text(reason.here or reason.status)
    return f"needs {code(reason.constraint)}" + (f"; here {text(reason.here)}" if reason.here else "")


def _changed(report: Report, *, many: bool) -> Iterator[str]:
    """Yield what keeps the model from passing, and what is not as it was."""
    of = f" in {code(report.model.path)}" if many else ""
    if report.gate is not None and report.gate.failures:
        lines = [f"**What fails{of}** (threshold: {report.gate.fail_on})\n"]
        for target in dict.fromkeys(each.target for each in report.gate.failures):
            mine = [each for each in report.gate.failures if each.target == target]
            lines += [f"- {sentence(gate_words.failure(each))}" for each in mine[:MOST_FAILURES]]
            rest = len(mine) - MOST_FAILURES
            lines += [f"- {text(target or 'the model')}: and {rest} more, below"] if rest > 0 else []
        yield "\n".join(lines)
    if report.baseline is not None:
        yield "\n".join(_against(report.baseline, of))


def _against(held: Comparison, of: str) -> Iterator[str]:
    yield f"**Since the baseline{of}**: {gate_words.counted_by_state(held)}\n"
    changed = [each for each in held.differences if each.state != "unchanged"]
    for each in changed[:MOST_DIFFERENCES]:
        yield f"- {each.state}: {sentence(gate_words.difference(each))}"
    yield from _more(changed)


def _more(listed: Sequence[object]) -> list[str]:
    return [f"- and {len(listed) - MOST_DIFFERENCES} more"] if len(listed) > MOST_DIFFERENCES else []


def _details(report: Report, *, many: bool) -> Iterator[tuple[str, list[str]]]:
    of = f" ({html(report.model.path)})" if many else ""
    for target in report.targets:
        if target.reasons:
            counted = f"{len(target.reasons)} {'reason' if len(target.reasons) == 1 else 'reasons'}"
            yield f"{html(target.id)}: {counted}{of}", list(_reasons(target))
    changes = {change.what: change for target in report.targets for change in target.changes}
    if changes:
        yield (
            f"What to change{of}",
            [f"- {text(change.what)}: {text(words.change_outcome(change))}" for change in changes.values()],
        )
    if report.findings:
        yield (
            f"Findings{of}",
            [
                f"- {each.severity} `{each.rule}`: {text(each.message)}" + (f" ({text(each.fix)})" if each.fix else "")
                for each in report.findings
            ],
        )
    if report.gate is not None and report.gate.waivers:
        yield f"Waivers{of}", [f"- {text(gate_words.waiver(each))}" for each in report.gate.waivers]


def _reasons(target: TargetEntry) -> Iterator[str]:
    yield "| operator | what becomes of it | why | grade | nodes |"
    yield "|---|---|---|---|---|"
    for reason in target.reasons:
        names = ", ".join(code(name) for name in words.condensed(reason.nodes)) or "-"
        cells = (text(words.concerned(reason)), reason.status, _because(reason), reason.grade or "-", names)
        yield f"| {' | '.join(cells)} |"


def sentence(said: str) -> str:
    """Write a sentence whose constraints stand in backticks."""
    parts = words.visible(said).split("`")
    if len(parts) % 2 == 0:
        return text(said)
    return "".join(code(part) if odd % 2 else text(part) for odd, part in enumerate(parts))


def text(said: str) -> str:
    """Write words so that none of their characters means anything to Markdown, HTML or GitHub."""
    return LINKED.sub(r"\1<!-- -->", SPECIAL.sub(r"\\\1", words.visible(said))).replace("|", "&#124;")


def html(said: str) -> str:
    """Write words for the inside of an HTML tag."""
    escaped = words.visible(said).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return LINKED.sub(r"\1<!-- -->", escaped).replace("`", "&#96;")


def code(said: str) -> str:
    """Write words as code, whatever backticks they hold; with a bar, which would end a table's cell, as plain words."""
    plain = words.visible(said) or " "
    if "|" in plain:
        return text(said)
    fence = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain}{space}{fence}"
