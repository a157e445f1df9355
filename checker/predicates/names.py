"""Facts of names: some compilers make new ones that a file may have already."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Final

from checker.graph import Graph

NEWEST_FOLDED_IR: Final = 9
"""tpu-mlir 1.30.2 folds constants with ONNX Runtime 1.16, which reads no newer IR version."""


@lru_cache(4)
def clashing_copies(graph: Graph) -> tuple[str, ...]:
    """Return the constants ``c`` of a file that several nodes share while there is a constant ``c_1``, sorted.

    Source: tpu-mlir 1.30.2 copies a constant that several nodes share, as ``c_1``, and ends where that exists.  Nodes
    that were folded away share it too where the compiler does not fold.
    """
    names = {value.name for value in graph.initializers}
    uses: Counter[str] = Counter()
    for node in graph.walk():
        uses.update({value.name for value in node.inputs if value is not None})
    if graph.ir_version > NEWEST_FOLDED_IR:
        for each in graph.folded:
            uses.update(set(each.inputs))
    return tuple(sorted(name for name in names if f"{name}_1" in names and uses[name] > 1))
