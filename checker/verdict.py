"""From placements to one answer for a target, with the reasons.

READY: every compute node is taken.  READY_WITH_FALLBACK: it builds, and some of it runs on the host.  Where the
toolchain refuses the file the answer is NEEDS_CHANGES if a change is known that makes it build, else BLOCKED.  What
the model or the table does not say is settled twice, for the best and for the worst: one answer is given only where
both agree, otherwise UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from checker.answer import ORDER, Answer
from checker.answer import answer as answer_of
from checker.changes import Found, Shop, Tried, search
from checker.graph import Composite, Graph
from checker.place import place
from checker.placement import FileAnswer, Placements, weakest_grade
from checker.target import GRADES, Grade, Target
from checker.why import Reason, reasons_of

__all__ = ["ORDER", "Answer", "Found", "Reason", "Shop", "Tried", "Verdict", "audit", "audit_all", "verdict"]


@dataclass(frozen=True, eq=False)
class Verdict:
    """The answer for one target.

    ``reasons``: why it is not READY, the decisive ones first.  ``grade``: that of the weakest row that the answer
    rests on, None where it rests on none.  ``changes``: what would improve it, the best first.  ``trials``: how many
    changed graphs were placed; ``stopped`` says that more would have been but for the limit.
    """

    target: Target
    precision: str
    answer: Answer
    reasons: tuple[Reason, ...] = ()
    grade: Grade | None = None
    changes: tuple[Tried, ...] = ()
    trials: int = 0
    stopped: bool = False


def verdict(placements: Placements, tried: Callable[[], Found] | Found | None = None) -> Verdict:
    """Form the verdict for one target.

    Args:
        placements: where every node runs.
        tried: changes with the answer after each; a callable is called only where the file is not READY.
    """
    target = placements.target
    changes: Found = Found()
    answer = answer_of(placements)
    if answer is not Answer.READY:
        changes = (tried() if callable(tried) else tried) or changes
    if not placements.offered:
        offered = ", ".join(target.precision)
        reason = Reason("", (), "unknown", "", f"precision not offered: {placements.precision}; it offers {offered}")
        return Verdict(target, placements.precision, answer, (reason,), None, changes.changes, changes.trials)
    invalid = _invalid(placements.graph)
    if invalid:
        return Verdict(target, placements.precision, Answer.BLOCKED, invalid)
    reasons = reasons_of(placements, answer.value)
    if answer is Answer.BLOCKED:
        refusing = [reason for reason in reasons if reason.refuses]
        cured = bool(refusing) and all(reason.change for reason in refusing)
        if cured or any(each.answer is not None and each.answer.builds for each in changes.changes):
            answer = Answer.NEEDS_CHANGES
    return Verdict(
        target,
        placements.precision,
        answer,
        reasons,
        _grade(placements, answer, reasons),
        changes.changes,
        changes.trials,
        changes.stopped,
    )


def audit_all(
    graph: Graph,
    composites: Sequence[Composite],
    targets: Sequence[Target],
    precision: str | None,
    shop: Shop,
    *,
    improve: bool = True,
) -> Iterator[tuple[Placements, Verdict]]:
    """Place a graph on several targets, then form the verdicts one by one.

    Those that are not READY share what may be tried.  Without ``improve`` changes are tried only where the file does
    not build, since there the verdict depends on them.
    """
    states = [shop.judged(place(graph, composites, target, precision), tuple(composites)) for target in targets]
    tries = [state.outcome.answer is Answer.BLOCKED or improve for state in states]
    waiting = zip(states, tries, strict=True)
    shop.waiting = sum(tried and state.outcome.answer is not Answer.READY for state, tried in waiting)
    for state, tried in zip(states, tries, strict=True):
        yield state.placements, verdict(state.placements, partial(search, state, shop) if tried else None)


def audit(
    graph: Graph,
    composites: Sequence[Composite],
    target: Target,
    precision: str | None = None,
    shop: Shop | None = None,
) -> tuple[Placements, Verdict]:
    """Place a graph on a target and form the verdict, with changes tried in memory where the file is not READY.

    Args:
        graph: the network.
        composites: what was recognised in it.
        target: the target.
        precision: None for the target's default.
        shop: where changed graphs are made, to be shared by the targets that one model is asked about.
    """
    if shop is None:
        shop = Shop()
        shop.knows(graph, tuple(composites))
    return next(audit_all(graph, composites, (target,), precision, shop))


def _invalid(graph: Graph) -> tuple[Reason, ...]:
    found = (problem for problem in graph.problems if problem.invalid)
    return tuple(
        Reason("", each.nodes, "refused", "", each.message, source="the ONNX standard", refuses=True) for each in found
    )


def _grade(placements: Placements, answer: Answer, reasons: Sequence[Reason]) -> Grade | None:
    """Return the grade of an answer.

    A file that builds rests on every row and rule; an unknown on what does not say.  One good reason is enough to
    refuse a file, so a refusal is as good as the best of them.
    """
    if answer in {Answer.BLOCKED, Answer.NEEDS_CHANGES}:
        refusing = [reason.grade for reason in reasons if reason.refuses and reason.grade]
        return min(refusing, key=GRADES.index, default=None)
    if answer is Answer.UNKNOWN:
        return weakest_grade(tuple(r.grade for r in reasons if r.status == "unknown"))
    grades = [placement.grade for placement in placements.compute]
    return weakest_grade((*grades, *(_file_grade(each) for each in placements.file)))


def _file_grade(each: FileAnswer) -> Grade | None:
    return each.rule.grade
