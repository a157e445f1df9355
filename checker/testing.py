"""For test suites: ``assert_deployable`` fails with the reasons when a model would not run on a target as demanded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.audit import check
from checker.earlier import of_model
from checker.earlier import read as read_reports
from checker.policy.judge import Context, judged
from checker.policy.read import read as read_policy
from checker.policy.record import Policy
from checker.render import gate_words, words

if TYPE_CHECKING:
    from datetime import date

    from checker.gate import FailOn
    from checker.report import Report

__all__ = ["assert_deployable"]

MOST_FAILURES = 10
"""So many reasons are told in the message; the rest are counted."""


def assert_deployable(
    model: str | Path | bytes | Any,
    target: str | Sequence[str],
    *,
    precision: str | None = None,
    fail_on: FailOn | None = None,
    policy: str | Path | None = None,
    baseline: str | Path | None = None,
    opsets: Sequence[str | Path] = (),
    today: date | None = None,
) -> Report:
    """See that a model runs on a target, and return the report for whatever else is to be tested.

    Args:
        model: path of an ONNX file, or a ModelProto or its bytes.
        target: a target id or vendor's name, or several.
        precision: None for the target's default.
        fail_on: the verdict from which it fails; None for the policy's, else ``"needs-changes"``.
        policy: a policy file, whose limits and waivers count.
        baseline: an earlier JSON report: only what is new since then fails.
        opsets: folders with more target files.
        today: the day by which waivers expire; None for the clock's.

    Raises:
        AssertionError: it does not; the message names every reason, the nodes, and what to change.
        InputError: the model, a table, the policy or the baseline cannot be used.
    """
    __tracebackhide__ = True
    rules = read_policy(Path(policy)) if policy is not None else Policy()
    asked = (target,) if isinstance(target, str) else tuple(target)
    report = check(model, asked, precision=precision, opsets=(*rules.opsets, *opsets))
    before = None
    if baseline is not None:
        before = of_model(read_reports(str(baseline)), report.model.path, alone=True)
    day = today or datetime.now(tz=timezone.utc).date()
    report = judged(report, Context(rules, day, fail_on, before), asked=True)
    if report.gate is not None and not report.gate.passed:
        raise AssertionError(_message(report))
    return report


def _message(report: Report) -> str:
    """Say what fails, where, and what would mend it."""
    failures = report.gate.failures if report.gate is not None else ()
    verdicts = ", ".join(f"{each.answer} on {each.id} ({each.precision})" for each in report.targets)
    lines = [f"{words.visible(report.model.path)} is not deployable: {words.visible(verdicts)}"]
    lines += [f"  - {words.visible(gate_words.failure(each))}" for each in failures[:MOST_FAILURES]]
    if len(failures) > MOST_FAILURES:
        lines.append(f"  - and {len(failures) - MOST_FAILURES} more")
    changes = {change.what: change for each in report.targets for change in each.changes}
    if changes:
        lines.append("What to change:")
        lines += [f"  - {words.visible(what)} -> {words.change_outcome(change)}" for what, change in changes.items()]
    return "\n".join(lines)
