"""Which sizes a file takes: a bounded set is tried, each up to the first node that refuses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from checker.graph import Graph
from checker.load.resized import Pin, Resize, resizer

if TYPE_CHECKING:
    from checker.load import Loaded
    from checker.resolution.axes import Scaling, Size

GUESSES = {
    "pixels": (224, 256, 320, 640, 384, 512, 416, 299, 64, 32, 48),
    "tokens": (128, 64, 16, 512),
    "positions": (128, 1024, 16000, 64),
}
"""Lengths that are tried in turn where a file leaves its size open."""

ARCHITECTURE = frozenset({
    "position-embedding", "relative-position-bias", "constant-table", "flatten-linear", "token-linear", "normalization",
})  # fmt: skip
"""Kinds of pins that no exporter makes of a network that has none."""

STEPS = (32, 64)
"""What is added to the file's own size, after 1 and before all of it, to see whether multiples are taken."""


@dataclass(slots=True, eq=False)
class Trials:
    """The file at every size that was tried, each once.

    ``base``: the file's own size, or the first likely one that it takes.  ``graph``: the network there, None where
    none of the likely sizes is taken; ``refusal`` says why.
    """

    loaded: Loaded
    scaling: Scaling
    base: Size
    graph: Graph | None
    refusal: Pin | None
    again: Resize
    found: dict[Size, Graph | Pin] = field(default_factory=dict)

    def __call__(self, size: Size) -> Graph | Pin:
        """Return the network at a size, or what is in the way of it."""
        known = self.found.get(size)
        if known is None:
            shapes = self.scaling.at(size)
            if shapes is None:
                known = Pin("", "", "stride", f"another input has no whole size at {written(size)}", "fails")
            else:
                known = self.again(shapes)
            self.found[size] = known
        return known

    def freely(self, sizes: Sequence[Size], first: Pin) -> tuple[dict[Size, Graph], Pin | None]:
        """Return the network as exported at sizes that the file does not take, and what its architecture ties it by.

        Args:
            sizes: the sizes.
            first: what ties the file.
        """
        found: dict[Size, Graph] = {}
        deepest = first if first.kind in ARCHITECTURE else None
        for size in sorted(sizes, reverse=True):
            shapes = self.scaling.at(size)
            free = None if shapes is None else self.again.freely(shapes)
            if isinstance(free, tuple):
                found[size] = free[0]
                deepest = deepest or next((pin for pin in free[1] if pin.kind in ARCHITECTURE), None)
                if any(pin.kind in {"window", "slice"} for pin in free[1]):
                    break  # windows do not divide every size, and what is done about that is not written down
            elif isinstance(free, Pin) and free.kind == "token-linear" and not found:
                return {}, deepest or free  # a weight over the positions: no growing network has one
        return found, deepest

    def takes(self, size: Size) -> bool:
        """Tell whether the file takes a size."""
        return isinstance(self(size), Graph)


def written(size: Size) -> str:
    """Write a size as ``224x224``."""
    return "x".join(map(str, size))


def trials(loaded: Loaded, scaling: Scaling) -> Trials:
    """Return the file at its own size, ready to be tried at others."""
    graph = loaded.graph
    if not any(isinstance(dim, str) for dims in scaling.symbols.values() for dim in dims):
        return Trials(loaded, scaling, scaling.base, graph, None, resizer(loaded, graph), {scaling.base: graph})
    open_sides = Trials(loaded, scaling, scaling.base, None, None, resizer(loaded, graph))
    guesses = [scaling.base]
    if scaling.assumed:
        guesses += [(length,) * len(scaling.base) for length in GUESSES[scaling.unit]]
    for size in guesses:
        found = open_sides(size)
        if isinstance(found, Graph):
            return Trials(loaded, scaling, size, found, None, resizer(loaded, found), {size: found})
        open_sides.refusal = open_sides.refusal or found
    return open_sides


@dataclass(frozen=True, slots=True)
class Reach:
    """Which sizes a file takes.

    ``step``: every side that was tried and is a multiple of it is taken; None where only the file's own size is known
    to be, or nothing regular was found.  ``any_shape``: height and width may differ, None where that was not tried.
    ``takes``, ``refuses``: what was tried, by size.  ``pin``: what ties the file to its size, None where it takes
    others.
    """

    step: int | None
    any_shape: bool | None
    takes: tuple[Size, ...]
    refuses: tuple[Size, ...]
    pin: Pin | None


def explore(tried: Trials) -> Reach:
    """Try sizes: twice the file's own and others far from it; then the steps between, where one of them is taken.

    Sizes near the file's own prove nothing: a patch embedding leaves the last pixels out.
    """
    base = tried.base
    if tried.graph is None:
        return listed(Reach(None, None, (), (), tried.refusal), tried)
    twice = _scaled(base, 2)
    others = [twice, *(_plus(base, step) for step in STEPS), _scaled(base, 1.5), _scaled(base, 0.5)]
    if not any(tried.takes(size) for size in others):
        pin = tried(twice)
        return listed(Reach(None, None, (), (), pin if isinstance(pin, Pin) else None), tried)
    step = _step(tried)
    any_shape = tried.takes((base[0], 2 * base[1])) if len(base) == 2 and tried.takes(twice) else None
    return listed(Reach(step, any_shape, (), (), None), tried)


def _step(tried: Trials) -> int | None:
    """Return the least step from the file's own size, of powers of two and all of it, that is taken."""
    base = tried.base
    if tried.takes(_plus(base, 1)):  # sizes far from it are taken too, so this one says something
        return 1
    for step in STEPS:
        if not tried.takes(_plus(base, step)):
            continue
        if step != STEPS[0]:
            return step
        low, high = 1, step  # low is refused, high is taken
        while high > 2 * low:
            middle = high // 4 if high // low >= 16 else high // 2
            if tried.takes(_plus(base, middle)):
                high = middle
            else:
                low = middle
        return high
    least = min(base)
    same = all(side == least for side in base)
    return least if same and tried.takes(_plus(base, least)) else None


def _plus(base: Size, step: int) -> Size:
    return tuple(side + step for side in base)


def _scaled(base: Size, part: float) -> Size:
    return tuple(max(1, int(side * part)) for side in base)


def listed(reach: Reach, tried: Trials) -> Reach:
    """Return the reach with everything that was tried up to now."""
    takes = tuple(sorted(size for size, found in tried.found.items() if isinstance(found, Graph)))
    refuses = tuple(sorted(size for size, found in tried.found.items() if isinstance(found, Pin)))
    return replace(reach, takes=takes, refuses=refuses)
