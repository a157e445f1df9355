"""How far a compiler came with the small models that a row of a table refuses or leaves to the host."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from checker.placement import Placement
from checker.probes.evidence import Record
from checker.probes.replay import Replay
from checker.target import Row, Status

SKIPPED: Final = re.compile(r"\bquanti[sz]er leaves [\w, ]+ in float32")
"""How an observation says that the quantizer left something out, which is then on the host."""
MOST: Final = 0.9
"""Share of a row's observations that have to show the same stage, for the row to name it."""

Key = tuple[str, int]
"""A row's table and its place in the file: an entry with several operators is one."""


@dataclass(slots=True)
class StagesSeen:
    """Counts stages for each row: of models on which we agree or the compiler crashed, that one row alone keeps off."""

    counts: defaultdict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, seen: Replay) -> None:
        """Count one observation."""
        said = seen.record["answer"]
        if not seen.agrees and said != "crashed":
            return
        status = Status.FALLBACK if said == "host" else Status.UNSUPPORTED
        rows = {_key(row) for each in seen.placements.compute for row in _rows(each, status)}
        if len(rows) == 1 and not any(each.failed for each in seen.placements.file):
            self.counts[rows.pop()][stage(seen.record)] += 1

    def of(self, row: Row) -> str:
        """Return the stage that nearly all observations of a row show; empty where there is none."""
        counts = self.counts.get(_key(row), Counter())
        ((most, number),) = counts.most_common(1) or [("", 0)]
        return most if number >= MOST * counts.total() else ""


def stage(record: Record) -> str:
    """Return how far the compiler came; ``skip`` where the quantizer left an operator to the host, ``crash``."""
    if record["answer"] == "crashed":
        return "crash"
    if record["answer"] == "host":
        return "skip" if SKIPPED.search(str(record.get("says", ""))) else ""
    return str(record.get("stage", ""))


def _key(row: Row) -> Key:
    return row.table, row.index


def _rows(placement: Placement, status: Status) -> Iterator[Row]:
    """Yield the rows that make a node end so; of what it is expanded into, those of its parts."""
    if placement.status is not status:
        return
    for part in placement.parts:
        yield from _rows(part, status)
    if placement.row is not None and not placement.parts:
        yield placement.row
