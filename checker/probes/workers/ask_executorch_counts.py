"""The last steps of each of ExecuTorch's backends: lower a program, count its operators, serialize it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from executorch.exir import to_edge_transform_and_lower

Skips = Callable[[Any], bool]

NO_WORK = {"getitem", "executorch_call_delegate"}
"""What is left in a program for each delegate that is called."""


def lowered(
    program: Any, partitioner: Any, stage: Callable[[str], object], without: Skips = lambda _node: False
) -> dict[str, Any]:
    """Lower and serialize an exported program; return what was delegated, what was not and of what it was made.

    ``without`` tells which operators that were left do not count.
    """
    stage("lower")
    made = to_edge_transform_and_lower(program, partitioner=[partitioner])
    delegated, portable = counts(made.exported_program(), without)
    left = sources(made.exported_program(), without)
    stage("program")
    size = len(made.to_executorch().buffer)
    stage("")
    return {"delegated": delegated, "portable": portable, "sources": left, "size": size}


def counts(program: Any, without: Skips) -> tuple[dict[str, int], dict[str, int]]:
    """Count the operators that were delegated, and those that were not, by name."""
    graph = program.graph_module
    left = Counter(_name(node.target) for node in _called(program) if not without(node))
    within: Counter[str] = Counter()
    for name in dir(graph):
        if name.startswith("lowered_module"):
            inner = getattr(graph, name).original_module.graph_module.graph
            within.update(_name(node.target) for node in inner.nodes if node.op == "call_function")
    return dict(within), dict(left)


def sources(program: Any, without: Skips) -> dict[str, int]:
    """Count what was not delegated by the operators of the module as it was exported, before they were taken apart.

    A copy that is left of a product of matrices counts for ``aten.matmul``.  What no input goes into is left out: a
    file has it as a constant.
    """
    left = (node for node in _computed(program) if _name(node.target) not in NO_WORK and not without(node))
    return dict(Counter(_name(_source(node)) for node in left))


def _called(program: Any) -> list[Any]:
    return [node for node in program.graph_module.graph.nodes if node.op == "call_function"]


def _computed(program: Any) -> list[Any]:
    """Return the calls that an input of the program goes into."""
    inputs = set(program.graph_signature.user_inputs)
    fed: dict[Any, None] = {}
    for node in program.graph_module.graph.nodes:
        if node.name in inputs or any(each in fed for each in node.all_input_nodes):
            fed[node] = None
    return [node for node in fed if node.op == "call_function"]


def _source(node: Any) -> Any:
    """Return the operator of which a node was made, by its history; its own where it has none."""
    found, history = node.target, node.meta.get("from_node")
    while history:
        found, history = history[-1].target, history[-1].from_node
    return found


def _name(target: Any) -> str:
    return str(getattr(target, "__name__", target))
