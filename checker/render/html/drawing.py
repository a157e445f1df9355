"""The network as data for drawing: nodes, edges, layers that fold up, and each target's segments.

Everything is by position in ``nodes``, so that the page stays small; what became of a node on a target is in the
report, and the page joins the two by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checker.graph import Composite, Graph, Node, Value

if TYPE_CHECKING:
    from checker.audit import Examined
    from checker.partition import Segment

LONGEST = 60
"""Characters of an attribute's value; the rest is cut, a page is not the place for long lists."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An argument of a node.  ``shape`` as text, such as ``1x3x224x224``; ``constant`` where the file holds it."""

    arg: str
    name: str
    dtype: str
    shape: str
    constant: bool


@dataclass(frozen=True, slots=True)
class Box:
    """A node, or (``op`` ``input`` or ``output``) where the network begins or ends.

    ``macs``: multiply-accumulates of one inference; None where shapes are not known.
    """

    name: str
    op: str
    scope: str
    attributes: Mapping[str, str]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    macs: int | None


@dataclass(frozen=True, slots=True)
class Fold:
    """A recognised layer in several nodes.  ``parent``: position of the layer around it, None for none."""

    kind: str
    variant: str
    scope: str
    nodes: tuple[int, ...]
    parent: int | None


@dataclass(frozen=True, slots=True)
class Cut:
    """How a target cuts the network.

    ``segment``: of each box, None for inputs and outputs.  ``hosts``: which of the segments run on the host.
    """

    segment: tuple[int | None, ...]
    hosts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A network for drawing.  ``edges``: from, to, and what flows, as text."""

    nodes: tuple[Box, ...]
    edges: tuple[tuple[int, int, str], ...]
    folds: tuple[Fold, ...]
    targets: tuple[Cut, ...]


def draw(examined: Examined) -> Drawing:
    """Turn a network into what a page draws."""
    graph = examined.graph
    boxes = [_box(node, examined.cost.per_node.get(node.name, 0)) for node in graph.nodes]
    place = {id(node): index for index, node in enumerate(graph.nodes)}
    ends, edges = _ends(graph, place)
    every = (*boxes, *ends)
    return Drawing(
        nodes=every,
        edges=edges,
        folds=folds(examined.composites, place),
        targets=tuple(_cut(segments, place, len(every)) for segments in examined.segments),
    )


def folds(composites: Iterable[Composite], place: Mapping[int, int]) -> tuple[Fold, ...]:
    """Return the layers that lie beside or inside each other, larger ones first.

    A layer that overlaps another without lying in it is left out, since a box can be in one box only.
    """
    kept: list[tuple[frozenset[int], int | None, Composite]] = []
    several = [c for c in composites if c.form == "decomposed" and len(c.covers) > 1]
    inside: dict[int, int] = {}
    for composite in sorted(several, key=lambda c: -len(c.covers)):
        covered = frozenset(place[id(node)] for node in composite.covers if id(node) in place)
        if len(covered) < 2:
            continue
        around = {inside.get(index) for index in covered}
        if len(around) != 1:
            continue
        parent = around.pop()
        if parent is not None and kept[parent][0] == covered:
            continue
        for index in covered:
            inside[index] = len(kept)
        kept.append((covered, parent, composite))
    return tuple(Fold(c.kind, c.variant, c.scope, tuple(sorted(covered)), parent) for covered, parent, c in kept)


def _box(node: Node, macs: int | None) -> Box:
    formal = {id(value): name for name, argument in node.args.items() for value in _values(argument)}
    attributes = {name: _short(node.attrs[name]) for name in sorted(node.attrs) if node.attrs[name] is not None}
    inputs = tuple(_tensor(value, formal.get(id(value), "")) for value in node.inputs if value is not None)
    outputs = tuple(_tensor(value, "") for value in node.outputs if value is not None)
    return Box(node.name, node.qualified, node.scope, attributes, inputs, outputs, macs)


def _values(argument: Any) -> tuple[Value, ...]:
    if isinstance(argument, Value):
        return (argument,)
    return argument if isinstance(argument, tuple) else ()


def _tensor(value: Value, arg: str) -> Tensor:
    return Tensor(arg, value.name, value.dtype or "?", shape(value), value.constant)


def shape(value: Value) -> str:
    """Write a shape as ``1x3xheightx224``; ``scalar`` for rank 0, ``?`` for what is not known."""
    if value.shape is None:
        return "?"
    return "x".join("?" if dim is None else str(dim) for dim in value.shape) or "scalar"


def _short(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else _number(value)
    if isinstance(value, tuple):
        text = "[" + ", ".join(_number(item) for item in value[:16]) + (", ..." if len(value) > 16 else "") + "]"
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _ends(graph: Graph, place: Mapping[int, int]) -> tuple[list[Box], tuple[tuple[int, int, str], ...]]:
    """Return boxes for the network's inputs and outputs, and every edge."""
    ends: list[Box] = []
    made_by: dict[str, int] = {}
    for value in graph.inputs:
        if not value.constant:
            made_by[value.name] = len(place) + len(ends)
            ends.append(Box(value.name, "input", "", {}, (), (_tensor(value, ""),), None))
    edges: dict[tuple[int, int, str], None] = {}
    for index, node in enumerate(graph.nodes):
        for used in (*node.inputs, *node.implicit):
            if used is None:
                continue
            before = graph.producer_of(used)
            start = place[id(before)] if before is not None else made_by.get(used.name)
            if start is not None:
                edges[start, index, f"{used.dtype or '?'} {shape(used)}"] = None
    for value in graph.outputs:
        source = graph.producer_of(value) or graph.producer_of(Value(graph.aliases.get(value.name, value.name)))
        start = place[id(source)] if source is not None else made_by.get(graph.aliases.get(value.name, value.name))
        if start is not None:
            edges[start, len(place) + len(ends), f"{value.dtype or '?'} {shape(value)}"] = None
        ends.append(Box(value.name, "output", "", {}, (_tensor(value, ""),), (), None))
    return ends, tuple(edges)


def _cut(segments: Sequence[Segment], place: Mapping[int, int], boxes: int) -> Cut:
    number: list[int | None] = [None] * boxes
    for position, segment in enumerate(segments):
        for node in segment.nodes:
            if id(node) in place:
                number[place[id(node)]] = position
    return Cut(tuple(number), tuple(at for at, segment in enumerate(segments) if segment.device == "host"))


def _number(value: Any) -> str:
    """Write a scalar; a float as short as its float32 allows."""
    return f"{value:.7g}" if isinstance(value, float) else str(value)
