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
    from checker.cost import Cost
    from checker.load import Loaded

__all__ = ["Growth", "Pin", "Point", "Reach", "Resolution", "Scaling", "Size", "Trials", "Unit", "examine", "written"]

FACTORS = (0.5, 1.0, 1.5, 2.0)
"""Sides that are measured, in parts of the file's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Resolution:
    """What becomes of a file at other sizes.

    ``asked``: the sizes that were asked for, each with the network there or with what is in its way.
    ``architecture``: what would still be in the way if every size that an exporter wrote down followed the input, None
    where nothing was found.  ``exported``: the file takes no other size, and ``growth`` speaks of the same network
    exported at others.
    """

    scaling: Scaling
    base: Size
    reach: Reach
    growth: Growth
    asked: tuple[tuple[Size, Graph | Pin], ...]
    architecture: Pin | None = None
    exported: bool = False


def examine(loaded: Loaded, asked: Sequence[Size] = (), cost: Cost | None = None) -> Resolution | None:
    """Go over a file at other sizes; None where its inputs have no axis that could grow.

    Args:
        loaded: the file.
        asked: sizes of the input that are wanted beside the usual ones; one number stands for both sides of a picture.
        cost: what was measured of the file before, if it was.
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
    usual = [tuple(_rounded(side * factor, reach.step or 1) for side in tried.base) for factor in FACTORS]
    graphs: dict[Size, Graph] = {size: graph for size, graph in wanted if isinstance(graph, Graph)}
    architecture = None
    stride = 1 if tried.graph is None else stride_of(tried.graph, tried.base)
    if reach.pin is None:
        graphs |= {size: graph for size in usual if isinstance(graph := tried(size), Graph)}
    elif tried.graph is not None:
        graphs[tried.base] = tried.graph
        # what is written down for one size is rounded in ways of its own at sizes that do not divide
        even = [size for size in usual if size != tried.base and all(side % stride == 0 for side in size)]
        free, architecture = tried.freely(even, reach.pin)
        graphs |= free
    points = [
        point(size, graph, cost if graph is loaded.graph else None)
        for size, graph in sorted(graphs.items(), key=lambda item: item[0])
    ]
    return Resolution(
        scaling=tried.scaling,
        base=tried.base,
        reach=listed(reach, tried),
        growth=growth(tried.scaling, points, stride),
        asked=wanted,
        architecture=architecture,
        exported=reach.pin is not None,
    )


def _fitting(size: Size, base: Size) -> Size | None:
    """Return a size that was asked for with as many sides as the file's; None where it has too many."""
    if len(size) == len(base):
        return size
    return size * 2 if len(size) == 1 else None


def _rounded(side: float, step: int) -> int:
    """Return the nearest multiple of the step, at least one of it."""
    return max(step, int(side / step + 0.5) * step)
