"""What a report says, as one flat list: every reason of every verdict, and every finding, place by place.

Renderers, gates and comparisons all count these, so that an annotation, a waiver and a baseline mean the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from checker.report import ANSWERS, Answer, FindingEntry, Occurrence, Reason, Report, TargetEntry

Level = Literal["error", "warning", "note"]

LEVELS: dict[str, Level] = {
    "BLOCKED": "error",
    "NEEDS_CHANGES": "error",
    "READY_WITH_FALLBACK": "warning",
    "UNKNOWN": "warning",
    "READY": "note",
    "error": "error",
    "warning": "warning",
    "info": "note",
}
"""How grave a verdict, or a finding of some severity, is."""

REFUSALS = frozenset({"unsupported", "refused"})
HOSTS = frozenset({"fallback", "inserts", "all-fallback"})


@dataclass(frozen=True, slots=True)
class Result:
    """One reason or finding at one kind of place.

    ``rule``: ``placement/fallback`` and the like, or a finding's rule.  ``target``: None where it holds for all.
    ``causes``: the verdict that it alone would make; READY for what does no harm.  ``message``: why, as a sentence.
    """

    rule: str
    target: str | None
    causes: Answer
    level: Level
    message: str
    fix: str
    place: Occurrence
    reason: Reason | None = None

    @property
    def op(self) -> str:
        """Operator or composite; empty for the whole file."""
        return self.place.op


def results(report: Report) -> tuple[Result, ...]:
    """List what a report says, targets first, in the report's order."""
    return (*(result for target in report.targets for result in of_target(target)), *_findings(report))


def alike(report: Report) -> Iterator[tuple[Result, ...]]:
    """Yield results that say the same of the same operator on the same target, wherever they hold."""
    groups: dict[tuple[str | None, str, str, str], list[Result]] = {}
    for result in results(report):
        groups.setdefault((result.target, result.rule, result.op, result.message), []).append(result)
    yield from map(tuple, groups.values())


def of_target(target: TargetEntry) -> Iterator[Result]:
    """Yield the reasons of one verdict."""
    causes = [consequence(reason, target) for reason in target.reasons]
    if causes and target.answer not in causes:
        causes[0] = target.answer  # the decisive one comes first
    for reason, answer in zip(target.reasons, causes, strict=True):
        for place in reason.occurrences:
            yield Result(
                f"placement/{reason.status}", target.id, answer, LEVELS[answer], sentence(reason), reason.change, place,
                reason,
            )  # fmt: skip


def _findings(report: Report) -> Iterator[Result]:
    for finding in report.findings:
        for place in finding.occurrences or (Occurrence("", "", "", 1, finding.nodes),):
            yield _finding(finding, place)


def _finding(finding: FindingEntry, place: Occurrence) -> Result:
    level = LEVELS[finding.severity]
    return Result(finding.rule, finding.target, "READY", level, finding.message, finding.fix, place)


def consequence(reason: Reason, target: TargetEntry) -> Answer:
    """Return the verdict that a reason alone would make, never worse than the target's."""
    refused = ANSWERS.index(target.answer) >= ANSWERS.index("NEEDS_CHANGES")
    answer: Answer = "READY"
    if reason.status in REFUSALS:
        answer = target.answer if refused else "NEEDS_CHANGES"
    elif reason.status in HOSTS:
        only = refused and not any(each.status in REFUSALS for each in target.reasons)
        answer = target.answer if only else "READY_WITH_FALLBACK"
    elif reason.status == "unknown":
        answer = "UNKNOWN"
    return min(answer, target.answer, key=ANSWERS.index)


def sentence(reason: Reason) -> str:
    """Write why, and what the table adds."""
    note = reason.note.rstrip(".")
    return f"{plain(reason)}{'. ' if reason.constraint else ': '}{note}" if note else plain(reason)


def plain(reason: Reason) -> str:
    """Write the constraint beside the model's own figures."""
    if reason.constraint and reason.here:
        return f"needs `{reason.constraint}`; here {reason.here}"
    return f"needs `{reason.constraint}`" if reason.constraint else reason.here or reason.status


def worse(one: Answer, other: Answer) -> bool:
    """Tell whether one verdict is worse than another."""
    return ANSWERS.index(one) > ANSWERS.index(other)
