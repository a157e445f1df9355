"""JUnit XML, as Jenkins, GitLab and others take it: a suite for each target, a case for each rule and model.

A case fails where the gate fails for that rule (with no target asked for: where the toolchain refuses the file); what
is not known is skipped, and so is what a waiver excuses.  A rule that only informs passes, with its words as output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from checker.policy.waivers import applied
from checker.render.words import times, visible
from checker.results import Result, alike

if TYPE_CHECKING:
    from checker.gate import Failure
    from checker.report import Report, TargetEntry

RULES = ("placement/refused", "placement/unsupported", "placement/fallback", "placement/inserts", "placement/unknown")
"""Each of these is a case of every suite, so that a suite without problems is seen to have been run."""
REFUSALS = frozenset({"BLOCKED", "NEEDS_CHANGES"})


@dataclass(slots=True)
class Case:
    """One test case.  ``failed``, ``skipped``: why, a line each.  ``said``: what else there is to say."""

    model: str
    rule: str
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def render(reports: Sequence[Report]) -> str:
    """Render all reports; suites in order of target id, the suite of findings about the file itself last."""
    ids = sorted({target.id for report in reports for target in report.targets})
    suites = [_suite(name, reports) for name in (*ids, None)]
    root = ET.Element("testsuites", name="edgelint")
    for suite in suites:
        if len(suite):
            root.append(suite)
    for count in ("tests", "failures", "errors"):  # Jenkins' schema has no sum of the skipped
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(name: str | None, reports: Sequence[Report]) -> ET.Element:
    cases = [case for report in reports for case in _cases(name, report)]
    suite = ET.Element(
        "testsuite", name=name or "findings", tests=str(len(cases)), failures=str(sum(bool(c.failed) for c in cases)),
        errors="0", skipped=str(sum(bool(c.skipped and not c.failed) for c in cases)), time="0",
    )  # fmt: skip
    said = next((target for report in reports for target in report.targets if target.id == name), None)
    if said is not None:
        properties = ET.SubElement(suite, "properties")
        for key, value in (("toolchain", said.toolchain), ("grade", said.grade or "none")):
            ET.SubElement(properties, "property", name=key, value=visible(value))
    for case in cases:
        suite.append(_element(case))
    return suite


def _cases(name: str | None, report: Report) -> Iterator[Case]:
    """Yield the cases of one model on one target, or those of its findings that hold for all."""
    target = next((each for each in report.targets if each.id == name), None)
    if name is not None and target is None:
        return
    path = report.model.path
    cases = {rule: Case(path, rule) for rule in (RULES if target is not None else ())}
    failures = report.gate.failures if report.gate is not None else ()
    mine = [each for each in failures if each.target == name]
    for group in alike(report):
        result = group[0]
        if result.target != name:
            continue
        case = cases.setdefault(result.rule, Case(path, result.rule))
        line = f"{times(result.op, sum(each.place.count for each in group))}: {result.message}"
        waivers = applied(report, result)
        if _fails(result, target, mine, gated=report.gate is not None):
            case.failed.append(line)
        elif waivers:
            case.skipped.append(
                f"{line} (waived until {waivers[0].expires} by {waivers[0].owner}: {waivers[0].reason})"
            )
        elif result.rule == "placement/unknown":
            case.skipped.append(line)
        else:
            case.said.append(line)
    for failure in mine:
        if not failure.rule.startswith("placement/"):
            cases.setdefault(failure.rule, Case(path, failure.rule)).failed.append(failure.message)
    yield from cases.values()


def _fails(result: Result, target: TargetEntry | None, failures: Sequence[Failure], *, gated: bool) -> bool:
    if target is None:
        return result.level == "error"
    if gated:
        said = {(each.rule, each.op, each.message) for each in failures}
        return (result.rule, result.op, result.message) in said
    return target.answer in REFUSALS and result.causes == target.answer


def _element(case: Case) -> ET.Element:
    element = ET.Element("testcase", classname=visible(case.model), name=case.rule, time="0")
    if case.failed:
        inner = ET.SubElement(element, "failure", message=visible(case.failed[0]), type=case.rule)
        inner.text = "\n".join(map(visible, case.failed))
    elif case.skipped:
        ET.SubElement(element, "skipped", message=visible("; ".join(case.skipped)))
    said = [*case.said, *(case.skipped if case.failed else ())]
    if said:
        ET.SubElement(element, "system-out").text = "\n".join(map(visible, said))
    return element
