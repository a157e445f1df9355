"""Why a count is a lower bound: each gap in words, with the nodes that it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from checker.cost.kinds import CONTROL
from checker.cost.record import Gap, NodeCost
from checker.cost.trips import turns_of
from checker.graph import Graph, Node
from checker.macs import UNCOUNTED, count_macs
from checker.polynomial import UNNAMED, symbols_of

KNOWN_DOMAINS: Final = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"})


def gaps_of(graph: Graph, nodes: Sequence[NodeCost]) -> tuple[Gap, ...]:
    """Return what keeps the counts from being exact; empty where they are."""
    found: dict[tuple[bool, str], list[str]] = {}
    uncertain = {each.name for each in nodes if not each.known}
    for node in graph.walk():
        if node.shape_arithmetic:
            continue
        for counts, what in _of(node, uncertain):
            found.setdefault((counts, what), []).append(node.name)
    return tuple(Gap(what, tuple(names), counts) for (counts, what), names in found.items())


def _of(node: Node, uncertain: set[str]) -> list[tuple[bool, str]]:
    if node.domain not in KNOWN_DOMAINS:
        return [(True, f"what {node.qualified} computes is not known: it counts nothing")]
    if node.op in UNCOUNTED:
        return [(True, f"the multiply-accumulates of {node.op} are not counted")]
    if node.op in CONTROL:
        open_ended = node.op != "If" and turns_of(node) is None
        return [(True, f"how often the body of {node.op} runs is not known: it counts once")] if open_ended else []
    counted = count_macs(node)
    if counted is None:
        return [(True, "the rank of an operand is not known: it counts nothing")]
    symbols = symbols_of(counted)
    if symbols:
        named = ", ".join(symbol for symbol in symbols if symbol != UNNAMED)
        others = "an axis without a name" if UNNAMED in symbols else ""
        return [(True, f"{' and '.join(filter(None, (named, others)))} is open: it counts as 1")]
    if node.name in uncertain:
        return [(False, "the shape or type of a tensor without multiply-accumulates is not known: bytes are at least")]
    return []
