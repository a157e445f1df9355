"""Which of two models is easier to deploy on a target, and why in one sentence.

The verdict decides; where it is the same, what it takes to get a better one, then the share of the work on the
accelerator, then the number of pieces that the network is cut into, then the bytes between them.  Cost itself (MACs,
memory) is shown beside and decides nothing: a larger model that runs is not harder to deploy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from checker.gate import ANSWERS

if TYPE_CHECKING:
    from checker.sides.record import Easier, Only, SideTarget

WORTH = 0.01
"""Shares of the work that differ by less are the same."""
PIECES = 1.25
"""So many times more segments, or bytes, are worse."""
REFUSED = ("NEEDS_CHANGES", "BLOCKED")


def easier(a: SideTarget, b: SideTarget, only_a: Sequence[Only], only_b: Sequence[Only]) -> tuple[Easier, str]:
    """Return which is easier and the sentence that says why."""
    if a.answer == b.answer == "UNKNOWN":
        return "unclear", f"neither verdict is known: {_reason(only_a) or _reason(only_b) or 'for the same reasons'}"
    if "UNKNOWN" in {a.answer, b.answer}:
        name, side, only = ("A", a, only_a) if a.answer == "UNKNOWN" else ("B", b, only_b)
        other, known = ("B", b) if side is a else ("A", a)
        return "unclear", f"{name} is UNKNOWN{_because(only)}; {other} is {_told(known)}"
    if a.answer != b.answer:
        better_a = ANSWERS.index(a.answer) < ANSWERS.index(b.answer)
        names, better, worse = (("A", "B"), a, b) if better_a else (("B", "A"), b, a)
        only = only_b if better_a else only_a
        change = f"; it would be {worse.after_change} after: {worse.change}" if worse.after_change else ""
        said = f"{names[0]} is {_told(better)}, {names[1]} is {_told(worse)}{_because(only)}{change}"
        return ("a" if better_a else "b"), said
    return _alike(a, b, only_a, only_b)


def _alike(a: SideTarget, b: SideTarget, only_a: Sequence[Only], only_b: Sequence[Only]) -> tuple[Easier, str]:
    """Decide between two models with the same verdict."""
    if a.answer == "READY":
        return "same", f"both are READY{_floors(a, b)}"
    if a.answer in REFUSED:
        return _refused(a, b, only_a, only_b)
    mine, theirs = a.macs_on_accelerator, b.macs_on_accelerator
    if mine is not None and theirs is not None and abs(mine - theirs) > WORTH:
        which: Easier = "a" if mine > theirs else "b"
        figures = f"{_percent(mine)} of the work of A on the accelerator, {_percent(theirs)} of B"
        return which, _both(which, a.answer, figures)
    for mine_, theirs_, what in ((a.segments, b.segments, "segments"), (a.transfer_bytes, b.transfer_bytes, "bytes")):
        if mine_ is None or theirs_ is None or max(mine_, theirs_) <= PIECES * min(mine_, theirs_):
            continue
        which = "a" if mine_ < theirs_ else "b"
        moved = "pieces" if what == "segments" else "bytes between host and accelerator"
        return which, _both(which, a.answer, f"{mine_} {moved} for A, {theirs_} for B")
    return "same", f"both are {a.answer}, alike in share and pieces{_differ(only_a, only_b)}"


def _refused(a: SideTarget, b: SideTarget, only_a: Sequence[Only], only_b: Sequence[Only]) -> tuple[Easier, str]:
    after = [len(ANSWERS) if side.after_change is None else ANSWERS.index(side.after_change) for side in (a, b)]
    if after[0] != after[1]:
        which: Easier = "a" if after[0] < after[1] else "b"
        better = a if which == "a" else b
        name = which.upper()
        return which, f"both are {a.answer}; {name} would be {better.after_change} after: {better.change}"
    refused = [side.counts.unsupported for side in (a, b)]
    if min(refused) != max(refused) and max(refused) > PIECES * min(refused):
        which = "a" if refused[0] < refused[1] else "b"
        said = f"both are {a.answer}; {refused[0]} nodes of A are refused, {refused[1]} of B"
        return which, said + _differ(only_a, only_b)
    return "same", f"both are {a.answer}{_differ(only_a, only_b)}"


def _both(which: Easier, answer: str, figures: str) -> str:
    return f"both are {answer}; {figures}: {which.upper()} leaves less to the host"


def _told(side: SideTarget) -> str:
    """Write a verdict with its share and pieces."""
    if side.answer != "READY_WITH_FALLBACK":
        return side.answer
    share = "" if side.macs_on_accelerator is None else f"{_percent(side.macs_on_accelerator)} on the accelerator, "
    return f"{side.answer} ({share}{side.segments} segments)"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share in {0.0, 1.0} else f"{min(max(share * 100, 0.1), 99.9):.1f}%"


def _reason(only: Sequence[Only]) -> str:
    if not only:
        return ""
    first = only[0]
    head = first.op if first.nodes <= 1 else f"{first.op} x {first.nodes}"
    return f"{head or 'the whole file'}: {first.why or first.status}"


def _because(only: Sequence[Only]) -> str:
    said = _reason(only)
    return f" because of {said}" if said else ""


def _differ(only_a: Sequence[Only], only_b: Sequence[Only]) -> str:
    found = [f"only {name}: {_reason(only)}" for name, only in (("A", only_a), ("B", only_b)) if only]
    return f"; {'; '.join(found)}" if found else ""


def _floors(a: SideTarget, b: SideTarget) -> str:
    mine, theirs = a.latency_floor_ms, b.latency_floor_ms
    if mine is None or theirs is None:
        return ""
    return f"; A takes at least {mine:.3g} ms, B {theirs:.3g} ms"
