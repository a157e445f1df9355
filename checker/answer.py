"""The answers that there are, and which of them the placements of a file add up to."""

from __future__ import annotations

from enum import Enum
from typing import Final

from checker.placement import Placement, Placements
from checker.target import Status


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


def answer(placements: Placements) -> Answer:
    """Return the answer as the file is: without what changes could do for it.

    What the model or the table does not say is settled for the best and for the worst; where the two differ, or the
    precision is not offered, the answer is UNKNOWN.
    """
    if not placements.offered:
        return Answer.UNKNOWN
    if any(problem.invalid for problem in placements.graph.problems):
        return Answer.BLOCKED
    best, worst = outcome(placements, hopeful=True), outcome(placements, hopeful=False)
    return best if best is worst else Answer.UNKNOWN


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
