"""A floor under the latency, and what fits into memory: from the figures that a vendor states, and from nothing else.

A lower bound, no promise.  Every multiply-accumulate on the accelerator runs at the stated peak, and what cannot stay
on the chip between two inferences crosses the memory interface once at its stated bandwidth: weights, inputs and
outputs, less the on-chip memory where that is stated.  Work on the host, activations that spill, layout changes and
calls only add to it.  It would not hold for an algorithm with fewer multiplications than the definition (Winograd),
nor for weights that the toolchain compresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from checker.cost import Cost
from checker.cost.sizes import PICKS, stored_bits, with_floats_of
from checker.cost.weights import is_weight
from checker.cost_report import Fit, Floor, Prefix
from checker.graph import Graph, Node, Value
from checker.partition import FLOAT_BYTES, Segment, share_on_accelerator
from checker.placement import Placements
from checker.target import PRECISIONS, Figures, Target

WEIGHT_BYTES: Final[Mapping[str, int]] = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1, "int16": 2, "a16w8": 1}
"""Bytes of a weight by precision of the build."""

ACTIVATIONS: Final[Mapping[int, str]] = {4: "fp32", 2: "fp16", 1: "int8"}
"""Which of ``Memory.by_precision`` speaks of activations of so many bytes."""


def floor_of(placements: Placements, segments: Sequence[Segment], cost: Cost) -> Floor | None:
    """Return the least time that one inference takes on the target; None where nothing was placed."""
    target, precision = placements.target, placements.precision
    nodes = [node for segment in segments if segment.device == "accelerator" for node in segment.nodes]
    if not placements.offered or not nodes:
        return None
    macs = sum(cost.per_node.get(node.name, 0) for node in nodes)
    rate, cycles, unknown = _compute(target, precision, macs)
    moved = _crossing(placements.graph, nodes, target, precision)
    bandwidth = _number(target.memory, "bandwidth_gb_per_s")
    compute = None if rate is None else 1000 * macs / rate
    memory = None if bandwidth is None or moved is None else 1000 * moved / (bandwidth * 1e9)
    if bandwidth is None:
        unknown.append("bandwidth")
    if not cost.complete or moved is None:
        unknown.append("shapes")
    known = [each for each in (compute, memory) if each is not None]
    bound = None if compute is None or memory is None else "compute" if compute >= memory else "memory"
    return Floor(
        latency_ms=_rounded(max(known)) if known else None,
        compute_ms=_rounded(compute),
        memory_ms=_rounded(memory),
        cycles=cycles,
        bound=bound,  # type: ignore[arg-type]
        bytes=moved,
        unknown=tuple(unknown),
        sources=_cited(target.peak, target.memory),
    )


def fit_of(placements: Placements, cost: Cost) -> Fit:
    """Compare weights and peak activations with the memory that the vendor states."""
    target, precision = placements.target, placements.precision
    weights = min(cost.parameters * WEIGHT_BYTES[precision], cost.weight_bytes["stored"])
    by_precision = cost.memory.by_precision or {}
    activations = by_precision.get(ACTIVATIONS[FLOAT_BYTES[precision]])
    chip, ram = _whole(target.memory, "on_chip_bytes"), _whole(target.memory, "ram_bytes")
    return Fit(
        weight_bytes=weights,
        activation_bytes=activations,
        on_chip_bytes=chip,
        on_chip=_fits(weights, activations, chip),
        ram_bytes=ram,
        ram=_fits(weights, activations, ram),
        sources=_cited(target.memory),
    )


def prefix_of(placements: Placements, segments: Sequence[Segment], cost: Cost) -> Prefix | None:
    """Return what maps on a target that takes one subgraph; None for other targets."""
    if placements.target.partition != "one-subgraph" or not placements.offered:
        return None
    taken = {id(node) for placement in placements.items if placement.status.taken for node in placement.nodes}
    first = [node for segment in segments if segment.device == "accelerator" for node in segment.nodes]
    left = [n.name for s in segments if s.device == "host" for n in s.nodes if id(n) in taken]
    share = share_on_accelerator(segments, cost.per_node) if cost.proportional and cost.macs else None
    return Prefix(len(first), share_on_accelerator(segments), share, tuple(left))


def _compute(target: Target, precision: str, macs: int) -> tuple[float | None, int | None, list[str]]:
    """Return multiply-accumulates a second, the cycles that they take, and what is not stated."""
    per_cycle = _number(target.peak, f"{precision}_macs_per_cycle")
    cycles = None if per_cycle is None else int(-(-macs // per_cycle))
    tops = _number(target.peak, f"{precision}_tops")
    if tops is not None:
        return tops * 1e12 / 2, cycles, []
    clock = _clock(target.peak)
    if per_cycle is not None and clock is not None:
        return per_cycle * clock, cycles, []
    return None, cycles, ["peak" if per_cycle is None else "clock"]


def _clock(peak: Figures) -> float | None:
    """Return the clock in Hz: as stated, or as both figures of another precision have it."""
    clock = _number(peak, "clock_mhz")
    if clock is not None:
        return clock * 1e6
    for precision in PRECISIONS:
        tops, per_cycle = _number(peak, f"{precision}_tops"), _number(peak, f"{precision}_macs_per_cycle")
        if tops is not None and per_cycle is not None:
            return tops * 1e12 / 2 / per_cycle
    return None


def _crossing(graph: Graph, nodes: Sequence[Node], target: Target, precision: str) -> int | None:
    """Return the bytes that must cross the memory interface; None where a shape is unknown."""
    weights: dict[str, int] = {}
    for node in nodes:
        for position, value in enumerate(node.inputs):
            if value is None or not value.constant or (position == 0 and node.op in PICKS):
                continue
            bits = stored_bits(value)
            if value.size is not None and bits is not None and is_weight(value):
                weights[value.name] = value.size * min(bits, 8 * WEIGHT_BYTES[precision]) // 8
    ends = {value.name: value for value in _ends(graph, nodes) if not value.constant}
    total = sum(weights.values())
    for value in ends.values():
        size = with_floats_of(value, 8 * FLOAT_BYTES[precision])
        if size is None:
            return None
        total += size
    return max(total - (_whole(target.memory, "on_chip_bytes") or 0), 0)


def _ends(graph: Graph, nodes: Sequence[Node]) -> Iterator[Value]:
    """Yield the inputs of the file that the nodes take, and the outputs that they give."""
    for node in nodes:
        yield from (value for value in node.inputs if value is not None and graph.is_input(value))
        yield from (value for value in node.outputs if value is not None and graph.is_output(value))


def _fits(weights: int, activations: int | None, memory: int | None) -> bool | None:
    if memory is None:
        return None
    if weights > memory:
        return False
    return None if activations is None else weights + activations <= memory


def _number(figures: Figures, key: str) -> float | None:
    value = figures.values.get(key)
    return None if value is None else float(value)


def _whole(figures: Figures, key: str) -> int | None:
    value = _number(figures, key)
    return None if value is None else int(value)


def _rounded(milliseconds: float | None) -> float | None:
    """Keep four significant digits: more would be a show of precision."""
    return None if milliseconds is None else float(f"{milliseconds:.4g}")


def _cited(*figures: Figures) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source.id for each in figures for source in each.sources))
