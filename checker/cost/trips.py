"""How often the nodes of a graph run: those of Loop and Scan bodies as often as these turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checker.graph import Graph, Node, Value
from checker.macs import count_macs
from checker.polynomial import Number, least, of_dim


@dataclass(frozen=True, slots=True)
class Visit:
    """A node, how often it runs, and the node of the main graph that it belongs to.

    ``certain``: False inside a loop whose number of turns is not known; it counts once then.
    """

    node: Node
    times: Number
    owner: Node
    certain: bool = True


def visits(graph: Graph) -> Iterator[Visit]:
    """Yield every node, those of bodies after their owner; of an If, the branch with more multiply-accumulates."""
    for node in graph.nodes:
        yield Visit(node, 1, node)
        if node.bodies:
            yield from _inside(node, node, 1, certain=True)


def _inside(node: Node, owner: Node, times: Number, *, certain: bool) -> Iterator[Visit]:
    if node.op == "If":
        taken = max(node.bodies.values(), key=_weight)
        yield from _body(taken, owner, times, certain=certain)
        return
    turns = turns_of(node)
    for body in node.bodies.values():
        if turns is None:
            yield from _body(body, owner, times, certain=False)
        else:
            yield from _body(body, owner, times * turns, certain=certain)


def _body(body: Graph, owner: Node, times: Number, *, certain: bool) -> Iterator[Visit]:
    for node in body.nodes:
        yield Visit(node, times, owner, certain)
        if node.bodies:
            yield from _inside(node, owner, times, certain=certain)


def _weight(body: Graph) -> tuple[int, int]:
    """Compare branches by their multiply-accumulates, then by their nodes."""
    nodes = tuple(body.walk())
    return sum(least(count_macs(node) or 0) for node in nodes), len(nodes)


def turns_of(node: Node) -> Number | None:
    """Return how often the body of a Loop or Scan runs; None where that is not known before."""
    if node.op == "Loop":
        return _loop(node)
    if node.op == "Scan":
        return _scan(node)
    return None


def _loop(node: Node) -> int | None:
    """Return the trip count where it is a constant and no condition can end the loop before."""
    limit = node.inputs[0] if node.inputs else None
    start = node.inputs[1] if len(node.inputs) > 1 else None
    body = node.bodies.get("body")
    if limit is None or limit.const is None or limit.const.size != 1 or body is None or not body.outputs:
        return None
    if start is not None and not _is_true(start):
        return None
    goes_on = body.outputs[0]
    passed_on = len(body.inputs) > 1 and body.aliases.get(goes_on.name, goes_on.name) == body.inputs[1].name
    if not passed_on and not _is_true(goes_on):
        return None
    return max(int(limit.const.reshape(-1)[0]), 0)


def _is_true(value: Value) -> bool:
    return value.const is not None and value.const.size == 1 and bool(value.const.reshape(-1)[0])


def _scan(node: Node) -> Number | None:
    """Return the length of the sequence that is scanned."""
    count = node.attrs.get("num_scan_inputs")
    if not isinstance(count, int) or not 0 < count <= len(node.inputs):
        return None
    scanned = node.inputs[-count]
    axes = node.attrs.get("scan_input_axes")
    axis = axes[0] if isinstance(axes, tuple) and axes and isinstance(axes[0], int) else 0
    if scanned is None or scanned.shape is None or not -len(scanned.shape) <= axis < len(scanned.shape):
        return None
    return of_dim(scanned.shape[axis])
