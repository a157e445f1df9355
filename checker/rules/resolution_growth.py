"""Cost grows faster than the number of pixels (or tokens).

A convolution costs the same for every pixel: twice the pixels, twice the multiply-accumulates (exponent 1.0).
Attention compares every position with every other: twice the pixels, four times the work (exponent 2.0), and the score
matrices do the same to memory.  At the size of a classifier the projections around attention hide that; at the size of
a detector or of a segmentation network it decides.

The exponents are measured on the file itself: shapes are inferred at several input sizes, and a straight line is laid
through log(cost) over log(pixels).  The finding is given where a kind of work grows with an exponent above 1.5, or the
whole above 1.1, as information; and as a warning where the whole grows with more than 1.25, or memory does.  What a
hierarchical network (windows, reduced keys) saves shows in the same figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.resolution import written
from checker.rules.finding import Finding, Rule, Subject

if TYPE_CHECKING:
    from checker.resolution import Point

PART, WHOLE, STEEP = 1.5, 1.1, 1.25
"""Exponents: of a kind of work, of the whole, and of the whole where it is a warning."""


def check(subject: Subject) -> Iterator[Finding]:
    """Report the exponents where something grows faster than in proportion."""
    found = subject.resolution
    if found is None:
        return
    grows, unit = found.growth, found.scaling.unit
    if grows.macs is None:
        return
    fast = {kind: each for kind, each in grows.by_kind.items() if each > PART and _matters(grows.points, kind)}
    memory = grows.peak_activation_bytes or 0.0
    if not fast and grows.macs <= WHOLE and memory <= WHOLE:
        return
    parts = ", ".join(f"{kind} {each:.1f}" for kind, each in sorted(fast.items()))
    first, last = grows.points[0], grows.points[-1]
    times = f"{(last.macs or 0) / (first.macs or 1):.0f} times the work"
    amounts = f"{found.scaling.amount(last.size) / found.scaling.amount(first.size):.0f} times the {unit}"
    nodes = tuple(
        node.name
        for composite in subject.composites
        if composite.kind in {"Attention", "TalkingHeadsAttention"} and "AttentionMatMul" in fast
        for node in composite.covers
    )
    message = (
        f"MACs grow with the power {grows.macs:.2f} of the {unit}"
        + (f" ({parts})" if parts else "")
        + (f", peak activation memory with {memory:.2f}" if memory else "")
        + f": from {written(first.size)} to {written(last.size)}, {amounts}, {times}"
    )
    yield Finding(
        rule="resolution-growth",
        severity="warning" if max(grows.macs, memory) > STEEP else "info",
        confidence="high",
        nodes=nodes,
        message=message,
        fix="keep the input small, or take attention in windows or over reduced keys",
    )


def _matters(points: tuple[Point, ...], kind: str) -> bool:
    """Leave out what is less than a hundredth of the work at the largest size."""
    last = points[-1]
    return last.macs is not None and last.by_kind.get(kind, 0) * 100 >= last.macs


RULE = Rule("resolution-growth", __doc__, check)
