"""Annotations of a GitHub Actions run: workflow commands, one a line.

GitHub shows ten of each kind for a step, so the gravest come first and alike places are told together.  Nothing that a
model's author wrote can become a command or end one: the data and the properties of a command are escaped as the
runner's own toolkit does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from checker.policy.waivers import applied
from checker.render.sarif import relative
from checker.render.words import times, visible
from checker.results import alike

if TYPE_CHECKING:
    from checker.report import Report

Command = Literal["error", "warning", "notice"]
MOST_LINES = 10
"""So many reasons of one target are told in one annotation."""
ORDER: tuple[Command, ...] = ("error", "warning", "notice")


def render(reports: Sequence[Report], root: Path) -> str:
    """Render all reports; ``root``: what paths are relative to."""
    found = [line for report in reports for line in _of_report(report, root)]
    found.sort(key=lambda each: ORDER.index(each[0]))
    return "".join(f"{line}\n" for line in (*(line for _, line in found), *map(_summary, reports)))


def _of_report(report: Report, root: Path) -> Iterator[tuple[Command, str]]:
    """Yield one error, one warning and one notice for each target at most, and one for each finding."""
    file = relative(report.model.path, root)
    failures = report.gate.failures if report.gate is not None else ()
    told = {(each.target, each.rule, each.op, each.message) for each in failures}
    gathered: dict[tuple[Command, str], list[str]] = {}
    for failure in failures:
        op = f"{times(failure.op, failure.count)}: " if failure.op else ""
        title = _title(report, failure.target, failure.rule)
        gathered.setdefault(("error", title), []).append(f"{failure.rule}: {op}{failure.message}")
    for group in alike(report):
        first = group[0]
        if (first.target, first.rule, first.op, first.message) in told or all(applied(report, each) for each in group):
            continue
        level: Command = "notice" if first.level == "note" else "warning"
        what = times(first.op, sum(each.place.count for each in group))
        rule = f"{first.rule}: " if first.target else ""
        cure = f" (to mend it: {first.fix})" if first.fix else ""
        title = _title(report, first.target, first.rule)
        gathered.setdefault((level, title), []).append(f"{rule}{what}: {first.message}{cure}")
    for (level, title), lines in gathered.items():
        rest = len(lines) - MOST_LINES
        shown = [*lines[:MOST_LINES], f"and {rest} more"] if rest > 0 else lines
        yield level, _command(level, file, title, shown)


def _title(report: Report, target: str | None, rule: str) -> str:
    found = next((each for each in report.targets if each.id == target), None)
    return f"{found.id} {found.precision}: {found.answer}" if found else rule


def _summary(report: Report) -> str:
    """Write a line for the log; it begins with a word of ours, so that it is never a command."""
    answers = ", ".join(f"{target.id} {target.answer}" for target in report.targets)
    passes = "" if report.gate is None else "passes, " if report.gate.passed else "fails, "
    return f"edgelint: {visible(report.model.path)}: {passes}{visible(answers)}"


def _command(name: Command, file: str, title: str, lines: Sequence[str]) -> str:
    message = "\n".join(map(visible, lines))
    properties = f"file={_property(file)},line=1,title={_property(f'edgelint: {visible(title)}')}"
    return f"::{name} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
