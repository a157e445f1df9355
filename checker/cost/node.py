"""The cost of one node."""

from __future__ import annotations

from checker.cost.kinds import kind_of, steps_of
from checker.cost.record import NodeCost
from checker.cost.sizes import size_of, traffic_of
from checker.cost.trips import Visit
from checker.cost.weights import parameters_of
from checker.graph import Node
from checker.macs import UNCOUNTED, count_macs
from checker.polynomial import Number, least


def measure_node(visit: Visit, layer: str) -> tuple[Number, NodeCost]:
    """Return the multiply-accumulates over the symbols of open axes, and the whole cost with these at 1.

    Args:
        visit: the node and how often it runs.
        layer: the layer that it is a part of, as ``kinds.layers`` says.
    """
    node, times = visit.node, visit.times
    counted = count_macs(node)
    macs: Number = 0 if counted is None else counted * times
    steps, steps_known = _steps(node)
    traffic = traffic_of(node)
    turns = least(times)
    known = (
        visit.certain
        and isinstance(counted, int)
        and steps_known
        and traffic.known
        and isinstance(times, int)
        and node.op not in UNCOUNTED
    )
    has_macs = counted is None or least(counted) > 0
    found = NodeCost(
        name=node.name,
        op=node.op,
        kind=kind_of(node, layer, has_macs=has_macs),
        macs=least(macs),
        elementwise_ops=0 if has_macs or node.shape_arithmetic else steps * turns,
        read=traffic.read * turns,
        written=traffic.written * turns,
        weights=traffic.weights * turns,
        parameters=parameters_of(node),
        known=known,
    )
    return macs, found


def _steps(node: Node) -> tuple[int, bool]:
    """Return the element-wise steps of one run, and whether every size is known."""
    per, steps = steps_of(node)
    values = node.inputs if per == "in" else node.outputs
    first = next((value for value in values if value is not None), None)
    size = size_of(first) if first is not None else 0
    if size is None:
        return 0, steps == 0
    return steps * least(size), isinstance(size, int) or steps == 0
