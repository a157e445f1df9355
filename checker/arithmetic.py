"""Arithmetic of the constraint language over numbers that are known, or known to lie between bounds.

Lists are worked element by element, a list and a number likewise: ``max((kernel_shape - 1) * dilations + 1) <= 64``.
What is no number, a division by what may be zero, or an infinite factor is ``UNKNOWN``: the table then learns nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from checker.kleene import ABSENT, MISSING, UNKNOWN, Each, Range, as_value, bounds, hole_in, is_number, span

Operation = Callable[[Any, Any], Any]


def elementwise(operation: Operation) -> Operation:
    """Carry an operation on two numbers over to lists and to several arguments."""

    def apply(left: Any, right: Any) -> Any:
        left, right = as_value(left), as_value(right)
        hole = hole_in(left, right)
        if hole is not None:
            return hole
        if isinstance(left, Each):
            return Each(tuple(apply(item, right) for item in left.items), left.all)
        if isinstance(right, Each):
            return Each(tuple(apply(left, item) for item in right.items), right.all)
        if isinstance(left, tuple) and isinstance(right, tuple):
            if len(left) != len(right):
                return MISSING
            return tuple(apply(a, b) for a, b in zip(left, right, strict=True))
        if isinstance(left, tuple):
            return tuple(apply(item, right) for item in left)
        if isinstance(right, tuple):
            return tuple(apply(left, item) for item in right)
        if not is_number(left) or not is_number(right):
            return UNKNOWN
        return operation(left, right)

    return apply


def _known(left: Any, right: Any) -> bool:
    return not isinstance(left, Range) and not isinstance(right, Range)


def _infinite(*sides: Any) -> bool:
    return any(not isinstance(side, Range) and not math.isfinite(side) for side in sides)


def _plus(left: Any, right: Any) -> Any:
    if left == 0 or right == 0:  # keeps the name of a symbolic dimension
        return right if left == 0 else left
    (a, b), (c, d) = bounds(left), bounds(right)
    return span(a + c, b + d)


def _minus(left: Any, right: Any) -> Any:
    if isinstance(left, Range) and left.symbol and left == right:
        return 0
    c, d = bounds(right)
    return _plus(left, right if right == 0 else span(-d, -c))


def _times(left: Any, right: Any) -> Any:
    if _infinite(left, right):
        return UNKNOWN
    if left == 1 or right == 1:
        return right if left == 1 else left
    corners = [0 if 0 in (a, b) else a * b for a in bounds(left) for b in bounds(right)]
    return span(min(corners), max(corners))


def _over(left: Any, right: Any) -> Any:
    low, high = bounds(right)
    if _infinite(left, right) or low <= 0 <= high:
        return UNKNOWN
    if _known(left, right):
        return left / right
    corners = [a / b for a in bounds(left) for b in (low, high) if math.isfinite(a) or math.isfinite(b)]
    return span(min(corners), max(corners))


def _floor_over(left: Any, right: Any) -> Any:
    low, high = bounds(right)
    if _infinite(left, right) or low <= 0 <= high:
        return UNKNOWN
    if _known(left, right):
        return left // right
    ratio = _over(left, right)
    floors = [math.floor(side) if math.isfinite(side) else side for side in bounds(ratio)]
    return span(*floors)


def _modulo(left: Any, right: Any) -> Any:
    if isinstance(right, Range) or _infinite(left, right) or right == 0:
        return UNKNOWN
    if not isinstance(left, Range):
        return left % right
    return Range(0, right) if right > 0 else Range(right, 0)


add = elementwise(_plus)
subtract = elementwise(_minus)
multiply = elementwise(_times)
divide = elementwise(_over)
floor_divide = elementwise(_floor_over)
modulo = elementwise(_modulo)


def negate(value: Any) -> Any:
    """Minus a number, or each number of a list."""
    return subtract(0, value)


def absolute(value: Any) -> Any:
    """Size of a number, or of each number of a list."""

    def distance(number: Any, _: Any) -> Any:
        low, high = bounds(number)
        if low <= 0 <= high:
            return span(0, max(-low, high))
        return span(min(abs(low), abs(high)), max(abs(low), abs(high)))

    return elementwise(distance)(value, 0)


def logarithm(value: Any) -> Any:
    """Logarithm to base 2 of a number above 0, or of each of a list."""

    def log(number: Any, _: Any) -> Any:
        low, high = bounds(number)
        if not low > 0:
            return UNKNOWN
        return span(math.log2(low), math.log2(high))

    return elementwise(log)(value, 0)


def greatest(values: Sequence[Any]) -> Any:
    """Greatest of some numbers; one that is known is a lower bound even where the others are not."""
    return _extreme(values, max)


def least(values: Sequence[Any]) -> Any:
    """Least of some numbers."""
    return _extreme(values, min)


def total(values: Sequence[Any]) -> Any:
    """Sum of some numbers; 0 for none."""
    return _reduce(values, _plus, 0)


def product(values: Sequence[Any]) -> Any:
    """Product of some numbers; 1 for none."""
    return _reduce(values, _times, 1)


def _hole(values: Sequence[Any]) -> Any:
    for hole in (ABSENT, UNKNOWN, MISSING):
        if any(value is hole for value in values):
            return hole
    return None if all(is_number(value) for value in values) else UNKNOWN


def _extreme(values: Sequence[Any], pick: Callable[..., Any]) -> Any:
    hole = _hole(values)
    if hole is not None:
        return hole
    if len(values) == 1:
        return values[0]
    if not values:
        return MISSING
    return span(pick(bounds(v)[0] for v in values), pick(bounds(v)[1] for v in values))


def _reduce(values: Sequence[Any], operation: Operation, start: int) -> Any:
    hole = _hole(values)
    if hole is not None:
        return hole
    result: Any = start
    for value in values:
        result = operation(result, value)
        if result is UNKNOWN:
            return UNKNOWN
    return result


def relettered(equation: Any) -> Any:
    """Rewrite an equation with a, b, c in the order in which its letters come: ``nhwc,hkc->nhwk`` says abcd,bed->abce.

    What is no text stays what it is.
    """
    if not isinstance(equation, str):
        return equation
    letters: dict[str, str] = {}
    plain = equation.replace(" ", "")
    return "".join(letters.setdefault(c, chr(ord("a") + len(letters))) if c.isalpha() else c for c in plain)
