"""Facts of broadcasting: which operand of two is stretched, and over which axes."""

from __future__ import annotations

from checker.graph import Graph, Node


def stretched_in_one_run(node: Node, _: Graph) -> bool | None:
    """Tell whether at most one of the first two operands is stretched, and that over axes side by side.

    Axes of length 1 on both sides do not count.
    """
    shapes = [value.shape for value in node.inputs[:2] if value is not None]
    if len(shapes) != 2 or any(shape is None for shape in shapes):
        return None
    rank = max(len(shape) for shape in shapes if shape is not None)
    left, right = ((1,) * (rank - len(shape)) + tuple(shape) for shape in shapes if shape is not None)
    pairs = [(a, b) for a, b in zip(left, right, strict=True) if (a, b) != (1, 1)]
    if not all(isinstance(dim, int) for pair in pairs for dim in pair):
        return None
    differing = [place for place, (a, b) in enumerate(pairs) if a != b]
    if not differing:
        return True
    if differing[-1] - differing[0] + 1 != len(differing):
        return False
    return all(pairs[place][0] == 1 for place in differing) or all(pairs[place][1] == 1 for place in differing)
