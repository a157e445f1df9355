"""Cures that a table names: known from the vendor or from measurement, but nothing that could be tried in memory."""

from __future__ import annotations

from collections.abc import Iterator

from checker.changes.record import State


def cures(state: State) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each cure of what troubles a file, once, with the names of the nodes that it concerns."""
    found: dict[str, dict[str, None]] = {}
    for each in state.placements.file:
        if (each.failed or each.unsure) and each.rule.change:
            found.setdefault(each.rule.change, {})
    for placement in state.placements.compute:
        if placement.change:
            found.setdefault(placement.change, {}).update(dict.fromkeys(placement.covers))
    for change, names in found.items():
        yield change, tuple(names)
