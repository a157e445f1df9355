"""From what was found out about other sizes to the entries of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from checker.composites import raise_composites
from checker.cost import measure
from checker.graph import Graph
from checker.growth_report import AskedSize, Growth, GrowthPoint, PinEntry, ResolutionEntry, SizedTarget
from checker.partition import partition, share_on_accelerator
from checker.verdict import Shop, audit_all

if TYPE_CHECKING:
    from checker.resolution import Pin, Resolution
    from checker.target import Target

EXPONENT_DIGITS = 3


def growth(found: Resolution | None) -> Growth:
    """Describe how cost grows; nothing known where no input can grow."""
    if found is None:
        return Growth(None, None)
    grows = found.growth
    return Growth(
        macs=_rounded(grows.macs),
        peak_activation_bytes=_rounded(grows.peak_activation_bytes),
        per=found.scaling.unit,
        macs_by_kind={kind: round(each, EXPONENT_DIGITS) for kind, each in grows.by_kind.items()},
        points=tuple(GrowthPoint(p.size, p.macs, p.peak_activation_bytes) for p in grows.points),
        of="export" if found.exported else "file",
    )


def _rounded(exponent: float | None) -> float | None:
    return None if exponent is None else round(exponent, EXPONENT_DIGITS) + 0.0


def resolution(found: Resolution | None) -> ResolutionEntry | None:
    """Describe which sizes a file takes; None where no input can grow."""
    if found is None:
        return None
    reach, scaling = found.reach, found.scaling
    return ResolutionEntry(
        input=scaling.input,
        axes=scaling.axes,
        per=scaling.unit,
        size=found.base,
        assumed=scaling.assumed,
        step=reach.step,
        any_shape=reach.any_shape,
        takes=reach.takes,
        refuses=reach.refuses,
        pin=pin(reach.pin),
        architecture=pin(found.architecture),
    )


def pin(found: Pin | None) -> PinEntry | None:
    """Describe what ties a file to its size."""
    return None if found is None else PinEntry(found.node, found.op, found.kind, found.effect, found.message)


def pinned(found: Resolution | None) -> str | None:
    """Say in one line what ties a file to its size: what lies in the network before what an exporter wrote down."""
    if found is None or found.reach.pin is None:
        return None
    first = found.architecture or found.reach.pin
    where = f"{first.op} {first.node}".strip()
    return f"{first.kind}: {where} {first.message}" if where else f"{first.kind}: {first.message}"


def asked(found: Resolution | None, targets: Sequence[Target], precision: str | None) -> tuple[AskedSize, ...]:
    """Describe the file at every size that was asked for, with the verdicts there."""
    if found is None:
        return ()
    entries = []
    for size, graph in found.asked:
        if not isinstance(graph, Graph):
            entries.append(AskedSize(size, {}, None, None, pin(graph), ()))
            continue
        composites = raise_composites(graph)
        cost = measure(graph, composites, orders=False)
        verdicts = []
        shop = Shop()
        shop.knows(graph, composites)
        for placements, verdict in audit_all(graph, composites, targets, precision, shop):
            segments = partition(placements)
            taken = share_on_accelerator(segments, cost.per_node) if cost.complete and cost.macs else None
            count = len(segments) if placements.offered else 0
            verdicts.append(SizedTarget(verdict.target.id, verdict.answer.value, taken, count))
        inputs = {value.name: tuple(d for d in value.shape or () if isinstance(d, int)) for value in graph.inputs}
        macs = cost.macs if cost.complete else None
        entries.append(AskedSize(size, inputs, macs, cost.peak_activation_bytes, None, tuple(verdicts)))
    return tuple(entries)
