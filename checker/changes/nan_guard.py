"""The guard against rows that are masked whole, taken out: Softmax, IsNaN, Where become Softmax."""

from __future__ import annotations

from collections.abc import Iterator

from checker.changes.record import Candidate, State
from checker.graph import Graph, Node, Value
from checker.rewire import bypassed


def propose(state: State) -> Iterator[Candidate]:
    """Propose to remove the guards, where one of their nodes is in trouble."""
    guards = tuple(guards_of(state.graph))
    if not any(id(node) in state.troubled for guard in guards for node in guard):
        return
    names = tuple(node.name for guard in guards for node in guard)
    what = (
        f"remove IsNaN and Where behind {len(guards)} masked Softmax (or export eager attention): they do nothing "
        "where no row of the mask is blank"
    )
    graph = state.graph
    make = lambda: _without(graph, guards)  # noqa: E731  # bound here, called later
    yield Candidate("no-nan-guard", what, "edit the file", ("no-nan-guard", names), make, names)


def guards_of(graph: Graph) -> Iterator[tuple[Node, Node]]:
    """Yield each pair of IsNaN and Where that replaces the NaN of a Softmax by zero."""
    for node in graph.nodes:
        if node.op != "IsNaN" or node.domain or node.inputs[0] is None or node.outputs[0] is None:
            continue
        users = graph.users_of(node.outputs[0])
        made = graph.producer_of(node.inputs[0])
        if len(users) != 1 or users[0].op != "Where" or made is None or made.op != "Softmax":
            continue
        condition, zero, kept = users[0].inputs[:3]
        if condition is None or condition.name != node.outputs[0].name or zero is None or kept is None:
            continue
        if kept.name == node.inputs[0].name and zero.const is not None and not zero.const.any():
            yield node, users[0]


def _without(graph: Graph, guards: tuple[tuple[Node, Node], ...]) -> Graph:
    past: dict[str, Value] = {}
    for _, where in guards:
        result, kept = where.outputs[0], where.inputs[2]
        if result is not None and kept is not None:
            past[result.name] = kept
    return bypassed(graph, past, [node for guard in guards for node in guard])
