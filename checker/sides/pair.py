"""From two reports to their comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from checker.report import SCHEMA_VERSION
from checker.sides.easier import easier
from checker.sides.record import Beside, Easier, Only, SideInt8, SideModel, SideTarget, TargetPair

if TYPE_CHECKING:
    from checker.report import Reason, Report, TargetEntry

ORDER: tuple[Easier, ...] = ("a", "b", "same", "unclear")


def beside(
    a: Report, b: Report, in_int8: tuple[Mapping[str, TargetEntry], Mapping[str, TargetEntry]] = ({}, {})
) -> Beside:
    """Put two reports on the same targets side by side.

    Args:
        a: the first report.
        b: the second, made with the same targets.
        in_int8: entries of both models in int8, by target id, for targets whose verdict is about another precision.
    """
    pairs = tuple(_pair(one, two, in_int8) for one, two in zip(a.targets, b.targets, strict=True))
    found = Counter(pair.easier for pair in pairs)
    return Beside(SCHEMA_VERSION, a.tool, _model(a), _model(b), pairs, {each: found[each] for each in ORDER})


def _model(report: Report) -> SideModel:
    cost = report.cost
    kinds = Counter(entry.kind for entry in report.composites)
    return SideModel(
        model=report.model,
        composites=dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
        macs=cost.macs,
        complete=cost.complete,
        parameters=cost.parameters,
        weight_bytes=cost.weight_bytes,
        peak_activation_bytes=cost.peak_activation_bytes,
        macs_by_kind=cost.macs_by_kind,
        growth=cost.growth,
        resolution=cost.resolution,
        pinned_resolution=cost.pinned_resolution,
    )


def _pair(
    one: TargetEntry, two: TargetEntry, in_int8: tuple[Mapping[str, TargetEntry], Mapping[str, TargetEntry]]
) -> TargetPair:
    a, b = _target(one, in_int8[0].get(one.id)), _target(two, in_int8[1].get(two.id))
    only_a, only_b = _only(one, two), _only(two, one)
    which, why = easier(a, b, only_a, only_b)
    return TargetPair(one.id, one.toolchain, a, b, only_a, only_b, which, why)


def _target(entry: TargetEntry, in_int8: TargetEntry | None) -> SideTarget:
    tried = next((change for change in entry.changes if change.answer is not None), None)
    change = tried or next(iter(entry.changes), None)
    return SideTarget(
        answer=entry.answer,
        grade=entry.grade,
        precision=entry.precision,
        macs_on_accelerator=entry.macs_on_accelerator,
        segments=entry.segments,
        transfer_bytes=entry.transfer_bytes,
        counts=entry.counts,
        latency_floor_ms=None if entry.floor is None else entry.floor.latency_ms,
        change=change.what if change else "",
        after_change=tried.answer if tried else None,
        int8=None if in_int8 is None or entry.precision == "int8" else _int8(in_int8),
    )


def _int8(entry: TargetEntry) -> SideInt8:
    other: Counter[str] = Counter()
    for reason in entry.reasons:
        if reason.status == "runs-as":
            other[reason.op] += len(reason.nodes)
    ordered = dict(sorted(other.items(), key=lambda item: (-item[1], item[0])))
    return SideInt8(entry.answer, entry.macs_on_accelerator, entry.segments, ordered)


def _only(one: TargetEntry, two: TargetEntry) -> tuple[Only, ...]:
    """Return the reasons of one model that the other does not have, whatever the figures in them."""
    theirs = {_key(reason) for reason in two.reasons}
    return tuple(
        Only(reason.op, reason.status, len(reason.nodes), _why(reason))
        for reason in one.reasons
        if _key(reason) not in theirs
    )


def _key(reason: Reason) -> tuple[str, str, str]:
    return reason.op, reason.status, reason.constraint or ("" if reason.op else reason.here)


def _why(reason: Reason) -> str:
    if not reason.constraint:
        return reason.here
    return f"needs `{reason.constraint}`" + (f"; here {reason.here}" if reason.here else "")
