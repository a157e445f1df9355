"""What a target would run in int8, what stays in another precision or on the host, and what that costs in borders.

A float file is placed as if it were quantized by the target's own recipe; a file with Q/DQ as it is: a node without
scales around it runs in float whatever the table takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.readiness_report import Int8Entry, OutsideInt8
from checker.target import Status

if TYPE_CHECKING:
    from checker.cost import Cost
    from checker.facts import Recipe
    from checker.graph import Graph, Node, Value
    from checker.placement import Placement, Placements

INSIDE = "int8"
ON_HOST = frozenset({"host", "refused", "unknown"})
WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})


def readiness(placements: Placements, cost: Cost) -> Int8Entry | None:
    """Describe what runs in int8; None where the placement is about another precision.

    Args:
        placements: the file on one target, in int8.
        cost: of the same graph.
    """
    if not placements.offered or placements.precision != INSIDE:
        return None
    graph = placements.graph
    quantized = any(_has_scales(value) for value in _values(graph))
    classes: dict[int, str] = {}
    gathered: dict[tuple[str, str], list[Node]] = {}
    for placement in placements.compute:
        for node in placement.nodes:
            found = _class(placements, placement)
            if quantized and found == INSIDE and not _quantized(node):
                found = "float"
            classes[id(node)] = found
            if found != INSIDE:
                gathered.setdefault((placement.op, found), []).append(node)
    outside = [
        OutsideInt8(op, found, tuple(n.name for n in nodes), sum(cost.per_node.get(n.name, 0) for n in nodes))
        for (op, found), nodes in gathered.items()
    ]
    total = cost.macs if cost.proportional else 0
    on_host = sum(each.macs for each in outside if each.runs_as in ON_HOST)
    other = sum(each.macs for each in outside) - on_host
    return Int8Entry(
        quantized=quantized,
        macs_in_int8=_share(total - on_host - other, total),
        macs_in_other=_share(other, total),
        macs_on_host=_share(on_host, total),
        boundaries=_boundaries(graph, classes),
        outside=tuple(sorted(outside, key=lambda each: (-each.macs, -len(each.nodes), each.op, each.runs_as))),
        unlike_recipe=tuple(_unlike(graph, placements.target.quantization)) if quantized else (),
    )


def _share(part: int, total: int) -> float | None:
    return round(part / total, 6) if total else None


def _class(placements: Placements, placement: Placement) -> str:
    """Name what a placement runs in."""
    for each in placements.file:
        if each.failed and not each.rule.host:
            return "refused" if each.rule.otherwise == "refused" else "host"
    if placement.status.taken:
        return placement.runs_as or INSIDE
    return {Status.FALLBACK: "host", Status.UNSUPPORTED: "refused"}.get(placement.status, "unknown")


def _values(graph: Graph) -> Iterator[Value]:
    for node in graph.walk():
        yield from (value for value in (*node.inputs, *node.outputs) if value is not None)


def _has_scales(value: Value) -> bool:
    return value.quant is not None and not value.quant.assumed


def _quantized(node: Node) -> bool:
    """Tell whether a node has scales for all float data that it takes; nodes of integers need none."""
    floats = [v for v in node.inputs if v is not None and "float" in (v.dtype or "")]
    weights = [v for v in floats if v.constant and (v.rank or 0) > 1] if node.op in WEIGHTED else []
    return all(_has_scales(v) for v in (*(v for v in floats if not v.constant), *weights))


def _boundaries(graph: Graph, classes: dict[int, str]) -> int:
    """Count the tensors between nodes of which one runs in int8 and the other does not."""
    crossing: set[str] = set()
    for node in graph.nodes:
        mine = classes.get(id(node), INSIDE)
        for value in node.inputs:
            made = graph.producer_of(value) if value is not None else None
            if value is None or made is None or "float" not in (value.dtype or ""):
                continue
            if (classes.get(id(made), INSIDE) == INSIDE) != (mine == INSIDE):
                crossing.add(value.name)
    return len(crossing)


def _unlike(graph: Graph, recipe: Recipe | None) -> Iterator[str]:
    """Say where scales and zero points are not as the target's own tools would make them."""
    if recipe is None:
        return
    activations = {v.name: v for v in _values(graph) if _has_scales(v) and not v.constant}
    stored = {v.quant.dtype for v in activations.values() if v.quant is not None}
    if stored and stored != {recipe.activation}:
        yield f"activations are {', '.join(sorted(stored))}; the recipe has {recipe.activation}"
    shifted = sorted(name for name, v in activations.items() if _shifted(v))
    if recipe.symmetric and shifted:
        yield f"{len(shifted)} activations have a zero point (first {shifted[0]}); the recipe has none"
    weights = {
        v.name: v
        for node in graph.walk()
        if node.op in WEIGHTED
        for v in node.inputs
        if v is not None and v.constant and v.quant and (v.rank or 0) > 1
    }
    whole = sorted(name for name, v in weights.items() if v.quant is not None and v.quant.axis is None)
    if recipe.weights == "per-tensor" and len(whole) < len(weights):
        yield f"{len(weights) - len(whole)} weights have scales per channel; the recipe has one a tensor"
    if recipe.weights == "per-channel" and whole:
        yield f"{len(whole)} weights have one scale for all channels (first {whole[0]}); per channel is more accurate"
    moved = sorted(name for name, v in weights.items() if _shifted(v))
    if moved and recipe.weights_symmetric:
        yield f"{len(moved)} weights have a zero point (first {moved[0]}); the recipe has none"


def _shifted(value: Value) -> bool:
    """Tell whether some zero point is not the middle of the type's range."""
    if value.quant is None or value.quant.zero_point is None:
        return False
    middle = 0 if value.quant.dtype.startswith("int") else 1 << (8 * (2 if "16" in value.quant.dtype else 1) - 1)
    return any(int(point) != middle for point in value.quant.zero_point.ravel().tolist())
