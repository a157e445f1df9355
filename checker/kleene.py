"""Three-valued answers and the partly known values that they are given about.

A fact that the model states is an ordinary number, string, truth value or tuple.  What it states only partly is a
``Range`` (an unknown dimension is some number from 0 up), a tuple with holes, or ``UNKNOWN``.  Every operation here is
monotone: knowing less never turns a yes into a no or a no into a yes, only into *unsure*.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final, NamedTuple

TOLERANCE: Final = 1e-6
"""Relative tolerance of floats: a scale read from a file has been through float32."""


class Answer(Enum):
    """What the model says to a constraint."""

    NO = 0
    UNSURE = 1
    YES = 2


NO, UNSURE, YES = Answer.NO, Answer.UNSURE, Answer.YES


class Truth(NamedTuple):
    """The answers to a statement and to its negation; they differ from mirror images only where it does not apply."""

    holds: Answer
    fails: Answer


TRUE: Final = Truth(YES, NO)
FALSE: Final = Truth(NO, YES)
OPEN: Final = Truth(UNSURE, UNSURE)
VOID: Final = Truth(YES, YES)
"""About an absent optional argument: neither the statement nor its negation stands in the way."""
NEVER: Final = Truth(NO, NO)
"""About an axis or element that does not exist: neither the statement nor its negation is met."""


class Hole(Enum):
    """Values that are not values."""

    UNKNOWN = "unknown"
    ABSENT = "absent"
    MISSING = "missing"


UNKNOWN, ABSENT, MISSING = Hole.UNKNOWN, Hole.ABSENT, Hole.MISSING


@dataclass(frozen=True, slots=True)
class Range:
    """A finite number between two bounds, both included; ``symbol`` names it where the file does."""

    low: float
    high: float
    symbol: str = ""


ANY_LENGTH: Final = Range(0, math.inf)


@dataclass(frozen=True, slots=True)
class Members:
    """A set: ``==`` ignores order and repetition, ``<=`` is the subset relation."""

    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """One value for each of several arguments; a statement must hold for all of them, or for some."""

    items: tuple[Any, ...]
    all: bool = True


def weakest(answers: Iterable[Answer]) -> Answer:
    """Kleene *and*: no if any is no, else unsure if any is; yes for none at all."""
    result = YES
    for answer in answers:
        if answer is NO:
            return NO
        if answer is UNSURE:
            result = UNSURE
    return result


def strongest(answers: Iterable[Answer]) -> Answer:
    """Kleene *or*: yes if any is yes, else unsure if any is; no for none at all."""
    result = NO
    for answer in answers:
        if answer is YES:
            return YES
        if answer is UNSURE:
            result = UNSURE
    return result


def conjunction(truths: Iterable[Truth]) -> Truth:
    """All of the statements hold."""
    found = tuple(truths)
    return Truth(weakest(t.holds for t in found), strongest(t.fails for t in found))


def disjunction(truths: Iterable[Truth]) -> Truth:
    """At least one of the statements holds."""
    found = tuple(truths)
    return Truth(strongest(t.holds for t in found), weakest(t.fails for t in found))


def negation(truth: Truth) -> Truth:
    """The statement does not hold."""
    return Truth(truth.fails, truth.holds)


def as_truth(value: Any) -> Truth:
    """Read a value as a statement: a number other than 0, a text that is not empty."""
    if isinstance(value, Truth):
        return value
    if value is UNKNOWN or isinstance(value, Members):
        return OPEN
    if value is ABSENT:
        return VOID
    if value is MISSING:
        return NEVER
    if isinstance(value, Range):
        return TRUE if value.low > 0 or value.high < 0 else OPEN
    if isinstance(value, Each):
        parts = [as_truth(item) for item in value.items]
        return conjunction(parts) if value.all else disjunction(parts)
    if isinstance(value, tuple):
        return conjunction(as_truth(item) for item in value) if value else FALSE
    return TRUE if value else FALSE


def as_value(item: Any) -> Any:
    """Read a statement as a value, so that ``const(X) == const(Y)`` means something."""
    if not isinstance(item, Truth):
        return item
    return {TRUE: True, FALSE: False, VOID: ABSENT, NEVER: MISSING}.get(item, UNKNOWN)


def is_number(value: Any) -> bool:
    """Tell whether the value is a number, known or between bounds."""
    return isinstance(value, (int, float, Range))


def bounds(value: Any) -> tuple[float, float]:
    """Return the least and greatest that a number can be."""
    return (value.low, value.high) if isinstance(value, Range) else (value, value)


def span(low: float, high: float) -> Any:
    """Return the number between the bounds: itself where they meet, unknown where they are no numbers."""
    if math.isnan(low) or math.isnan(high):
        return UNKNOWN
    return low if low == high else Range(low, high)


def close(left: float, right: float) -> bool:
    """Equality of numbers: exact for integers, within the tolerance for floats."""
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    return left == right or math.isclose(left, right, rel_tol=TOLERANCE)


def _not_above(left: float, right: float) -> bool:
    return left < right or close(left, right)


def at_most(left: Any, right: Any) -> Truth:
    """``left <= right`` for numbers."""
    (left_low, left_high), (right_low, right_high) = bounds(left), bounds(right)
    if math.isnan(left_low) or math.isnan(right_low):
        return FALSE
    if isinstance(left, Range) and left.symbol and left == right:
        return TRUE
    if _not_above(left_high, right_low):
        return TRUE
    return OPEN if _not_above(left_low, right_high) else FALSE


def _equal_numbers(left: Any, right: Any) -> Truth:
    if isinstance(left, Range) and left.symbol and left == right:
        return TRUE
    (left_low, left_high), (right_low, right_high) = bounds(left), bounds(right)
    if not isinstance(left, Range) and not isinstance(right, Range):
        return TRUE if close(left_low, right_low) else FALSE
    apart = not _not_above(left_low, right_high) or not _not_above(right_low, left_high)
    return FALSE if apart else OPEN


def equal(left: Any, right: Any) -> Truth:
    """``left == right``; a list beside a number means every element, sets ignore order."""
    left, right = as_value(left), as_value(right)
    special = hole_in(left, right)
    if special is not None:
        return as_truth(special)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Each):
            return _each(one, partial(equal, other))
    if isinstance(left, Members) or isinstance(right, Members):
        if isinstance(left, Members) and isinstance(right, (Members, tuple)):
            return conjunction([subset(left, right), subset(right, left)])
        if isinstance(right, Members) and isinstance(left, tuple):
            return conjunction([subset(left, right), subset(right, left)])
        return FALSE
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return FALSE
        return conjunction(equal(a, b) for a, b in zip(left, right, strict=True))
    for one, other in ((left, right), (right, left)):
        if isinstance(one, tuple) and is_number(other):
            return conjunction(equal(item, other) for item in one) if one else FALSE
    if is_number(left) and is_number(right):
        return _equal_numbers(left, right)
    return TRUE if type(left) is type(right) and left == right else FALSE


def ordered(left: Any, right: Any) -> Truth:
    """``left <= right``; lists element by element, sets as subsets."""
    left, right = as_value(left), as_value(right)
    special = hole_in(left, right)
    if special is not None:
        return as_truth(special)
    if isinstance(left, Each):
        return _each(left, lambda item: ordered(item, right))
    if isinstance(right, Each):
        return _each(right, lambda item: ordered(left, item))
    if isinstance(left, Members) or isinstance(right, Members):
        return subset(left, right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return NEVER
        return conjunction(ordered(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, tuple):
        return conjunction(ordered(item, right) for item in left) if left else NEVER
    if isinstance(right, tuple):
        return conjunction(ordered(left, item) for item in right) if right else NEVER
    return at_most(left, right) if is_number(left) and is_number(right) else OPEN


def below(left: Any, right: Any) -> Truth:
    """``left < right``; lists element by element."""
    left, right = as_value(left), as_value(right)
    special = hole_in(left, right)
    if special is not None:
        return as_truth(special)
    if isinstance(left, Each):
        return _each(left, lambda item: below(item, right))
    if isinstance(right, Each):
        return _each(right, lambda item: below(left, item))
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return NEVER
        return conjunction(below(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, tuple):
        return conjunction(below(item, right) for item in left) if left else NEVER
    if isinstance(right, tuple):
        return conjunction(below(left, item) for item in right) if right else NEVER
    if not is_number(left) or not is_number(right):
        return OPEN
    return FALSE if any(math.isnan(bounds(side)[0]) for side in (left, right)) else negation(at_most(right, left))


def contains(item: Any, container: Any) -> Truth:
    """``item in container``."""
    item, container = as_value(item), as_value(container)
    special = hole_in(item, container)
    if special is not None:
        return as_truth(special)
    if isinstance(item, Each):
        return _each(item, lambda one: contains(one, container))
    if isinstance(container, Each):
        return _each(container, lambda one: contains(item, one))
    members = elements(container)
    return OPEN if members is None else disjunction(equal(item, member) for member in members)


def subset(left: Any, right: Any) -> Truth:
    """Every member of the one is in the other."""
    members = elements(left)
    if members is None or elements(right) is None:
        return OPEN
    return conjunction(contains(item, right) for item in members)


def elements(value: Any) -> tuple[Any, ...] | None:
    """Return what a list or set holds, None for anything else."""
    if isinstance(value, Members):
        return value.items
    return value if isinstance(value, tuple) else None


def hole_in(left: Any, right: Any) -> Hole | None:
    """Return what a computation with a hole comes to, None where both sides are values."""
    holes: tuple[Hole, ...] = (ABSENT, UNKNOWN, MISSING)
    return next((hole for hole in holes if left is hole or right is hole), None)


def _each(several: Each, statement: Callable[[Any], Truth]) -> Truth:
    truths = [statement(item) for item in several.items]
    return conjunction(truths) if several.all else disjunction(truths)
