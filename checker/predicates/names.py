"""Facts of constants by their names, over a whole file, that tpu-mlir's importer turns on."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Final

from checker.graph import Graph

NEWEST_FOLDED_IR: Final = 9
NEWEST_FOLDED_OPSET: Final = 19
"""tpu-mlir 1.30.2 folds constants with ONNX Runtime 1.16, which reads no newer file."""


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


def _uses(graph: Graph) -> Counter[str]:
    """Count the nodes that take each value; those that are folded away count where tpu-mlir does not fold."""
    uses: Counter[str] = Counter()
    for node in graph.walk():
        uses.update({value.name for value in node.inputs if value is not None})
    if graph.ir_version > NEWEST_FOLDED_IR or graph.opsets.get("", 0) > NEWEST_FOLDED_OPSET:
        for each in graph.folded:
            uses.update(set(each.inputs))
    return uses
