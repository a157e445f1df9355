"""The operators of a lowered ExecuTorch program."""

from __future__ import annotations

from collections import Counter
from typing import Any


def counts(program: Any) -> tuple[dict[str, int], dict[str, int]]:
    """Count the operators that were delegated, and those that were not, by name."""
    graph = program.graph_module
    left = Counter(_name(node.target) for node in graph.graph.nodes if node.op == "call_function")
    within: Counter[str] = Counter()
    for name in dir(graph):
        if name.startswith("lowered_module"):
            inner = getattr(graph, name).original_module.graph_module.graph
            within.update(_name(node.target) for node in inner.nodes if node.op == "call_function")
    return dict(within), dict(left)


def _name(target: Any) -> str:
    return str(getattr(target, "__name__", target))
