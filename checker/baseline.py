"""Two reports of one model: what is new, what is fixed, what is as before.

A place is the same one in both where the target, the rule and the operator are, and either the surroundings and the
module path, or only the module path, or only the surroundings, or (without module paths) only one side of them.  So new
node names, a new export and an edit nearby leave it the same place, and twice as many of a kind are new ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from checker.gate import Comparison, Difference, VerdictChange
from checker.report import Report
from checker.results import results, worse

Subject: TypeAlias = tuple[str | None, str, str]
"""Target, rule, operator."""

Where: TypeAlias = tuple[str, str]
"""Structure and scope."""

State: TypeAlias = Literal["new", "fixed", "unchanged"]


def _half(side: int) -> Callable[[Where, Where], bool]:
    """Compare only what feeds a place (0) or what it feeds (-1), where no two module paths say that they differ."""

    def alike(one: Where, other: Where) -> bool:
        told = one[1] and other[1]
        return not told and bool(one[0]) and one[0].split(" > ")[side] == other[0].split(" > ")[side]

    return alike


SAME: tuple[Callable[[Where, Where], bool], ...] = (
    lambda one, other: one == other,
    lambda one, other: bool(one[1]) and one[1] == other[1],
    lambda one, other: bool(one[0]) and one[0] == other[0],
    _half(0),
    _half(-1),
)
"""What makes two places the same one, the surest first."""

STATES: tuple[State, ...] = ("new", "fixed", "unchanged")


def compare(before: Report, now: Report) -> Comparison:
    """Hold a report against an earlier one."""
    earlier = {target.id: target for target in before.targets}
    verdicts = []
    for target in now.targets:
        old = earlier.get(target.id)
        verdicts.append(
            VerdictChange(
                target.id,
                old.answer if old else None,
                target.answer,
                worse(target.answer, old.answer) if old else False,
                old.macs_on_accelerator if old else None,
                old.segments if old else None,
            )
        )
    kept = {target.id for target in now.targets}
    return Comparison(
        before.model.path,
        before.model.sha256,
        before.tool.tables == now.tool.tables if kept == set(earlier) else None,
        tuple(verdicts),
        tuple(_differences(before, now, kept)),
    )


def _differences(before: Report, now: Report, kept: set[str]) -> Iterator[Difference]:
    """Yield differences by state; a target that is not asked about now is left out."""
    old, new = _counted(before), _counted(now)
    messages = _messages(before) | _messages(now)
    subjects = [s for s in dict.fromkeys((*new, *old)) if s[0] is None or s[0] in kept]
    found: dict[State, list[Difference]] = {state: [] for state in STATES}
    for subject in subjects:
        for state, where, count in matched(old.get(subject, Counter()), new.get(subject, Counter())):
            structure, scope = where
            message = messages[subject, where]
            found[state].append(Difference(state, *subject, structure, scope, count, message))
    for state in STATES:
        yield from found[state]


def _counted(report: Report) -> dict[Subject, Counter[Where]]:
    counted: dict[Subject, Counter[Where]] = {}
    for result in results(report):
        places = counted.setdefault((result.target, result.rule, result.op), Counter())
        places[result.place.structure, result.place.scope] += result.place.count
    return counted


def _messages(report: Report) -> dict[tuple[Subject, Where], str]:
    return {
        ((r.target, r.rule, r.op), (r.place.structure, r.place.scope)): r.message for r in reversed(results(report))
    }


def matched(old: Counter[Where], new: Counter[Where]) -> Iterator[tuple[State, Where, int]]:
    """Pair places off, the surest first, and yield what is paired and what is left; ``where`` is today's if it can."""
    old, new = Counter(old), Counter(new)
    unchanged: Counter[Where] = Counter()
    for alike in SAME:
        for where in new:
            for other in old:
                if not alike(where, other):
                    continue
                paired = min(new[where], old[other])
                unchanged[where] += paired
                new[where] -= paired
                old[other] -= paired
    for state, places in (("new", new), ("fixed", old), ("unchanged", unchanged)):
        yield from ((state, where, count) for where, count in places.items() if count)  # type: ignore[misc]
