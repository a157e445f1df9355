"""Another precision that the target offers: quantised with the vendor's recipe, or not quantised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.changes.record import Candidate, Effort, State
from checker.facts import QUANTIZED, is_quantized
from checker.rewire import unquantized

if TYPE_CHECKING:
    from checker.target import Target


def propose(state: State) -> Iterator[Candidate]:
    """Propose each other precision; int8 first, as the recipe of the vendor makes it."""
    placements, graph = state.placements, state.graph
    target, written = placements.target, is_quantized(graph)
    if written and any(node.op.startswith(("QLinear", "QGemm")) or node.op.endswith("Integer") for node in graph.nodes):
        return
    others = [each for each in target.precision if each != placements.precision]
    for precision in sorted(others, key=lambda each: each != "int8"):
        if written and precision in QUANTIZED:
            continue  # the file says how it is quantized
        what, cost = _said(target, precision, written=written)
        make = (lambda: unquantized(graph)) if written else (lambda: graph)
        yield Candidate("precision", what, cost, ("precision", precision in QUANTIZED), make, (), precision)


def _said(target: Target, precision: str, *, written: bool) -> tuple[str, Effort]:
    if precision not in QUANTIZED:
        if written:
            return f"build the float file, without Q/DQ, in {precision}", "edit the file"
        return f"build in {precision}", "accuracy check"
    if target.quantization is None:
        return f"quantise to {precision} (how the toolchain does it is not in the table)", "accuracy check"
    recipe = target.quantization
    form = "symmetric" if recipe.symmetric else "asymmetric"
    how = f"activations {recipe.activation}, {form}; weights {recipe.weight}, {recipe.weights}"
    return f"quantise to {precision} as the vendor does ({how})", "accuracy check"
