"""What a network costs: multiply-accumulates, element-wise work, parameters, bytes moved, peak activation memory.

The definitions are in ``docs/cost.md``; ``edgelint explain cost`` prints them.  Nothing here reads a weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from checker.cost.gaps import gaps_of
from checker.cost.kinds import kind_of, layers
from checker.cost.memory import Plan, alive, peak, plan, resized
from checker.cost.node import measure_node
from checker.cost.order import best_order
from checker.cost.record import Cost, Gap, KindCost, Live, Memory, NodeCost
from checker.cost.sizes import ITEM_BITS, size_of, value_bytes, view_bytes, with_floats_of
from checker.cost.trips import visits
from checker.cost.weights import weights_of
from checker.graph import Composite, Graph, Value
from checker.polynomial import UNNAMED, Number, Polynomial, is_monomial, least, symbols_of

__all__ = ["Cost", "Gap", "KindCost", "Live", "Memory", "NodeCost", "kind_of", "measure", "value_bytes"]

WIDTHS: Mapping[str, int] = {"fp32": 32, "fp16": 16, "int8": 8}
"""Bits of an activation by precision of the build."""


def measure(graph: Graph, composites: Iterable[Composite] = (), *, orders: bool = False) -> Cost:
    """Count what one inference of the graph costs, without reading a weight.

    Args:
        graph: the network.
        composites: the layers that were recognised in it.
        orders: whether to look for an order of the nodes that needs less memory.
    """
    layer = layers(composites)
    total: Number = 0
    nodes: list[NodeCost] = []
    per_node: dict[str, int] = {}
    views = 0
    for visit in visits(graph):
        views += view_bytes(visit.node) * least(visit.times)
        macs, found = measure_node(visit, layer.get(id(visit.node), ""))
        nodes.append(found)
        total = total + macs
        if found.macs:
            per_node[visit.owner.name] = per_node.get(visit.owner.name, 0) + found.macs
    parameters, stored = weights_of(graph)
    kinds = _by_kind(nodes)
    macs = least(total)
    gaps = gaps_of(graph, nodes)
    symbols = symbols_of(total)
    formula = str(total) if symbols and UNNAMED not in symbols else None
    memory = _memory(graph, orders=orders)
    return Cost(
        macs=macs,
        parameters=parameters,
        weight_bytes={"fp32": 4 * parameters, "fp16": 2 * parameters, "int8": parameters, "stored": stored},
        peak_activation_bytes=memory.peak,
        macs_by_kind={each.kind: each.macs / macs for each in kinds if each.macs},
        per_node=per_node,
        complete=not any(gap.counts for gap in gaps),
        elementwise_ops=sum(each.elementwise_ops for each in nodes),
        read=sum(each.read for each in nodes),
        written=sum(each.written for each in nodes),
        weights_read=sum(each.weights for each in nodes),
        view_bytes=views,
        kinds=kinds,
        nodes=tuple(nodes),
        memory=memory,
        gaps=gaps,
        proportional=is_monomial(total) and not any(gap.counts and (not gap.axes or formula is None) for gap in gaps),
        formula=formula,
    )


def _by_kind(nodes: Sequence[NodeCost]) -> tuple[KindCost, ...]:
    """Add up the nodes of each kind, those with most multiply-accumulates first, then with most bytes."""
    gathered: dict[str, list[NodeCost]] = {}
    for each in nodes:
        gathered.setdefault(each.kind, []).append(each)
    kinds = [
        KindCost(
            kind,
            len(found),
            sum(each.macs for each in found),
            sum(each.elementwise_ops for each in found),
            sum(each.read + each.written + each.weights for each in found),
        )
        for kind, found in gathered.items()
    ]
    return tuple(sorted(kinds, key=lambda each: (-each.macs, -each.bytes, each.kind)))


def _memory(graph: Graph, *, orders: bool) -> Memory:
    """Measure the peak activation memory in every way that the record has."""
    laid = plan(graph, value_bytes)
    viewed = plan(graph, value_bytes, views=True)
    if laid is None or viewed is None:
        at_least = plan(graph, _least_bytes)
        return _open_memory(at_least) if at_least else Memory(0)
    most, position = peak(laid)
    precisions = {name: _peak_with(graph, laid, bits) for name, bits in WIDTHS.items()}
    plain = best_order(laid) if orders else None
    shared = best_order(viewed, in_place=True) if orders else None
    return Memory(
        least=most,
        peak=most,
        views=peak(viewed)[0],
        in_place=peak(viewed, in_place=True)[0],
        best_order=plain.peak if plain else None,
        best_order_in_place=shared.peak if shared else None,
        optimal=bool(plain and shared and plain.optimal and shared.optimal),
        by_precision={name: found for name, found in precisions.items() if found is not None},
        at=graph.nodes[position].name if position >= 0 else "",
        alive=tuple(_live(graph, laid.values[b], laid.sizes[b]) for b in alive(laid, position)),
    )


def _open_memory(at_least: Plan) -> Memory:
    """Return what is known with open axes: the peak with these at 1, over the symbol that all sizes have in common."""
    least_peak = peak(at_least)[0]
    sizes = [size_of(value) for value in at_least.values]
    factors = {s.terms[0][0] if isinstance(s, Polynomial) and is_monomial(s) else () for s in sizes}
    shared = next(iter(factors)) if len(factors) == 1 else ()
    if len(shared) != 1 or UNNAMED in shared:
        return Memory(least_peak)
    return Memory(least_peak, formula=str(Polynomial(((shared, least_peak),))))


def _live(graph: Graph, value: Value, size: int) -> Live:
    producer = graph.producer_of(value)
    return Live(value.name, producer.name if producer else "", size)


def _peak_with(graph: Graph, laid: Plan, bits: int) -> int | None:
    narrow = resized(graph, laid, lambda value: with_floats_of(value, bits))
    return peak(narrow)[0] if narrow else None


def _least_bytes(value: Value) -> int:
    bits, size = ITEM_BITS.get(value.dtype or ""), size_of(value)
    return 0 if bits is None or size is None else (least(size) * bits + 7) // 8
