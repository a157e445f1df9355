"""What an inference costs, in words and figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.render.words import percent, quantity, size

if TYPE_CHECKING:
    from checker.cost_report import Fit, Floor, MemoryEntry, Prefix
    from checker.report import CostEntry, TargetEntry

SHOWN = 4
"""So many kinds of work are named."""

LONGEST_NAME = 50
"""Columns; a longer name of the node at the peak is in the JSON report only."""

LONGEST_FORMULA = 60
"""Columns; a longer one is in the JSON report only."""


def facts(cost: CostEntry) -> Iterator[tuple[str, str]]:
    """Yield the cost's lines as label and text."""
    kinds = [f"{percent(share)} {kind}" for kind, share in list(cost.macs_by_kind.items())[:SHOWN]]
    yield "MACs", macs(cost) + (f": {', '.join(kinds)}" if kinds else "")
    if cost.formula is not None and len(cost.formula) <= LONGEST_FORMULA:
        yield "", f"MACs = {cost.formula}"
    bound = " at least" if cost.missing else ""
    if cost.elementwise_ops:
        by_steps = sorted(cost.kinds, key=lambda each: (-each.elementwise_ops, each.kind))[:SHOWN]
        parts = [
            f"{percent(each.elementwise_ops / cost.elementwise_ops)} {each.kind}"
            for each in by_steps
            if each.elementwise_ops
        ]
        yield "other work", f"{quantity(cost.elementwise_ops)} element-wise steps{bound}: {', '.join(parts)}"
    moved = cost.bytes_moved.read + cost.bytes_moved.written + cost.bytes_moved.weights
    if moved and cost.arithmetic_intensity is not None:
        by_bytes = sorted(cost.kinds, key=lambda each: (-each.bytes, each.kind))[:SHOWN]
        shares = ", ".join(f"{percent(each.bytes_share or 0.0)} {each.kind}" for each in by_bytes if each.bytes)
        yield "bytes moved", f"{size(moved)}{bound} ({cost.arithmetic_intensity:.3g} MACs a byte): {shares}"
    sizes = cost.weight_bytes
    stored = f"{size(sizes.fp32)} in fp32, {size(sizes.fp16)} in fp16, {size(sizes.int8)} in int8"
    yield "weights", f"{quantity(cost.parameters)} parameters; {stored}"
    yield "activations", activations(cost)


def macs(cost: CostEntry) -> str:
    """Write the multiply-accumulates of one inference, or what is known of them."""
    if cost.complete:
        return quantity(cost.macs)
    if not cost.macs:
        return "not known (unknown shapes)"
    why = cost.missing[0].what if cost.missing else "some shapes are unknown"
    return f"{quantity(cost.macs)} at least ({why})"


def activations(cost: CostEntry) -> str:
    """Write the peak of activation memory, and what sharing memory or another order make of it."""
    peak = cost.peak_activation_bytes
    if peak is None:
        if cost.memory.formula is not None and len(cost.memory.formula) <= LONGEST_FORMULA:
            return f"{size(cost.memory.at_least)} at least at the peak: {cost.memory.formula} bytes"
        least = f", {size(cost.memory.at_least)} at least" if cost.memory.at_least else ""
        return f"peak not known (some shapes are unknown){least}"
    at = f" ({cost.memory.at})" if 0 < len(cost.memory.at) <= LONGEST_NAME else ""
    return f"{size(peak)} at the peak{at}{_otherwise(cost.memory, peak)}"


def _otherwise(memory: MemoryEntry, peak: int) -> str:
    said = ""
    if memory.in_place is not None and memory.in_place < peak:
        said += f", {size(memory.in_place)} in place"
    if memory.best_order_in_place is not None and memory.in_place is not None:
        if memory.best_order_in_place < memory.in_place:
            said += f", {size(memory.best_order_in_place)} in a better order"
        elif memory.best_order is not None and memory.best_order < peak:
            said += f", {size(memory.best_order)} in a better order"
        elif memory.optimal:
            said += "; no order needs less"
    return said


def of_target(target: TargetEntry) -> Iterator[str]:
    """Yield what the stated figures of a chip say of the file: the prefix that maps, a lower bound, what fits."""
    if target.prefix is not None:
        yield prefix(target.prefix)
    if target.floor is not None and (target.floor.latency_ms is not None or target.floor.cycles is not None):
        yield floor(target.floor)
    if target.fit is not None and (target.fit.on_chip is not None or target.fit.ram is not None):
        yield fit(target.fit)


def prefix(found: Prefix) -> str:
    """Say what maps where the toolchain takes one subgraph."""
    share = "" if found.macs_share is None else f" with {percent(found.macs_share)} of the MACs"
    left = f"; {len(found.left)} later nodes that it could take run on the host" if found.left else ""
    return f"one subgraph: the first {found.nodes} nodes{share} map{left}"


def floor(bound: Floor) -> str:
    """Write the lower bound of the latency, and what it leaves out for want of a figure."""
    unknown = [name for name in bound.unknown if name != "shapes"]
    without = f" (not stated: {', '.join(unknown)})" if unknown else ""
    if bound.latency_ms is None:
        return f"at least {quantity(bound.cycles or 0)} cycles an inference{without}"
    limit = f", bound by {bound.bound}" if bound.bound else ""
    return f"at least {bound.latency_ms:g} ms an inference{limit}{without}: a floor, no promise"


def fit(found: Fit) -> str:
    """Say whether weights and activations fit into memory."""
    needs = f"weights {size(found.weight_bytes)}"
    needs += "" if found.activation_bytes is None else f", activations {size(found.activation_bytes)}"
    said = [
        f"{'fit' if fits else 'do not fit'} {where} ({size(room)})"
        for fits, where, room in (
            (found.on_chip, "on the chip", found.on_chip_bytes),
            (found.ram, "into RAM", found.ram_bytes),
        )
        if fits is not None and room is not None
    ]
    return f"{needs}: {', '.join(said)}"
