"""Pinned dimensions: the file with fixed input shapes, loaded again so that everything behind them is known."""

from __future__ import annotations

from collections.abc import Iterator

from checker.changes.record import Candidate, State
from checker.changes.shop import Shop
from checker.graph import Graph
from checker.load.lengths import lengths
from checker.rewire import pinned


def propose(state: State, shop: Shop) -> Iterator[Candidate]:
    """Propose fixed shapes where an input has a dimension without a length."""
    graph = state.graph
    sizes = lengths(graph)
    if not sizes or (shop.reload is not None and id(graph) != shop.original):
        return  # a graph that was changed is no longer that of the file: shapes come first
    tried = ", ".join(f"{symbol} = {size}" for symbol, size in sorted(sizes.items()))

    def make() -> Graph | None:
        again = shop.reload(sizes) if shop.reload is not None else None
        return again if again is not None else pinned(graph, sizes)

    what = f"export with fixed input shapes (tried with {tried})"
    yield Candidate("fixed-shapes", what, "re-export", ("fixed-shapes", *sorted(sizes.items())), make)
