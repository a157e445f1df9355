"""The three operands of an attention: what was done to queries, keys and values just before the products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checker.composites.flow import Flow, first, passes, scaling, swaps_last_two

if TYPE_CHECKING:
    from checker.graph import Dim, Node, Value


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """An operand with the steps before it taken away, as far as nobody else needs them.

    ``value``: queries, keys or values as the Attention operator takes them (batch, heads, length, head size).
    ``scale``: the factor that the steps put on it, None when computed at run time.  ``repeated``: heads were repeated
    for grouped queries.  ``normalised``: divided by its length (cosine attention).
    """

    value: Value
    scale: float | None = 1.0
    scaled: bool = False
    repeated: bool = False
    normalised: bool = False

    @property
    def heads(self) -> int:
        """Number of heads, 0 when unknown or not a separate axis."""
        shape = self.value.shape
        dim: Dim = shape[1] if shape is not None and len(shape) == 4 else None
        return dim if isinstance(dim, int) else 0


def operand(
    flow: Flow, value: Value, covers: dict[int, Node], *, keys: bool = False, transposed: bool = False
) -> Operand:
    """Take scale, casts, the transposition of keys, repetition of heads and L2 normalisation off an operand.

    Args:
        flow: the graph.
        value: the operand of the product.
        covers: the composite's nodes; those that belong to it alone are added.
        keys: the operand is multiplied transposed.
        transposed: the product itself transposes it.
    """
    found = Operand(value)
    turned = transposed
    for _ in range(12):
        node = flow.producer(found.value)
        if node is None or not flow.only_for(node, covers):
            break
        scaled = scaling(node)
        normal = flow.composite(found.value, "LpNormalization")
        group = _repeat(flow, node)
        before = first(node)
        if scaled is not None:
            scale = None if found.scale is None or scaled[1] is None else found.scale * scaled[1]
            found = replace(found, value=scaled[0], scale=scale, scaled=True)
            covers[node.index] = node
        elif normal is not None:
            covers.update({each.index: each for each in normal.covers})
            source = normal.node.args["input"]
            if source is None or isinstance(source, tuple):
                break
            found = replace(found, value=source, normalised=True)
        elif passes(node) and before is not None:
            covers[node.index] = node
            found = replace(found, value=before)
        elif keys and not turned and swaps_last_two(node) and before is not None:
            covers[node.index] = node
            found, turned = replace(found, value=before), True
        elif keys and not turned and (flat := _turned_flat(flow, node)) is not None:
            covers.update({each.index: each for each in flat[0]})
            found, turned = replace(found, value=flat[1]), True
        elif before is not None and _merges_heads(node, before):
            covers[node.index] = node
            found = replace(found, value=before)
        elif group is not None:
            nodes, source = group
            inner = {**covers, **{each.index: each for each in nodes}}
            if not all(flow.only_for(each, inner) for each in nodes):
                break
            covers.update(inner)
            found = replace(found, value=source, repeated=True)
        else:
            break
    if keys and not turned:
        found = replace(found, value=_turned(found.value))
    shape = found.value.shape
    if shape is not None and len(shape) == 3:  # batch and heads in one axis, as a batched product has them
        found = replace(found, value=replace(found.value, shape=(1, *shape)))
    return found


def _turned_flat(flow: Flow, node: Node) -> tuple[tuple[Node, ...], Value] | None:
    """Read Reshape(Transpose(Reshape(k))): a matrix transpose with batch and heads in one axis meanwhile."""
    turn = flow.producer(first(node)) if node.op == "Reshape" else None
    flat = flow.producer(first(turn)) if turn is not None and swaps_last_two(turn) else None
    if turn is None or flat is None or flat.op != "Reshape":
        return None
    if flow.sole_user(flat.outputs[0]) is not turn or flow.sole_user(turn.outputs[0]) is not node:
        return None
    before, after = first(flat), node.outputs[0]
    if before is None or after is None or before.rank != after.rank or (before.rank or 0) < 3:
        return None
    if before.shape is not None and after.shape is not None and before.shape[-1] != after.shape[-2]:
        return None
    return (node, turn, flat), before


def _merges_heads(node: Node, before: Value) -> bool:
    """Tell a Reshape that brings (batch, heads, length, size) to (batch · heads, length, size)."""
    after = node.outputs[0]
    return (
        node.op == "Reshape"
        and after is not None
        and before.rank == 4
        and after.rank == 3
        and before.shape is not None
        and after.shape is not None
        and before.shape[2:] == after.shape[1:]
    )


def _turned(value: Value) -> Value:
    """Return keys that arrive as (batch, heads, head size, length) under the shape that the operator gives them."""
    shape = value.shape
    if shape is None or len(shape) < 2:
        return value
    return replace(value, shape=(*shape[:-2], shape[-1], shape[-2]))


def _repeat(flow: Flow, node: Node) -> tuple[tuple[Node, ...], Value] | None:
    """Read Reshape(Expand(Unsqueeze(x))) or Reshape(Tile(Unsqueeze(x))): each head repeated for a group of queries."""
    if node.op != "Reshape":
        return None
    middle = flow.producer(first(node))
    if middle is None or middle.op not in {"Expand", "Tile"}:
        return None
    inner = flow.producer(first(middle))
    if inner is None or inner.op not in {"Unsqueeze", "Reshape"}:
        return None
    source = first(inner)
    if source is None or source.rank != 4:
        return None
    return (node, middle, inner), source


def causal(mask: Value) -> bool:
    """Tell a constant mask that hides exactly what comes later; a mask whose elements are not at hand is not told."""
    if mask.const is None or mask.const.ndim < 2 or mask.const.dtype.kind not in "fb":
        return False
    rows, columns = mask.const.shape[-2:]
    if rows != columns or rows < 2:
        return False
    import numpy as np

    table = mask.const.reshape(-1, rows, columns)
    hidden = np.logical_not(table) if table.dtype.kind == "b" else table.astype(np.float64) < -1e3
    return bool((hidden == np.triu(np.ones((rows, columns), dtype=bool), 1)).all())
