"""Windows of an image in parts, for which onnx2tf writes SPACE_TO_DEPTH and DEPTH_TO_SPACE.

Source: onnx2tf 2.6.9, ``tflite_builder/passes/window_partition_layout.py``.  Reshapes that follow one another are one,
since onnxsim joins them.
"""

from __future__ import annotations

from typing import Final

from checker.graph import Graph, Node, Value
from checker.predicates.look import argument, made_by, sole_user

SWAP: Final = (0, 1, 3, 2, 4, 5)
"""Puts the rows of a window beside its columns: [n, h, b, w, b, c] and [n, h, w, b, b, c] become each other."""


def cuts_windows(node: Node, graph: Graph) -> bool:
    """Tell whether a Transpose, between two Reshapes, cuts an image into square windows."""
    found = _turn(node, graph)
    if found is None:
        return False
    image, (n, h, b, w, c, channels), windows = found
    return _are_square(image, windows, (n, h, w, b, c, channels))


def joins_windows(node: Node, graph: Graph) -> bool:
    """Tell whether a Reshape, after another and a Transpose, puts square windows together to an image."""
    before = made_by(argument(node, "data"), graph, "Transpose") if node.op == "Reshape" else None
    found = _turn(before, graph) if before is not None else None
    if found is None:
        return False
    windows, parts, image = found
    return _are_square(image, windows, parts)


def _are_square(image: tuple[int, ...], windows: tuple[int, ...], parts: tuple[int, ...]) -> bool:
    """Tell whether n * h * w windows of b rows and as many columns make up an image; ``parts``: n, h, w, b, b, c."""
    n, h, w, b, columns, channels = parts
    return 1 < b == columns and image == (n, h * b, w * b, channels) and windows == (n * h * w, b * b, channels)


def _turn(node: Node, graph: Graph) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] | None:
    """Return the sizes before, within and after a Reshape, Transpose, Reshape that nobody else reads from."""
    first = made_by(argument(node, "data"), graph, "Reshape") if node.attrs.get("perm") == SWAP else None
    last = sole_user(node, graph, "Reshape") if first is not None else None
    if first is None or last is None or sole_user(first, graph, "Transpose") is not node:
        return None
    while (earlier := made_by(argument(first, "data"), graph, "Reshape")) and sole_user(earlier, graph, "Reshape"):
        first = earlier
    while (later := sole_user(last, graph, "Reshape")) is not None:
        last = later
    sizes = [_sizes(value) for value in (argument(first, "data"), argument(node, "data"), last.outputs[0])]
    before, within, after = sizes
    return None if before is None or within is None or after is None else (before, within, after)


def _sizes(value: Value | None) -> tuple[int, ...] | None:
    if value is None or value.shape is None:
        return None
    sizes = tuple(size for size in value.shape if isinstance(size, int))
    return sizes if len(sizes) == len(value.shape) else None
