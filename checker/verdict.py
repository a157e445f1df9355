"""From placements to one answer for a target, with the reasons.

READY: every compute node is taken.  READY_WITH_FALLBACK: it builds, and some of it runs on the host.  Where the
toolchain refuses the file the answer is NEEDS_CHANGES if a change is known that makes it build, else BLOCKED.  What
the model or the table does not say is settled twice, for the best and for the worst: one answer is given only where
both agree, otherwise UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from checker.changes import candidates
from checker.composites import raise_composites
from checker.graph import Composite, Graph
from checker.place import place
from checker.placement import FileAnswer, Placement, Placements, weakest_grade
from checker.target import GRADES, Grade, Status, Target
from checker.why import Reason, reasons_of

__all__ = ["Answer", "Reason", "Tried", "Verdict", "audit", "try_changes", "verdict"]


class Answer(Enum):
    """Whether a file builds for a target, and how."""

    READY = "READY"
    UNKNOWN = "UNKNOWN"
    READY_WITH_FALLBACK = "READY_WITH_FALLBACK"
    NEEDS_CHANGES = "NEEDS_CHANGES"
    BLOCKED = "BLOCKED"

    @property
    def builds(self) -> bool:
        """Tell whether the toolchain accepts the file."""
        return self in {Answer.READY, Answer.READY_WITH_FALLBACK}


ORDER: Final = tuple(Answer)
"""From the best answer to the worst."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A change that was tried in memory: its short name, what to do, the answer after it, the nodes concerned."""

    name: str
    what: str
    answer: Answer
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Verdict:
    """The answer for one target.

    ``reasons``: why it is not READY, the decisive ones first.  ``grade``: that of the weakest row that the answer
    rests on, None where it rests on none.  ``changes``: what was tried, the best first.
    """

    target: Target
    precision: str
    answer: Answer
    reasons: tuple[Reason, ...] = ()
    grade: Grade | None = None
    changes: tuple[Tried, ...] = ()


Changes = Callable[[], Iterable[Tried]]


def verdict(placements: Placements, tried: Changes | Sequence[Tried] = ()) -> Verdict:
    """Form the verdict for one target.

    Args:
        placements: where every node runs.
        tried: changes with the answer after each; a callable is called only where the toolchain refuses the file.
    """
    target = placements.target
    if not placements.offered:
        offered = ", ".join(target.precision)
        reason = Reason("", (), "unknown", "", f"precision not offered: {placements.precision}; it offers {offered}")
        return Verdict(target, placements.precision, Answer.UNKNOWN, (reason,))
    invalid = _invalid(placements.graph)
    if invalid:
        return Verdict(target, placements.precision, Answer.BLOCKED, invalid)
    best, worst = outcome(placements, hopeful=True), outcome(placements, hopeful=False)
    answer = best if best is worst else Answer.UNKNOWN
    reasons = reasons_of(placements, answer.value)
    changes: tuple[Tried, ...] = ()
    if answer is Answer.BLOCKED:
        found = tried() if callable(tried) else tried
        changes = tuple(sorted(found, key=lambda each: ORDER.index(each.answer)))
        refusing = [reason for reason in reasons if reason.refuses]
        cured = bool(refusing) and all(reason.change for reason in refusing)
        if cured or any(each.answer.builds for each in changes):
            answer = Answer.NEEDS_CHANGES
    return Verdict(target, placements.precision, answer, reasons, _grade(placements, answer, reasons), changes)


def try_changes(placements: Placements) -> tuple[Tried, ...]:
    """Make the changes that may cure a refusal, place each changed graph again, and return the answers.

    Stops at the first change after which the file builds.
    """
    tried: list[Tried] = []
    for each in candidates(placements):
        again = place(each.graph, raise_composites(each.graph), placements.target, placements.precision)
        answer = verdict(again).answer
        tried.append(Tried(each.name, each.what, answer, each.nodes))
        if answer.builds:
            break
    return tuple(tried)


def audit(
    graph: Graph, composites: Sequence[Composite], target: Target, precision: str | None = None
) -> tuple[Placements, Verdict]:
    """Place a graph on a target and form the verdict, with changes tried in memory where the file is refused."""
    placements = place(graph, composites, target, precision)
    return placements, verdict(placements, lambda: try_changes(placements))


def outcome(placements: Placements, *, hopeful: bool) -> Answer:
    """Return the answer with everything unknown settled for the best or for the worst: it builds, or is BLOCKED."""
    host = False
    for each in placements.file:
        if each.failed or (each.unsure and not hopeful):
            if each.rule.otherwise == "refused":
                return Answer.BLOCKED
            host = host or bool(placements.compute)
    for placement in placements.compute:
        status = settled(placement, hopeful=hopeful)
        if status is Status.UNSUPPORTED:
            return Answer.BLOCKED
        host = host or status is Status.FALLBACK or any(insert.on == "host" for insert in placement.inserts)
    if host and placements.target.partition == "whole":
        return Answer.BLOCKED
    return Answer.READY_WITH_FALLBACK if host else Answer.READY


def settled(placement: Placement, *, hopeful: bool) -> Status:
    """Return the status with an unknown one settled for the best or for the worst."""
    if placement.status is not Status.UNKNOWN:
        return placement.status
    if hopeful:
        return Status.NATIVE
    return Status.UNSUPPORTED if placement.worst is Status.UNKNOWN else placement.worst


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
