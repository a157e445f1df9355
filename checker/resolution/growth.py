"""Cost at several sizes, and the exponent with which it grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from checker.composites import raise_composites
from checker.cost import measure

if TYPE_CHECKING:
    from checker.cost import Cost
    from checker.graph import Graph
    from checker.resolution.axes import Scaling, Size


STRIDES = (64, 32, 16, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Point:
    """Cost at one size.

    ``macs``, ``peak_activation_bytes``: None where some shapes are not known.  ``by_kind``: MACs by kind of work.
    """

    size: Size
    macs: int | None
    peak_activation_bytes: int | None
    by_kind: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Growth:
    """Exponents over pixels (or tokens, positions); None where fewer than two sizes are known.

    ``by_kind``: those of the MACs of each kind of work.
    """

    points: tuple[Point, ...]
    macs: float | None
    peak_activation_bytes: float | None
    by_kind: Mapping[str, float]


def point(size: Size, graph: Graph, cost: Cost | None = None) -> Point:
    """Measure the network at one size, unless that was done before."""
    cost = cost or measure(graph, raise_composites(graph), orders=False)
    by_kind = {each.kind: each.macs for each in cost.kinds if each.macs}
    return Point(size, cost.macs if cost.complete else None, cost.peak_activation_bytes, by_kind)


def growth(scaling: Scaling, points: Sequence[Point], stride: int = 1) -> Growth:
    """Fit the exponents.

    Args:
        scaling: what grows.
        points: the cost at each size.
        stride: how many pixels of the input one of the smallest feature map stands for.  Sizes that are no multiple
            of it are rounded up or down on the way, which is no growth; they are fitted only where too few others are.
    """
    even = [each for each in points if all(side % stride == 0 for side in each.size)]
    fitted = even if len(even) > 1 else points

    def fit(of: Callable[[Point], int | None]) -> float | None:
        return exponent([(scaling.amount(each.size), of(each)) for each in fitted])

    kinds = dict.fromkeys(kind for each in points for kind in each.by_kind)
    known = all(each.macs is not None for each in points)
    fits = {kind: fit(lambda each, kind=kind: each.by_kind.get(kind)) for kind in kinds} if known else {}  # type: ignore[misc]
    return Growth(
        tuple(points),
        fit(lambda each: each.macs),
        fit(lambda each: each.peak_activation_bytes),
        {kind: found for kind, found in fits.items() if found is not None},
    )


def stride_of(graph: Graph, size: Size) -> int:
    """Return how many pixels of a side one of the smallest feature map stands for: a power of two; 1 if unknown."""
    if len(size) != 2:
        return 1
    sides: set[tuple[object, object]] = set()
    for node in graph.nodes:
        for value in node.outputs:
            if value is not None and value.shape is not None and len(value.shape) == 4:
                sides |= {value.shape[1:3], value.shape[2:4]}
    for stride in STRIDES:
        feature = size[0] // stride, size[1] // stride
        if feature in sides and min(feature) > 1 and all(side % stride == 0 for side in size):
            return stride
    return 1


def exponent(samples: Sequence[tuple[int, int | None]]) -> float | None:
    """Return the slope of log(cost) over log(amount), by least squares; None with fewer than two different amounts."""
    known = [(log(amount), log(cost)) for amount, cost in samples if amount > 0 and cost is not None and cost > 0]
    count = len(known)
    if count != len(samples) or len({x for x, _ in known}) < 2:
        return None
    mean_x, mean_y = sum(x for x, _ in known) / count, sum(y for _, y in known) / count
    spread = sum((x - mean_x) ** 2 for x, _ in known)
    return sum((x - mean_x) * (y - mean_y) for x, y in known) / spread
