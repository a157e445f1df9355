"""The operators of a lowered ExecuTorch program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

Skips = Callable[[Any], bool]

NO_WORK = {"getitem", "executorch_call_delegate"}
"""What is left in a program for each delegate that is called."""


def counts(program: Any, without: Skips = lambda _node: False) -> tuple[dict[str, int], dict[str, int]]:
    """Count the operators that were delegated, and those that were not, by name; some of the latter do not count."""
    graph = program.graph_module
    left = Counter(_name(node.target) for node in _called(program) if not without(node))
    within: Counter[str] = Counter()
    for name in dir(graph):
        if name.startswith("lowered_module"):
            inner = getattr(graph, name).original_module.graph_module.graph
            within.update(_name(node.target) for node in inner.nodes if node.op == "call_function")
    return dict(within), dict(left)


def sources(program: Any, without: Skips = lambda _node: False) -> dict[str, int]:
    """Count what was not delegated by the operators of the module as it was exported, before they were taken apart.

    A copy that is left of a product of matrices counts for ``aten.matmul``.
    """
    left = (node for node in _called(program) if _name(node.target) not in NO_WORK and not without(node))
    return dict(Counter(_name(_source(node)) for node in left))


def _called(program: Any) -> list[Any]:
    return [node for node in program.graph_module.graph.nodes if node.op == "call_function"]


def _source(node: Any) -> Any:
    """Return the operator of which a node was made, by its history; its own where it has none."""
    found, history = node.target, node.meta.get("from_node")
    while history:
        found, history = history[-1].target, history[-1].from_node
    return found


def _name(target: Any) -> str:
    return str(getattr(target, "__name__", target))
