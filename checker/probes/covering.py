"""The fewest cases that show what a target's evidence shows: what to ask of a chip that is much like another.

A case shows on which side of each constraint of the table it lies, and one way in which the compiler answered to its
operator (``answer``, ``into``).  Whatever all the evidence shows, the chosen cases show too.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from checker.errors import InputError
from checker.probes import replay
from checker.probes.evidence import Record
from checker.target import Target


def covering(target: Target) -> Iterator[dict[str, Any]]:
    """Yield the chosen cases of a target, ``{"case", "asked"}``, those that show most first.

    They bear no precision, so that each is asked at every one that the toolchain makes of it; workarounds, which are
    one chip's own, are left out.

    Raises:
        InputError: nothing was measured of the target.
    """
    coverage = replay.Coverage(target)
    seen = [each for each in replay.small(target) if not each.record.get("variant")]
    if not seen:
        raise InputError(f"--covering {target.id}: there is no evidence of this target to choose from")
    asked = set()
    for number in fewest([{*coverage.told(each), _way(each.record)} for each in seen]):
        record = seen[number].record
        case = {"case": record["case"], "asked": record["asked"]}
        if str(case) not in asked:
            asked.add(str(case))
            yield case


def _way(record: Record) -> Hashable:
    name = record["asked"].get("op") or record["case"].partition("/")[0]
    return name, record["answer"], tuple(record.get("into", ()))


def fewest(shown: Sequence[AbstractSet[Hashable]]) -> list[int]:
    """Return which of some sets together hold what all hold; each time the one that adds most, the first on a tie.

    Greedy, hence not always the smallest choice: at most ln(n) times as many, n the size of the largest set.
    """
    left = set().union(*shown)
    queue = [(-len(each), number) for number, each in enumerate(shown)]
    heapq.heapify(queue)
    chosen = []
    while left:
        size, number = heapq.heappop(queue)
        added = shown[number] & left
        if len(added) == -size:
            chosen.append(number)
            left -= added
        else:
            heapq.heappush(queue, (-len(added), number))
    return chosen
