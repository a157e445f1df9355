"""Halves of a tensor along its last axis: the two slices, or the even and the odd elements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checker.composites.flow import Flow, first, second
from checker.composites.matcher import scalar

if TYPE_CHECKING:
    from checker.graph import Node, Value


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """One half of ``source``: number 0 or 1; ``style`` is ``"half"`` or ``"interleaved"``; ``nodes`` that cut it."""

    source: Value
    number: int
    style: str
    nodes: tuple[Node, ...]
    negative: bool = False


def half(flow: Flow, value: Value | None) -> Half | None:
    """Read a value as one half of another, negated perhaps."""
    node = flow.producer(value)
    if node is None or value is None or node.domain:
        return None
    if node.op == "Neg" or (node.op == "Mul" and -1.0 in {scalar(first(node)), scalar(second(node))}):
        bare = first(node) if node.op == "Neg" or scalar(first(node)) is None else second(node)
        inner = _cut(flow, bare)
        return None if inner is None else replace(inner, negative=True, nodes=(node, *inner.nodes))
    return _cut(flow, value)


def _cut(flow: Flow, value: Value | None) -> Half | None:
    node = flow.producer(value)
    if node is None or value is None:
        return None
    if node.op == "Slice":
        return _slice(node)
    if node.op == "Split" and len(node.outputs) == 2:
        return _split(node, value)
    if node.op in {"Gather", "Squeeze"}:
        return _pair(flow, node, value)
    return None


def numbers(node: Node, name: str) -> tuple[int, ...] | None:
    """Return integers that a node takes as an attribute or as a constant input, None where they are not known."""
    given = node.attrs.get(name)
    if isinstance(given, tuple):
        return tuple(int(each) for each in given)
    value = node.args.get(name)
    if value is None or isinstance(value, tuple) or value.const is None:
        return None
    return tuple(int(each) for each in value.const.reshape(-1).tolist())


def _last(source: Value, axis: int) -> bool:
    return axis == -1 or (source.rank is not None and axis == source.rank - 1) or (source.rank is None and axis == 3)


def _slice(node: Node) -> Half | None:
    source = first(node)
    axes, steps, starts = numbers(node, "axes"), numbers(node, "steps"), numbers(node, "starts")
    if source is None or axes is None or len(axes) != 1 or not _last(source, axes[0]):
        return None
    start = None if starts is None else starts[0]
    if steps is not None and steps[0] == 2:
        return Half(source, start, "interleaved", (node,)) if start in {0, 1} else None
    if steps is not None and steps[0] != 1:
        return None
    length = source.shape[-1] if source.shape is not None else None
    ends = numbers(node, "ends")
    middle = length // 2 if isinstance(length, int) else None
    if start == 0:
        fits = middle is None or ends is None or ends[0] in {middle, middle - (length or 0)}  # type: ignore[operator]
        return Half(source, 0, "half", (node,)) if fits else None
    # a start that is computed at run time can only be the middle
    fits = start is None or middle is None or start in {middle, middle - (length or 0)}  # type: ignore[operator]
    return Half(source, 1, "half", (node,)) if fits else None


def _split(node: Node, value: Value) -> Half | None:
    source, axis = first(node), node.attrs.get("axis", 0)
    if source is None or not isinstance(axis, int) or not _last(source, axis):
        return None
    sizes = numbers(node, "split")
    if sizes is not None and len(set(sizes)) != 1:
        return None
    shape = source.shape
    pairs = shape is not None and shape[-1] == 2
    number = next(i for i, each in enumerate(node.outputs) if each is not None and each.name == value.name)
    return Half(source, number, "pairs" if pairs else "half", (node,))


def _pair(flow: Flow, node: Node, value: Value) -> Half | None:
    """Read one of a pair: Gather, or Squeeze of a Slice or Split, along a last axis of length two made by Reshape."""
    del value
    nodes: tuple[Node, ...] = (node,)
    cut: Half | None = None
    if node.op == "Gather":
        index, source, axis = scalar(second(node)), first(node), node.attrs.get("axis", 0)
        if index in {0.0, 1.0, -1.0} and source is not None and isinstance(axis, int) and _last(source, axis):
            cut = Half(source, int(index) % 2, "pairs", (node,))
    else:
        inner = flow.producer(first(node))
        cut = None if inner is None or inner.op not in {"Slice", "Split"} else _cut(flow, first(node))
        if cut is not None:
            nodes = (node, *cut.nodes)
    if cut is None or cut.source.shape is None or cut.source.shape[-1] != 2:
        return None
    shaped = flow.producer(cut.source)
    if shaped is None or shaped.op != "Reshape":
        return None
    source = first(shaped)
    return None if source is None else Half(source, cut.number, "interleaved", (*nodes, shaped), cut.negative)
