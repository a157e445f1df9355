"""Small models in ONNX text, and what the composite tests ask about them."""

from __future__ import annotations

import onnx.parser

from checker.composites import raise_composites
from checker.graph import Composite, Graph
from checker.load import load_model


def number(name: str, value: float) -> str:
    """Return a scalar constant as text."""
    return f"{name} = Constant <value = float {{{value!r}}}> () "


def graph_of(
    body: str, *, inputs: str = "float[2, 4, 8] x", output: str = "float[2, 4, 8] y", opset: int = 17
) -> Graph:
    """Return the graph of a body that computes y."""
    text = f'<ir_version: 8, opset_import: ["" : {opset}, "com.microsoft" : 1]> g ({inputs}) => ({output}) {{ {body} }}'
    return load_model(onnx.parser.parse_model(text))


def found_in(body: str, **options: object) -> tuple[Composite, ...]:
    """Return the composites of a body."""
    return raise_composites(graph_of(body, **options))  # type: ignore[arg-type]


def only(found: tuple[Composite, ...], kind: str) -> Composite:
    """Return the one composite of a kind."""
    chosen = [each for each in found if each.kind == kind]
    assert len(chosen) == 1, [each.kind for each in found]
    return chosen[0]


def ops(composite: Composite) -> list[str]:
    """Return the operators that a composite covers, in file order."""
    return [node.op for node in composite.covers]


HALVES = (
    "h0 = Constant <value = int64[1] {0}> () h4 = Constant <value = int64[1] {4}> () "
    "h8 = Constant <value = int64[1] {8}> () last = Constant <value = int64[1] {-1}> () "
)
"""Bounds for slices of the halves of a last axis of eight."""


def weight(name: str, shape: str, *, fill: float = 0.5) -> str:
    """Return a constant of a shape, such as ``"8, 8"``, as text."""
    dims = [int(each) for each in shape.split(",")]
    total = 1
    for dim in dims:
        total *= dim
    elements = ", ".join(f"{fill + index / 7:.3f}" for index in range(total))
    return f"{name} = Constant <value = float[{shape}] {{{elements}}}> () "
