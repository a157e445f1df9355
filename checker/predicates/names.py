"""Facts of names and their order, over a whole file, that tpu-mlir's importer turns on."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Final

from checker.graph import Graph

NEWEST_FOLDED_IR: Final = 9
NEWEST_FOLDED_OPSET: Final = 19
"""tpu-mlir 1.30.2 folds constants with ONNX Runtime 1.16, which reads no newer file."""


def in_order(graph: Graph) -> bool:
    """Tell whether the file lists its nodes in order of computation."""
    return all(problem.rule != "unsorted-graph" for problem in graph.problems)


@lru_cache(4)
def clashing_copies(graph: Graph) -> tuple[str, ...]:
    """Return the constants ``c`` of a file that several nodes share while some node takes a constant ``c_1``, sorted.

    Source: tpu-mlir 1.30.2 copies a constant that several nodes share, as ``c_1``, and ends where that exists.
    """
    names = {value.name for value in graph.initializers}
    uses = _uses(graph)
    return tuple(sorted(name for name in names if uses[name] > 1 and f"{name}_1" in names and uses[f"{name}_1"]))


@lru_cache(4)
def bare_constants(graph: Graph) -> tuple[str, ...]:
    """Return the Constants that write no tensor but a number or a list (value_int), and that some node takes, sorted.

    Source: tpu-mlir 1.30.2 reads the attribute ``value`` only, of what is left after its folding.
    """
    uses = _uses(graph)
    bare = (each for each in graph.folded if each.op == "Constant" and any("value_" in name for name in each.given))
    return tuple(sorted(name for each in bare for name in each.outputs if uses[name]))


@lru_cache(4)
def late_operators(graph: Graph) -> tuple[str, ...]:
    """Return the operators of which the file lists a node after one that takes its result, sorted.

    Casts of what is computed are left out: tpu-mlir 1.30.2 takes them away before it goes over the nodes.
    """
    if in_order(graph):
        return ()
    made = {name: each for each in graph.folded for name in each.outputs}
    late = set()
    for node in graph.nodes:
        for value in filter(None, node.inputs):
            maker = graph.producer_of(value)
            if maker is None and value.name in made and made[value.name].index > node.index:
                late.add(made[value.name].op)
            elif maker is not None and maker.index > node.index and maker.op != "Cast":
                late.add(maker.op)
    return tuple(sorted(late))


def _uses(graph: Graph) -> Counter[str]:
    """Count the nodes that take each value; those that are folded away count where tpu-mlir does not fold."""
    uses: Counter[str] = Counter()
    for node in graph.walk():
        uses.update({value.name for value in node.inputs if value is not None})
    if graph.ir_version > NEWEST_FOLDED_IR or graph.opsets.get("", 0) > NEWEST_FOLDED_OPSET:
        for each in graph.folded:
            uses.update(set(each.inputs))
    return uses
