"""Likely lengths for dimensions that a file leaves open."""

from __future__ import annotations

import re
from collections.abc import Mapping

from checker.graph import Graph, Shape

BATCH, PICTURE, SEQUENCE = 1, 224, 128
"""Lengths that a dynamic dimension is tried with: the first axis, a side of a picture, anything else."""


def lengths(graph: Graph) -> dict[str, int]:
    """Return likely lengths for the dimensions of the inputs that have none, by symbol or as ``x[0]``."""
    found: dict[str, int] = {}
    sums: dict[str, int] = {}
    for value in graph.inputs:
        for axis, dim in enumerate(value.shape or ()):
            if isinstance(dim, int):
                continue
            symbol = dim or f"{value.name}[{axis}]"
            (found if dim is None or re.fullmatch(r"[^\s+*/()]+", dim) else sums).setdefault(
                symbol, _likely(value.shape, axis)
            )
    for symbol, size in sums.items():
        found[symbol] = evaluated(symbol, found) or size
    return found


def _likely(shape: Shape, axis: int) -> int:
    """Guess: the first axis is the batch, a picture has two sides, and what ends with a known length is a sequence."""
    if axis == 0 or shape is None:
        return BATCH
    last, rank = shape[-1], len(shape)
    channels_last = isinstance(last, int) and last <= 4 and not isinstance(shape[1], int)
    sides = range(1, rank - 1) if channels_last else range(2, rank)
    picture = rank > 3 and axis in sides and (channels_last or not isinstance(last, int))
    return PICTURE if picture else SEQUENCE


def evaluated(text: str, known: Mapping[str, int]) -> int | None:
    """Return a sum such as ``past + seq`` of known lengths; None where it is nothing of the kind."""
    total = 0
    for term in text.split("+"):
        product = 1
        for factor in term.split("*"):
            word = factor.strip().strip("()")
            if not word.isdigit() and word not in known:
                return None
            product *= int(word) if word.isdigit() else known[word]
        total += product
    return total or None
