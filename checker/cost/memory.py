"""Peak activation memory: which tensors are alive while each node runs.

An input is alive from the start to its last use, an output from its node to the end, everything else from its node to
its last use.  While a node runs, its operands and its results are all alive.  Constants are not activations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from checker.cost.kinds import ACTIVATION, ELEMENTWISE, VIEW
from checker.graph import Graph, Node, Value

IN_PLACE: Final = frozenset(
    {*ELEMENTWISE, *ACTIVATION, "BatchNormalization", "Softmax"}
    - {"CumSum", "CumProd", "RotaryEmbedding", "SwiGLU", "Where", "Max", "Min", "Mean", "Sum"}
)
"""Operators that can write each element of the result over the operand's element of the same place."""

Sizer = Callable[[Value], int | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One node: the buffers that it reads and writes, by number, and the bytes that its bodies need beside these.

    ``over``: buffers that its result may overwrite, should this be their last use.
    """

    reads: tuple[int, ...]
    writes: tuple[int, ...]
    inner: int = 0
    over: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A graph as buffers.  ``sizes``: bytes.  ``entering``: inputs.  ``kept``: buffers that nobody may free.

    ``values``: the tensor that each buffer is made for.
    """

    steps: tuple[Step, ...]
    sizes: tuple[int, ...]
    entering: tuple[int, ...]
    kept: frozenset[int]
    values: tuple[Value, ...]


def plan(graph: Graph, size: Sizer, *, views: bool = False) -> Plan | None:
    """Lay out a graph.

    Args:
        graph: the network.
        size: bytes of a value.
        views: whether a Reshape and its like share the memory of what they view.

    Returns:
        None when a size is not known.
    """
    number: dict[str, int] = {}
    sizes: list[int] = []
    values: list[Value] = []

    def buffer(value: Value) -> bool:
        found = size(value)
        if found is None:
            return False
        number[value.name] = len(sizes)
        sizes.append(found)
        values.append(value)
        return True

    inputs = [value for value in graph.inputs if not value.constant]
    if not all(map(buffer, inputs)):
        return None
    entering = tuple(range(len(sizes)))
    kept: set[int] = set()
    used = {value.name for node in graph.nodes for value in (*node.inputs, *node.implicit) if value is not None}
    kept.update(number[v.name] for v in inputs if v.name not in used or v.name in graph.output_names)
    steps = []
    for node in graph.nodes:
        reads = tuple(
            dict.fromkeys(
                number[value.name]
                for value in (*node.inputs, *node.implicit)
                if value is not None and value.name in number
            )
        )
        writes = []
        for value in node.outputs:
            if value is None or value.constant:
                continue
            viewed = node.inputs[0] if views and node.op in VIEW and node.inputs else None
            if viewed is not None and viewed.name in number:
                number[value.name] = number[viewed.name]
            elif buffer(value):
                writes.append(number[value.name])
            else:
                return None
            if value.name in graph.output_names:
                kept.add(number[value.name])
        inner = _inner(node, size, views=views) if node.bodies else 0
        if inner is None:
            return None
        free = frozenset(b for b in reads if b >= len(entering) and writes and sizes[b] == sizes[writes[0]])
        over = tuple(number[value.name] for value in _overwritten(node) if number.get(value.name) in free)
        steps.append(Step(reads, tuple(writes), inner, over))
    return Plan(tuple(steps), tuple(sizes), entering, frozenset(kept), tuple(values))


def resized(graph: Graph, laid: Plan, size: Sizer) -> Plan | None:
    """Return the plan with other sizes, as ``plan`` would; None when one is not known."""
    if any(step.inner for step in laid.steps):
        return plan(graph, size)
    sizes = tuple(size(value) for value in laid.values)
    known = tuple(each for each in sizes if each is not None)
    return replace(laid, sizes=known) if len(known) == len(sizes) else None


def _inner(node: Node, size: Sizer, *, views: bool) -> int | None:
    """Return the peak inside the bodies of a node; what enters them is counted outside."""
    most = 0
    for body in node.bodies.values():
        laid = plan(body, size, views=views)
        if laid is None:
            return None
        entering = sum(laid.sizes[b] for b in laid.entering)
        most = max(most, peak(laid)[0] - entering)
    return most


def _overwritten(node: Node) -> Iterator[Value]:
    """Yield the operands that the result of a node could be written over, should nothing else need them."""
    result = node.outputs[0] if len(node.outputs) == 1 else None
    if node.op in IN_PLACE and result is not None:
        for value in node.inputs:
            if value is not None and value.shape == result.shape and value.dtype == result.dtype:
                yield value


def uses(laid: Plan, order: Sequence[int]) -> list[int]:
    """Return the position in an order at which each buffer is used last, -1 for one that is never read."""
    last = [-1] * len(laid.sizes)
    for position, step in enumerate(order):
        for each in laid.steps[step].reads:
            last[each] = position
    return last


def peak(laid: Plan, order: Sequence[int] | None = None, *, in_place: bool = False) -> tuple[int, int]:
    """Return the largest sum of live bytes, and the position in the order at which it is first reached.

    The position is -1 where the inputs alone are the peak.
    """
    order = range(len(laid.steps)) if order is None else order
    last = uses(laid, order)
    sizes, kept = laid.sizes, laid.kept
    live = sum(sizes[b] for b in laid.entering)
    most, at = live, -1
    for position, index in enumerate(order):
        step = laid.steps[index]
        live += sum(sizes[b] for b in step.writes)
        shared = 0
        if in_place and any(last[b] <= position and b not in kept for b in step.over):
            shared = sizes[step.writes[0]]
        if live + step.inner - shared > most:
            most, at = live + step.inner - shared, position
        for b in {*step.reads, *step.writes}:
            if last[b] <= position and b not in kept:
                live -= sizes[b]
    return most, at


def alive(laid: Plan, position: int, order: Sequence[int] | None = None) -> tuple[int, ...]:
    """Return the buffers that are alive while the node at a position of the order runs, the largest first."""
    order = range(len(laid.steps)) if order is None else order
    last = uses(laid, order)
    made = dict.fromkeys(laid.entering, -1)
    for place, index in enumerate(order):
        for b in laid.steps[index].writes:
            made[b] = place
    held = [
        b
        for b, since in made.items()
        if since <= position and (last[b] >= position or b in laid.kept or since == position)
    ]
    return tuple(sorted(held, key=lambda b: (-laid.sizes[b], b)))
