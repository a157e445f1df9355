"""How cost grows with the size of the input, which sizes a file takes, and what ties it to its own.

The file is gone over again at a few sizes, by shape inference only: no weight is read and nothing is run.  Growth is
the slope of a straight line through log(cost) over log(pixels): 1.0 is in proportion, 2.0 with the square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.graph import Graph
from checker.load.resized import Pin
from checker.resolution.axes import Scaling, Size, Unit, scalings
from checker.resolution.growth import Growth, Point, growth, point, stride_of
from checker.resolution.reach import Reach, Trials, explore, listed, trials, written

if TYPE_CHECKING:
    from checker.load import Loaded

__all__ = ["Growth", "Pin", "Point", "Reach", "Resolution", "Scaling", "Size", "Trials", "Unit", "examine", "written"]

FACTORS = (0.5, 1.0, 1.5, 2.0)
"""Sides that are measured, in parts of the file's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Resolution:
    """What becomes of a file at other sizes.

    ``asked``: the sizes that were asked for, each with the network there or with what is in its way.
    """

    scaling: Scaling
    base: Size
    reach: Reach
    growth: Growth
    asked: tuple[tuple[Size, Graph | Pin], ...]


def examine(loaded: Loaded, asked: Sequence[Size] = ()) -> Resolution | None:
    """Go over a file at other sizes; None where its inputs have no axis that could grow.

    Args:
        loaded: the file.
        asked: sizes of the input that are wanted beside the usual ones; one number stands for both sides of a picture.
    """
    best: tuple[Trials, Reach] | None = None
    for scaling in scalings(loaded.graph):
        tried = trials(loaded, scaling)
        reach = explore(tried)
        if best is None or reach.pin is None:
            best = tried, reach
        if reach.pin is None:
            break
    if best is None:
        return None
    tried, reach = best
    sizes = [_fitting(size, tried.base) for size in asked]
    wanted = tuple((size, tried(size)) for size in sizes if size is not None)
    chosen = {tried.base, *(size for size, _ in wanted)}
    if reach.pin is None:
        chosen |= {tuple(_rounded(side * factor, reach.step or 1) for side in tried.base) for factor in FACTORS}
    graphs = {size: tried(size) for size in sorted(chosen)}
    points = tuple(point(size, graph) for size, graph in graphs.items() if isinstance(graph, Graph))
    stride = 1 if tried.graph is None else stride_of(tried.graph, tried.base)
    return Resolution(tried.scaling, tried.base, listed(reach, tried), growth(tried.scaling, points, stride), wanted)


def _fitting(size: Size, base: Size) -> Size | None:
    """Return a size that was asked for with as many sides as the file's; None where it has too many."""
    if len(size) == len(base):
        return size
    return size * 2 if len(size) == 1 else None


def _rounded(side: float, step: int) -> int:
    """Return the nearest multiple of the step, at least one of it."""
    return max(step, int(side / step + 0.5) * step)
