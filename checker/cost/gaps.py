"""Why a count is a lower bound: each gap in words, with the nodes that it concerns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from checker.cost.kinds import CONTROL
from checker.cost.record import Gap, NodeCost
from checker.cost.trips import turns_of
from checker.graph import Graph, Node
from checker.macs import UNCOUNTED, count_macs
from checker.polynomial import UNNAMED, symbols_of

KNOWN_DOMAINS: Final = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"})


NAMED: Final = 6
"""So many symbols are named; more are counted."""


def gaps_of(graph: Graph, nodes: Sequence[NodeCost]) -> tuple[Gap, ...]:
    """Return what keeps the counts from being exact; empty where they are."""
    uncertain = {each.name for each in nodes if not each.known}
    found: dict[tuple[bool, str], list[str]] = {}
    open_axes: dict[str, None] = {}
    for node in graph.walk():
        if node.shape_arithmetic:
            continue
        open_axes.update(dict.fromkeys(symbols_of(count_macs(node) or 0)))
        what = _gap(node, uncertain)
        if what is not None:
            found.setdefault(what, []).append(node.name)
    return tuple(
        Gap(what or _open(open_axes), tuple(names), counts, () if what else tuple(sorted(open_axes)))
        for (counts, what), names in sorted(found.items(), key=lambda item: not item[0][0])
    )


def _gap(node: Node, uncertain: set[str]) -> tuple[bool, str] | None:
    """Return whether multiply-accumulates are missing and why; no words where it is for open axes."""
    if node.domain not in KNOWN_DOMAINS:
        return True, f"what {node.qualified} computes is not known: it counts nothing"
    if node.op in UNCOUNTED:
        return True, f"the multiply-accumulates of {node.op} are not counted"
    if node.op in CONTROL and node.op != "If" and turns_of(node) is None:
        return True, f"how often the body of {node.op} runs is not known: it counts once"
    counted = count_macs(node)
    if counted is None:
        return True, "the rank of an operand is not known: it counts nothing"
    if symbols_of(counted):
        return True, ""
    if node.name in uncertain:
        return False, "sizes of other tensors are not known: bytes and element-wise steps are at least"
    return None


def _open(symbols: Collection[str]) -> str:
    """Name the open axes that multiply-accumulates depend on."""
    named = sorted(symbol for symbol in symbols if symbol != UNNAMED)
    words = named[:NAMED]
    if len(named) > NAMED:
        words.append(f"{len(named) - NAMED} more")
    if UNNAMED in symbols:
        words.append("axes without a name")
    return f"open axes count as 1: {', '.join(words)}"
