"""The tail cut off: post-processing that the host can do, so that the network itself runs whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from checker.changes.record import Candidate, State
from checker.changes.shop import Shop
from checker.graph import Graph, Node, Value
from checker.rewire import with_nodes

MOST_WORK: Final = 0.01
"""Share of the MACs above which what is cut is no tail but a network."""

MOST_NODES: Final = 0.25
"""Likewise of the nodes."""

_NAMES_SHOWN: Final = 4
_OPERATORS_SHOWN: Final = 6


def propose(state: State, shop: Shop) -> Iterator[Candidate]:
    """Propose the smallest end of the network that holds what is in trouble there."""
    every = frozenset(id(node) for p in state.placements.compute if not p.status.taken for node in p.nodes)
    for trouble in dict.fromkeys((state.troubled, every)):
        yield from _at(state.graph, shop, trouble)


def _at(graph: Graph, shop: Shop, trouble: frozenset[int]) -> Iterator[Candidate]:
    behind = _behind(graph)
    work = [(1 << place, macs) for place, node in enumerate(graph.nodes) if (macs := shop.macs(node))]
    most = MOST_WORK * sum(macs for _, macs in work)
    cut = 0
    for place, node in enumerate(graph.nodes):
        more = cut | behind[place] if id(node) in trouble else cut
        if more == cut or more.bit_count() > MOST_NODES * len(graph.nodes):
            continue
        if sum(macs for bit, macs in work if more & bit) <= most:
            cut = more
    gone = {id(node) for place, node in enumerate(graph.nodes) if cut >> place & 1}
    gone |= _only_for(graph, gone)
    if not gone or len(gone) == len(graph.nodes):
        return
    ends = _ends(graph, gone)
    if not ends:
        return
    names = tuple(node.name for node in graph.nodes if id(node) in gone)
    at = [value.name for value in ends]
    stated = ", ".join(at[:_NAMES_SHOWN]) + (f" and {len(at) - _NAMES_SHOWN} more" if len(at) > _NAMES_SHOWN else "")
    kinds = list(dict.fromkeys(node.op for node in graph.nodes if id(node) in gone))
    ops = ", ".join(kinds[:_OPERATORS_SHOWN]) + (" ..." if len(kinds) > _OPERATORS_SHOWN else "")
    what = f"cut the file at {stated} and do what follows on the host ({len(names)} nodes: {ops})"
    make = lambda: _cut(graph, gone, ends)  # noqa: E731  # bound here, called later
    yield Candidate("cut-tail", what, "edit the file", ("cut-tail", names), make, names)


@lru_cache(maxsize=8)
def _behind(graph: Graph) -> list[int]:
    """Return for each node the set of nodes that need it, itself too, as bits."""
    place_of = {id(node): place for place, node in enumerate(graph.nodes)}
    found = [0] * len(graph.nodes)
    for place in range(len(graph.nodes) - 1, -1, -1):
        bits = 1 << place
        for value in graph.nodes[place].outputs:
            for user in graph.users_of(value) if value is not None else ():
                bits |= found[place_of[id(user)]]
        found[place] = bits
    return found


def _only_for(graph: Graph, gone: set[int]) -> set[int]:
    """Return arithmetic on shapes and whole numbers that only serves what is cut."""
    more: set[int] = set()
    for node in reversed(graph.nodes):
        values = [value for value in node.outputs if value is not None]
        users = [user for value in values for user in graph.users_of(value)]
        serves = bool(users) and all(id(user) in gone or id(user) in more for user in users)
        small = node.shape_arithmetic or all((value.dtype or "").startswith(("int", "bool")) for value in values)
        if id(node) not in gone and serves and small and not any(graph.is_output(value) for value in values):
            more.add(id(node))
    return more


def _ends(graph: Graph, gone: set[int]) -> tuple[Value, ...]:
    """Return the values that leave the network where it is cut, and the outputs that stay."""
    ends: dict[str, Value] = {}
    for node in graph.nodes:
        if id(node) in gone:
            continue
        for value in node.outputs:
            users = graph.users_of(value) if value is not None else ()
            if value is not None and (graph.is_output(value) or any(id(user) in gone for user in users)):
                ends[value.name] = value
    return tuple(ends.values())


def _cut(graph: Graph, gone: set[int], ends: tuple[Value, ...]) -> Graph:
    kept: list[Node] = [node for node in graph.nodes if id(node) not in gone]
    return with_nodes(replace(graph, outputs=ends, aliases={}), kept)
