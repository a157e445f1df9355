"""The other form of GELU: its tanh approximation instead of the error function, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import MappingProxyType
from typing import Final

from checker.changes.record import Candidate, State
from checker.composites.parts import parts
from checker.composites.record import call_node
from checker.graph import Composite, Graph, Node
from checker.rewire import replaced

_OTHER: Final = {"none": "tanh", "tanh": "none"}
_WORDS: Final = {"none": "with the error function", "tanh": "in its tanh approximation"}


def propose(state: State) -> Iterator[Candidate]:
    """Propose the other form of the GELUs that are in trouble."""
    forms: dict[str, list[Composite]] = {}
    for composite in state.composites:
        form = composite.node.attrs.get("approximate")
        concerned = any(id(node) in state.troubled for node in composite.covers)
        if composite.kind == "Gelu" and concerned and form in _OTHER and _result(state.graph, composite):
            forms.setdefault(str(form), []).append(composite)
    for form, found in forms.items():
        if parts(_other(found[0], _OTHER[form]), state.opset) is None:
            continue
        names = tuple(node.name for each in found for node in each.covers)
        what = f"compute {len(found)} GELU {_WORDS[_OTHER[form]]}"
        make = partial(_written, state.graph, found, _OTHER[form])
        yield Candidate("gelu-form", what, "accuracy check", ("gelu-form", names), make, names)


def _other(composite: Composite, form: str) -> Node:
    x = composite.node.args.get("X")
    return call_node("Gelu", composite.node, {"X": x}, MappingProxyType({"approximate": form}))


def _result(graph: Graph, composite: Composite) -> Node | None:
    """Return the covered node that computes the result; None where the file's fused operator does more than a GELU."""
    x, y = composite.node.args.get("X"), composite.node.outputs[0]
    made = graph.producer_of(y) if y is not None else None
    fused = any(node.domain and len([v for v in node.inputs if v is not None]) > 1 for node in composite.covers)
    return None if fused or x is None or made not in composite.covers else made


def _written(graph: Graph, found: list[Composite], form: str) -> Graph | None:
    instead: dict[int, tuple[Node, ...]] = {}
    for composite in found:
        instead.update((id(node), ()) for node in composite.covers)
        root = _result(graph, composite)
        written = parts(_other(composite, form), graph.opsets.get("", 0))
        if root is None or written is None:
            return None
        instead[id(root)] = written
    return replaced(graph, instead)
