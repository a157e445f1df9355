"""Conditions that separate what was measured: the smallest tree of constraint lines, and the rows that it makes.

A leaf of the tree where all cases came out alike becomes a row; one where they differ says nothing, and no row is made.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

OPPOSITES = ((" <= ", " > "), (" > ", " <= "), (" == ", " != "), (" not in ", " in "), (" in ", " not in "))
LARGEST = 6
"""Largest rank that was measured of any operator; a condition on every row of a table, so no row repeats it."""
DEEPEST = 6
"""Most conditions on the way to a row; what needs more is left unknown."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a case answers to each line, by the line's position, and what was measured of it."""

    yes: tuple[bool, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """Conditions, and how many cases came out how where they hold."""

    conditions: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]

    @property
    def label(self) -> str:
        """What all cases came out as; empty where they differ."""
        return self.counts[0][0] if len(self.counts) == 1 else ""

    @property
    def total(self) -> int:
        """Number of cases."""
        return sum(count for _, count in self.counts)


def leaves(examples: Sequence[Example], lines: Sequence[str], first: str) -> list[Leaf]:
    """Separate one label from the rest; then, within what is not that label, the others from each other."""
    found: list[Leaf] = []
    for path, inside in _split([(each, each.label == first) for each in examples], lines, ()):
        if all(each.label == first for each in inside):
            found.append(_leaf(path, inside))
        else:
            parts = _split([(each, each.label) for each in inside], lines, path)
            found += [_leaf(further, some) for further, some in parts]
    return found


def _split(
    marked: Sequence[tuple[Example, object]], lines: Sequence[str], path: tuple[str, ...]
) -> list[tuple[tuple[str, ...], list[Example]]]:
    """Split by the line that tells most, the first of equally good ones, until all examples of a part are alike."""
    counts = Counter(mark for _, mark in marked)
    whole = [(path, [example for example, _ in marked])]
    if len(counts) == 1 or len(path) >= DEEPEST:
        return whole
    best, gain = -1, 1e-9
    before = _bits(counts)
    for index in range(len(lines)):
        taken = Counter(mark for example, mark in marked if example.yes[index])
        size = taken.total()
        if size in {0, len(marked)}:
            continue
        after = (size * _bits(taken) + (len(marked) - size) * _bits(counts - taken)) / len(marked)
        if before - after > gain + 1e-9:
            best, gain = index, before - after
    if best < 0:
        return whole
    line = lines[best]
    return [
        *_split([each for each in marked if each[0].yes[best]], lines, (*path, line)),
        *_split([each for each in marked if not each[0].yes[best]], lines, (*path, opposite(line))),
    ]


def _leaf(path: tuple[str, ...], examples: Sequence[Example]) -> Leaf:
    return Leaf(path, tuple(sorted(Counter(example.label for example in examples).items())))


def _bits(counts: Counter[object]) -> float:
    total = counts.total()
    return -sum(count / total * math.log2(count / total) for count in counts.values())


def opposite(line: str) -> str:
    """Write the negation of a line, as one would write it."""
    if not line.startswith("every(") and " and " not in line:
        for one, other in OPPOSITES:
            if line.count(one) == 1:
                return line.replace(one, other)
    if " and " in line:
        return f"not ({line})"
    return line.removeprefix("not ") if line.startswith("not ") else f"not {line}"


def tidy(conditions: Iterable[str], ranks: Mapping[str, tuple[int, int]]) -> tuple[str, ...]:
    """Write the conditions of a row: bounds of one rank on one line, within the ranks that were measured.

    ``ranks``: least and largest rank measured, by what is ranked; the first is always bounded.
    """
    bounds = dict(list(ranks.items())[:1])
    others: list[str] = []
    for line in conditions:
        found = re.fullmatch(r"(rank\(\w+\)) (<=|>) (\d+)", line)
        if not found:
            others.append(line)
            continue
        name, sign, number = found[1], found[2], int(found[3])
        low, high = bounds.get(name, ranks[name])
        bounds[name] = (low, min(high, number)) if sign == "<=" else (max(low, number + 1), high)
    written = [_bound(name, *span) for name, span in bounds.items()]
    return (*(line for line in written if line), *_shorter(others))


def _bound(name: str, low: int, high: int) -> str:
    if low == high:
        return f"{name} == {low}"
    if low and high < LARGEST:
        return f"{low} <= {name} <= {high}"
    return f"{name} <= {high}" if high < LARGEST else f"{name} >= {low}" if low else ""


def _shorter(lines: Sequence[str]) -> list[str]:
    """Leave out what another line says more narrowly: ``axis != 1`` beside ``axis == 0``."""
    same = {line.rsplit(" == ", 1)[0] for line in lines if " == " in line and " and " not in line}
    kept = [line for line in lines if " != " not in line or line.rsplit(" != ", 1)[0] not in same]
    tightest: dict[str, str] = {}
    for line in kept:
        found = re.fullmatch(r"(every\(.*\) <=) \d", line)
        key = found[1] if found else line
        tightest[key] = min(tightest.get(key, line), line)
    return list(tightest.values())
