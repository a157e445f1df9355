"""Which axes of the inputs grow with resolution: the sides of pictures, tokens, samples.

Inputs that belong together grow together: a mask with its picture, the attention mask with the token ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from checker.load.lengths import evaluated, lengths

if TYPE_CHECKING:
    from checker.graph import Dim, Graph, Value

Unit = Literal["pixels", "tokens", "positions"]
Size = tuple[int, ...]
"""Height and width of a picture; the length of one axis otherwise."""

CHANNELS = 4
"""A last axis of up to so many is taken for colours."""
_LINEAR = frozenset({"Gemm", "MatMul", "TreeEnsembleClassifier", "TreeEnsembleRegressor", "LinearClassifier", "Scaler"})


@dataclass(frozen=True, slots=True)
class Scaling:
    """What grows.

    ``input``, ``axes``: the input that a size speaks of, and which of its axes.  ``tied``: all inputs with the axes
    that grow, each with the place (0 or 1) of the size that it follows.  ``base``: size at the file's own shapes.
    ``shapes``: those shapes, lengths put in for symbols.  ``symbols``: symbolic dimensions with their lengths.
    ``assumed``: the base is a likely length, for the file leaves it open.
    """

    unit: Unit
    input: str
    axes: tuple[int, ...]
    base: Size
    tied: Mapping[str, Mapping[int, int]]
    shapes: Mapping[str, tuple[int, ...]]
    symbols: Mapping[str, tuple[Dim, ...]]
    assumed: bool

    def at(self, size: Size) -> dict[str, tuple[int, ...]] | None:
        """Return the shapes of all inputs at a size; None where a tied axis does not come out whole."""
        found: dict[str, list[int]] = {name: list(shape) for name, shape in self.shapes.items()}
        known: dict[str, int] = {}
        for name, places in self.tied.items():
            for axis, place in places.items():
                length, rest = divmod(found[name][axis] * size[place], self.base[place])
                if rest or length < 1:
                    return None
                found[name][axis] = length
                symbol = self.symbols[name][axis]
                if isinstance(symbol, str):
                    known[symbol] = length
        for name, dims in self.symbols.items():
            for axis, dim in enumerate(dims):
                if isinstance(dim, str):
                    known.setdefault(dim, self.shapes[name][axis])
        for name, dims in self.symbols.items():
            for axis, dim in enumerate(dims):
                if isinstance(dim, str):
                    found[name][axis] = evaluated(dim, known) or known[dim]
        return {name: tuple(shape) for name, shape in found.items()}

    def amount(self, size: Size) -> int:
        """Return the pixels or positions of a size."""
        return size[0] * size[1] if len(size) == 2 else size[0]


def scalings(graph: Graph) -> Iterator[Scaling]:
    """Yield what could grow, the likeliest first; nothing where the inputs have no such axis."""
    if any(value.shape is None for value in graph.inputs):
        return
    guess = lengths(graph)
    shapes = {value.name: _filled(value, guess) for value in graph.inputs}
    tokens = [v for v in graph.inputs if (v.dtype or "").startswith(("int", "uint")) and len(shapes[v.name]) <= 2]
    pictures = [v for v in graph.inputs if _sides(v, shapes[v.name], strict=bool(tokens)) is not None]
    if pictures:
        first = pictures[0]
        sides = _sides(first, shapes[first.name], strict=False) or ()
        opened = tuple(side for side in sides if _open(first, side))
        yield _scaling(graph, "pixels", first, opened or sides, shapes)  # what the file leaves open is meant to change
        return
    for value in tokens:
        axis = len(shapes[value.name]) - 1
        if axis >= 0 and (axis or len(tokens) == 1) and (shapes[value.name][axis] > 1 or _open(value, axis)):
            yield _scaling(graph, "tokens", value, (axis,), shapes)
            return
    for value in graph.inputs:
        rank = len(shapes[value.name])
        if rank == 4 and tokens:
            yield _scaling(graph, "tokens", value, (2,), shapes)
            return
        if rank in {2, 3} and value not in tokens:
            for axis in _likely_axes(graph, value, rank):
                yield _scaling(graph, "positions", value, (axis,), shapes)
            return


def _likely_axes(graph: Graph, value: Value, rank: int) -> list[int]:
    """Return the axes of a plain tensor that could be its length, the likeliest first."""
    users = {user.op for user in graph.users_of(value)}
    if rank == 2:
        return [] if users & _LINEAR and not _open(value, 1) else [1]
    order = [2, 1] if "Conv" in users else [1, 2]
    order = [0, *order] if users & {"LSTM", "GRU", "RNN"} else order
    opened = [axis for axis in order if axis and _open(value, axis)]
    return opened or [axis for axis in order if (value.shape or ())[axis] != 1]


def _open(value: Value, axis: int) -> bool:
    return value.shape is not None and not isinstance(value.shape[axis], int)


def _filled(value: Value, guess: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(
        dim if isinstance(dim, int) else guess.get(dim or f"{value.name}[{axis}]", 1)
        for axis, dim in enumerate(value.shape or ())
    )


def _sides(value: Value, shape: tuple[int, ...], *, strict: bool) -> tuple[int, int] | None:
    """Return the axes of a picture's sides; ``strict``: only where its channels look like colours."""
    rank = len(shape)
    if rank == 3 and shape[0] == 3 and min(shape[1:]) > CHANNELS:
        return 1, 2
    if rank not in {4, 5}:
        return None
    last = shape[-1] <= CHANNELS < min(shape[-3:-1]) and not _open(value, rank - 1)
    height, width = (rank - 3, rank - 2) if last else (rank - 2, rank - 1)
    colours = shape[-1] if last else shape[1]
    if strict and (colours not in {1, 3} or min(shape[height], shape[width]) < CHANNELS * CHANNELS):
        return None
    return (height, width) if min(shape[height], shape[width]) > 1 or _open(value, height) else None


def _scaling(
    graph: Graph, unit: Unit, first: Value, axes: tuple[int, ...], shapes: Mapping[str, tuple[int, ...]]
) -> Scaling:
    base = tuple(shapes[first.name][axis] for axis in axes)
    tied = {first.name: {axis: place for place, axis in enumerate(axes)}}
    for value in graph.inputs:
        if value.name != first.name:
            places = _following(value, first, axes, shapes)
            if places:
                tied[value.name] = places
    symbols = {value.name: tuple(value.shape or ()) for value in graph.inputs}
    return Scaling(unit, first.name, axes, base, tied, shapes, symbols, any(_open(first, axis) for axis in axes))


def _following(
    value: Value, first: Value, axes: tuple[int, ...], shapes: Mapping[str, tuple[int, ...]]
) -> dict[int, int]:
    """Return the axes of another input that grow with the first one's."""
    shape, leader = shapes[value.name], shapes[first.name]
    same: dict[int, int] = {}
    for axis in range(1, len(shape)):
        for place, leading in enumerate(axes):
            dim, lead = (value.shape or ())[axis], (first.shape or ())[leading]
            if isinstance(dim, str) or isinstance(lead, str):
                alike = len(shape) == len(leader) and axis == leading and shape[axis] == leader[leading]
                if dim == lead or (alike and isinstance(dim, str) and isinstance(lead, str)):
                    same[axis] = place
            elif shape[axis] == leader[leading] > 1 and same.get(axis) is None and place not in same.values():
                same[axis] = place
    if len(axes) == 2:
        sides = _sides(value, shape, strict=False)
        if sides is not None and not same and all(shape[side] > 1 for side in sides):
            return {sides[0]: 0, sides[1]: 1}
        return same if len(same) == 2 else {}
    if len(shape) == 4 and len(same) == 1 and shape[-1] == shape[-2] == leader[axes[0]] > 1:
        return {2: 0, 3: 0}
    return same
