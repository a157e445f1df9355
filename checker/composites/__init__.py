"""Composites: layers recognised in a graph, whether the file writes them as one operator or as many.

``raise_composites`` reads a graph backwards, from its arithmetic to its layers.  Names never decide: a composite is
recognised by what its nodes compute; module paths only label it.

Two rules keep the list clear.  *Overlap*: formulas (activations, normalisations) never share a node; of two that would,
the one that covers more nodes stands, at equal size the earlier one.  *Coverage*: a composite covers the nodes that
compute it and whose values nobody outside uses, except its result; masks, weights and shapes that it only takes are
not covered.  Who only asks for the shape of a value does not use it.  Three exceptions: attention weights and caches
may leave an attention (its operator has outputs for them), every hidden state may leave an LSTM or GRU, and a Cast that
others need as well is left out of what it feeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.composites import (
    activations,
    attention,
    excitation,
    groups,
    heads,
    linear_attention,
    norms,
    operators,
    patches,
    rearrange,
    recurrent,
    rotary,
)
from checker.composites.flow import Flow
from checker.composites.formula import disjoint, search
from checker.composites.parts import lower, parts
from checker.composites.whole import raise_

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checker.graph import Composite, Graph, Node

__all__ = ["lower", "parts", "raise_", "raise_composites"]


def raise_composites(graph: Graph) -> tuple[Composite, ...]:
    """Return every composite of a graph, nested ones too, in file order and outermost first.

    Args:
        graph: a loaded graph; bodies of If, Loop and Scan are read as graphs of their own.

    Returns:
        Each occurrence once, with its facts, the nodes that it covers and its spelling in words.
    """
    found = _raise_one(graph)
    for node in graph.nodes:
        for body in node.bodies.values():
            found.extend(raise_composites(body))
    return tuple(found)


def _raise_one(graph: Graph) -> list[Composite]:
    by_op: dict[str, list[Node]] = {}
    for node in graph.nodes:
        by_op.setdefault(node.op, []).append(node)
    formulas = search(graph, (*activations.FORMULAS, *norms.FORMULAS), by_op)
    flow = Flow(graph)
    grouped = groups.find(flow, by_op, formulas)
    atoms = disjoint([*grouped, *formulas])
    written = operators.recognise(graph, by_op)
    covered = {node.index for atom in atoms for node in atom.covers}
    written = [each for each in written if each.node.index not in covered]
    flow.add([*written, *atoms])
    rotations = rotary.find(flow, by_op)
    flow.add(rotations)
    softmaxes = [each for each in (*written, *atoms) if each.kind == "Softmax"]
    layers = attention.find(flow, softmaxes)
    taken = {node.index for each in layers for node in each.covers}
    linear = linear_attention.find(flow, by_op, taken)
    cores = [*layers, *linear, *(each for each in written if each.kind == "Attention")]
    blocks = heads.find(flow, cores)
    moved = rearrange.find(flow, by_op)
    gathered = [each for each in moved if each.kind == "PatchEmbedding"]
    moved = [each for each in moved if each.kind != "PatchEmbedding"]
    moved += [made for each in gathered if (made := patches.projected(flow, each)) is not None]
    others = [*patches.find(flow, by_op), *excitation.find(flow, by_op), *recurrent.find(flow, by_op)]
    return _ordered([*written, *atoms, *rotations, *layers, *linear, *blocks, *moved, *others])


def _ordered(found: Iterable[Composite]) -> list[Composite]:
    """Sort by the first covered node; at the same place the larger one first."""
    return sorted(found, key=lambda each: (min(node.index for node in each.covers), -len(each.covers), each.kind))
