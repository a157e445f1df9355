"""Whether a report meets a policy, what is excused, and what counts as old.

A target fails where its verdict is at the threshold or above it, for every reason that alone would make such a verdict
and that neither a waiver excuses nor the baseline has; and for every limit that it breaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from checker import baseline
from checker.errors import InputError
from checker.gate import THRESHOLDS, Comparison, FailOn, Failure, Gate, WaiverEntry
from checker.policy import waivers
from checker.policy.limits import Broken, broken, newly_broken, waives_limit
from checker.policy.record import Limits, Policy, Waiver
from checker.report import Report, TargetEntry
from checker.results import Result, results, worse

DEFAULT_FAIL_ON: FailOn = "needs-changes"

WaiverState = Literal["applied", "expired", "unused", "forbidden"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a report is judged by.

    ``fail_on``: the command line's threshold, which wins over the policy's; None where it has none.  ``earlier``: the
    report of the baseline.  ``today``: decides which waivers have expired, and nothing else.
    """

    policy: Policy
    today: date
    fail_on: FailOn | None = None
    earlier: Report | None = None


def judged(report: Report, context: Context, *, asked: bool) -> Report:
    """Return the report with what the gate says; without one where no target was asked for."""
    held = baseline.compare(context.earlier, report) if context.earlier is not None else None
    return replace(report, baseline=held, gate=_gate(report, context, held) if asked else None)


def _gate(report: Report, context: Context, held: Comparison | None) -> Gate:
    demands = context.policy.of_model(report.model.path)
    fail_on: FailOn = context.fail_on or demands.fail_on or DEFAULT_FAIL_ON
    theirs, failures = _waivers(report, context.policy)
    everything = results(report)
    beyond = [(target, each) for target in report.targets for each in _broken(report, target, demands.limits, context)]
    looked_at = [_looked_at(each, everything, beyond, context) for each in theirs]
    excused = [each for each, entry in zip(theirs, looked_at, strict=True) if entry.state == "applied"]
    failures += [_expired(entry) for entry in looked_at if entry.state == "expired"]
    for target in report.targets:
        failures += _of_target(target, everything, excused, fail_on, held)
        failures += [
            Failure(found.rule, target.id, "", found.message)
            for where, found in beyond
            if where is target and not any(waives_limit(each, found, target) for each in excused)
        ]
    return Gate(not failures, context.policy.path, fail_on, tuple(failures), tuple(looked_at))


def _waivers(report: Report, policy: Policy) -> tuple[tuple[Waiver, ...], list[Failure]]:
    own: tuple[Waiver, ...] = ()
    failures: list[Failure] = []
    try:
        own = waivers.in_model(report)
    except InputError as error:
        failures.append(Failure("waiver/invalid", None, "", f"the model's own waivers do not count: {error}"))
    return (*waivers.of_model(policy, report), *own), failures


def _looked_at(
    waiver: Waiver, everything: Sequence[Result], beyond: Sequence[tuple[TargetEntry, Broken]], context: Context
) -> WaiverEntry:
    """Say what a waiver is about in this report, and whether it counts."""
    count = sum(each.place.count for each in everything if waivers.covers(waiver, each))
    count += sum(waives_limit(waiver, found, target) for target, found in beyond)
    state: WaiverState = "applied" if count else "unused"
    if waiver.origin == "model" and not context.policy.model_waivers:
        state = "forbidden"
    elif state == "applied" and waiver.expires < context.today:
        state = "expired"
    return WaiverEntry(
        waiver.origin, state, waiver.rule, waiver.target, waiver.op, waiver.scope, waiver.reason, waiver.owner,
        waiver.expires.isoformat(), count,
    )  # fmt: skip


def _expired(entry: WaiverEntry) -> Failure:
    about = " ".join(", ".join(part) for part in (entry.rule, entry.op, entry.scope, entry.target) if part != ("*",))
    message = (
        f"the waiver for {about or 'everything'} expired on {entry.expires}; {entry.owner} gave it for this reason:"
        f" {entry.reason}; mend it, or decide again and give a new day"
    )
    one = entry.target[0] if len(entry.target) == 1 and "*" not in entry.target[0] else None
    return Failure("waiver/expired", one, "", message)


def _of_target(
    target: TargetEntry,
    everything: Sequence[Result],
    excused: Sequence[Waiver],
    fail_on: FailOn,
    held: Comparison | None,
) -> Iterator[Failure]:
    """Yield why the verdict fails; one failure for a reason, however many places it has."""
    threshold = THRESHOLDS.get(fail_on)
    if threshold is None or worse(threshold, target.answer):
        return
    old = _old(target, held)
    told: dict[tuple[str, str, str], int] = {}
    for result in everything:
        if result.target != target.id or worse(threshold, result.causes):
            continue
        if (result.rule, result.op, result.place.structure, result.place.scope) in old:
            continue
        if not any(waivers.covers(each, result) for each in excused):
            key = (result.rule, result.op, result.message)
            told[key] = told.get(key, 0) + result.place.count
    for (rule, op, message), count in told.items():
        yield Failure(rule, target.id, op, message, count)
    before = next((each for each in held.verdicts if each.target == target.id), None) if held else None
    if before is not None and before.worse and not told and not excused:
        yield Failure("verdict/worse", target.id, "", f"{target.answer}, and {before.before} in the baseline")


def _old(target: TargetEntry, held: Comparison | None) -> set[tuple[str, str, str, str]]:
    """Return the places that the baseline has all of."""
    if held is None:
        return set()
    here = [each for each in held.differences if each.target == target.id]
    fresh = {(each.rule, each.op, each.structure, each.scope) for each in here if each.state == "new"}
    known = {(each.rule, each.op, each.structure, each.scope) for each in here if each.state == "unchanged"}
    return known - fresh


def _broken(report: Report, target: TargetEntry, limits: Limits, context: Context) -> Iterator[Broken]:
    """Yield the limits that are broken, and were not in the baseline, or by less."""
    for found in broken(report, target, limits):
        if context.earlier is None or newly_broken(found, context.earlier, target.id, limits):
            yield found
