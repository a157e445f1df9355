"""The shortest text for people: what fails and why, in at most twenty lines, however many models there are.

Made for commit hooks, where the whole output is shown at once and scrolls away what was typed before it.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from checker.render import words
from checker.render.terminal import ANSWER_STYLES, paint

if TYPE_CHECKING:
    from checker.gate import Failure
    from checker.report import Report, TargetEntry

MOST_LINES = 20
MOST_FAILURES = 3
"""So many failures of one model are told."""
LINES_A_FAILURE = (8, 2)
"""A reason may take so many lines; the second number where room is short."""


def render(reports: Sequence[Report], *, width: int, color: bool) -> str:
    """Render the gates of some reports: those that fail first, each with its first reasons, then those that pass."""
    failing = [report for report in reports if report.gate is not None and not report.gate.passed]
    passing = [report for report in reports if report.gate is None or report.gate.passed]
    last = [_summary(failing, passing)] if len(reports) > 1 else []
    room = MOST_LINES - len(last)
    lines = _failures(failing, width, room - bool(passing))
    for number, report in enumerate(passing):
        left = len(passing) - number
        if len(lines) + (1 if left == 1 else 2) > room:
            if len(lines) < room:
                lines.append(Text(f"and {left} more {'passes' if left == 1 else 'pass'}"))
            break
        lines.append(_passing(report, width))
    return paint([Group(*lines, *last)], width=width, color=color)


def _summary(failing: Sequence[Report], passing: Sequence[Report]) -> Text:
    total = len(failing) + len(passing)
    return Text(f"{total} models: {len(failing)} failed, {len(passing)} passed", "bold")


def _failures(failing: Sequence[Report], width: int, room: int) -> list[Text]:
    """Tell as many reasons of each model as there is room for; where there is none for reasons, the verdicts."""
    sizes = [(most, lines) for most in range(MOST_FAILURES, 0, -1) for lines in LINES_A_FAILURE]
    for most, each in (*sizes, (0, 1)):
        blocks = [list(_failing(report, width, most, each)) for report in failing]
        if sum(map(len, blocks)) <= room:
            return [line for block in blocks for line in block]
    rest = len(failing) - room + 1
    return [*(block[0] for block in blocks[: room - 1]), Text(f"and {rest} more fail")]


def _failing(report: Report, width: int, most: int, lines: int) -> Iterator[Text]:
    """Describe a model that fails: in one line where ``most`` is 0, else with so many reasons of so many lines."""
    path, gate = words.visible(report.model.path), report.gate
    failures = _by_turns(gate.failures if gate is not None else ())
    answers = {target.id: target for target in report.targets}
    if not most:
        ids = dict.fromkeys(each.target for each in failures)
        said = ", ".join(
            f"{answers[i].answer} on {i}" if i in answers else "waivers" for i in ids if i is None or i in answers
        )
        yield Text(_cut(f"{path}: fails, {words.visible(said)}", width))
        return
    yield Text(_cut(path, width), "bold")
    for failure in failures[:most]:
        yield from _failure(failure, answers.get(failure.target or ""), width, lines)
    if len(failures) > most:
        yield Text(f"  and {len(failures) - most} more {'reason' if len(failures) == most + 1 else 'reasons'}")


def _by_turns(failures: Sequence[Failure]) -> list[Failure]:
    """Order failures so that the first of every target comes before the second of any."""
    turns: Counter[str | None] = Counter()
    ordered = []
    for number, failure in enumerate(failures):
        ordered.append((turns[failure.target], number, failure))
        turns[failure.target] += 1
    return [failure for _, _, failure in sorted(ordered, key=lambda each: each[:2])]


def _failure(failure: Failure, target: TargetEntry | None, width: int, most: int) -> Iterator[Text]:
    lead = f"  {target.id} {target.precision}: {target.answer}, " if target is not None else "  "
    what = f"{words.times(failure.op, failure.count)}: " if failure.op else ""
    said = words.visible(f"{what}{failure.message}")
    wrapped = textwrap.wrap(said, width, initial_indent=words.visible(lead), subsequent_indent="    ")
    if len(wrapped) > most:
        wrapped = [*wrapped[: most - 1], _cut(f"{wrapped[most - 1]} ...", width)]
    for number, line in enumerate(wrapped):
        text = Text(line)
        if not number and target is not None:
            at = line.find(f": {target.answer},") + 2
            text.stylize(ANSWER_STYLES[target.answer], at, at + len(target.answer))
        yield text


def _passing(report: Report, width: int) -> Text:
    counted = Counter(target.answer for target in report.targets)
    if len(report.targets) == 1:
        said = f"{report.targets[0].answer} on {report.targets[0].id}"
    else:
        said = ", ".join(f"{answer} on {count}" for answer, count in counted.items())
    excused = sum(each.state == "applied" for each in report.gate.waivers) if report.gate is not None else 0
    waived = f" ({excused} {'waiver' if excused == 1 else 'waivers'})" if excused else ""
    return Text(_cut(f"{words.visible(report.model.path)}: passes, {words.visible(said)}{waived}", width))


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3].rstrip(". ") + "..."
