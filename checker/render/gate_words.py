"""What a gate and a comparison say, in words, for every renderer that is read by people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.render.words import times

if TYPE_CHECKING:
    from checker.gate import Comparison, Difference, Failure, WaiverEntry


def verdict_changes(held: Comparison) -> Iterator[str]:
    """Yield a line for each target whose verdict changed: before, now."""
    for each in held.verdicts:
        if each.before is None:
            yield f"{each.target}: {each.after}, not in the baseline"
        elif each.before != each.after:
            yield f"{each.target}: {each.before} -> {each.after}" + (" (worse)" if each.worse else " (better)")


def counted_by_state(held: Comparison) -> str:
    """Write ``2 new, 1 fixed, 5 unchanged`` places."""
    counts = Counter({"new": 0, "fixed": 0, "unchanged": 0})
    for each in held.differences:
        counts[each.state] += each.count
    said = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{said} (the target tables are not the same as then)" if held.tables is False else said


def difference(each: Difference) -> str:
    """Say what is new or fixed, and where."""
    where = f" in {each.scope}" if each.scope else f" (`{each.structure}`)" if each.op and each.structure else ""
    target = f"{each.target}: " if each.target else ""
    return f"{target}{each.rule} {times(each.op, each.count)}{where}: {each.message}"


def failure(each: Failure) -> str:
    """Say why a model does not pass."""
    target = f"{each.target}: " if each.target else ""
    return f"{target}{each.rule}: " + (f"{times(each.op, each.count)}: " if each.op else "") + each.message


def waiver(each: WaiverEntry) -> str:
    """Say what a waiver is about, what became of it, and whose it is."""
    about = " ".join(
        f"{name} {', '.join(patterns)}"
        for name, patterns in (
            ("rule", each.rule),
            ("operator", each.op),
            ("scope", each.scope),
            ("target", each.target),
        )
        if patterns != ("*",)
    )
    origin = "the model's own" if each.origin == "model" else "policy"
    places = (
        ""
        if each.state != "applied" or not each.count
        else f" to {each.count} {'place' if each.count == 1 else 'places'}"
    )
    return (
        f"{each.state}{places} ({origin}, {each.owner}, until {each.expires}): {about or 'everything'}: {each.reason}"
    )
