"""What a node's output would be if the sizes that were written down in the file had grown with its input.

This is how a network that is tied to one size is measured at others: as it would be if it were exported at them.  The
guesses are those of every picture network: windows keep their size and become more, the sides of a picture grow alike.
Where nothing of the kind fits there is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import isqrt, prod
from operator import mul

Sizes = tuple[int, ...]


def is_guess(old_in: Sizes, new_in: Sizes, old_out: Sizes) -> bool:
    """Tell whether ``reshaped`` has to choose which axis grows: its answer may be wrong, and the next node with it."""
    if 0 in {*old_in, *old_out} or len(old_in) != len(new_in) or {len(old_in), len(old_out)} == {4, 6}:
        return False
    return any(
        prod(new) != prod(old)
        and sum(dim != 1 for dim in out) > 1
        and [d for d in old if d != 1] != [d for d in out if d != 1]
        for old, new, out in _groups(old_in, new_in, old_out)
    )


def reshaped(old_in: Sizes, new_in: Sizes, old_out: Sizes) -> Sizes | None:
    """Return the output of a Reshape that follows its input; None where that is not clear."""
    if 0 in {*old_in, *old_out} or len(old_in) != len(new_in):
        return None
    if len(old_in) == 4 and len(old_out) == 6:
        return _windows(old_in, new_in, old_out)
    if len(old_in) == 6 and old_out == _joined(old_in):
        return _joined(new_in)
    found: list[int] = []
    for old, new, out in _groups(old_in, new_in, old_out):
        part = _scaled(old, new, out)
        if part is None:
            return None
        found += part
    return tuple(found) if prod(found) == prod(new_in) else None


def _windows(old_in: Sizes, new_in: Sizes, old_out: Sizes) -> Sizes | None:
    """Return what becomes of a picture that is cut into windows, or of windows that are put together again."""
    batch, rows, height, columns, width, channels = old_out
    if old_in == (batch, rows * height, columns * width, channels):
        new = (new_in[0], new_in[1] // height, height, new_in[2] // width, width, new_in[3])
        return new if prod(new) == prod(new_in) else None
    rows, columns, height, width = old_out[1:5]
    if old_in == (batch * rows * columns, height, width, channels) and new_in[1:] == old_in[1:]:
        ratio = Fraction(new_in[0], old_in[0])
        side = _root(ratio)
        if side is None or (rows * side).denominator != 1 or (columns * side).denominator != 1:
            return None
        return batch, int(rows * side), int(columns * side), height, width, channels
    return None


def _joined(windows: Sizes) -> Sizes:
    """Return the picture that windows, (batch, rows, height, columns, width, channels), make."""
    batch, rows, height, columns, width, channels = windows
    return batch, rows * height, columns * width, channels


def _groups(old_in: Sizes, new_in: Sizes, old_out: Sizes) -> list[tuple[Sizes, Sizes, Sizes]]:
    """Cut both sides where the products of the leading axes meet, as far to the right as they do."""
    ins, outs = list(accumulate(old_in, mul)), list(accumulate(old_out, mul))
    cuts = sorted(set(ins) & set(outs))
    found, start_in, start_out = [], 0, 0
    for cut in cuts:
        end_in, end_out = len(ins) - ins[::-1].index(cut), len(outs) - outs[::-1].index(cut)
        found.append((old_in[start_in:end_in], new_in[start_in:end_in], old_out[start_out:end_out]))
        start_in, start_out = end_in, end_out
    if found:
        old, new, out = found[-1]
        found[-1] = old + old_in[start_in:], new + new_in[start_in:], out + old_out[start_out:]
    return found


def _scaled(old: Sizes, new: Sizes, out: Sizes) -> list[int] | None:
    """Return the axes of one group of the output."""
    ratio = Fraction(prod(new), prod(old))
    if ratio == 1:
        return list(out)
    if tuple(d for d in old if d != 1) == tuple(d for d in out if d != 1) and len(old) == len(out):
        return list(new)
    places = [place for place, dim in enumerate(out) if dim != 1] or list(range(len(out)))
    side = _root(ratio)
    alike = [place for place in places if [out[each] for each in places].count(out[place]) == 2]
    if len(places) > 1 and side is not None and len(alike) >= 2:
        return _times(out, {alike[-2]: side, alike[-1]: side})
    if len(places) > 2 and side is not None and set(out) == {1}:
        return _times(out, {places[-2]: side, places[-1]: side})
    return _times(out, {places[0]: ratio})


def _times(out: Sizes, factors: dict[int, Fraction]) -> list[int] | None:
    grown = [dim * factors.get(place, Fraction(1)) for place, dim in enumerate(out)]
    return [int(dim) for dim in grown] if all(Fraction(dim).denominator == 1 for dim in grown) else None


def _root(ratio: Fraction) -> Fraction | None:
    top, bottom = isqrt(ratio.numerator), isqrt(ratio.denominator)
    return Fraction(top, bottom) if Fraction(top * top, bottom * bottom) == ratio else None


def sliced(old_in: Sizes, new_in: Sizes, old_out: Sizes) -> Sizes | None:
    """Return the output of a Slice: one that took most of an axis leaves out as much as it did, else takes as much."""
    if not len(old_in) == len(new_in) == len(old_out):
        return None
    found = tuple(
        new - (old - out) if 2 * out > old else out for old, new, out in zip(old_in, new_in, old_out, strict=True)
    )
    return found if min(found, default=1) > 0 else None


def product(old: Sequence[Sizes], new: Sequence[Sizes], old_out: Sizes) -> Sizes | None:
    """Return the output of a matrix product: rows from the left, columns from the right."""
    if len(old) != 2 or len(old_out) < 2 or min(len(shape) for shape in (*old, *new)) < 2:
        return None
    leading = along([old[0]], [new[0]], old_out) if len(old[0]) == len(old_out) else old_out
    return None if leading is None else (*leading[:-2], new[0][-2], new[1][-1])


def along(old: Sequence[Sizes], new: Sequence[Sizes], old_out: Sizes) -> Sizes | None:
    """Return an output each axis of which grows like that axis of the inputs; the one that grows most counts."""
    found = []
    for place, dim in enumerate(old_out):
        back = len(old_out) - place
        ratios = [
            Fraction(after[-back], before[-back])
            for before, after in zip(old, new, strict=True)
            if len(before) == len(after) >= back and before[-back] > 0
        ]
        grown = [ratio for ratio in ratios if ratio != 1]
        length = dim * (grown[0] if grown else Fraction(1))
        if length.denominator != 1:
            return None
        found.append(int(length))
    return tuple(found)
