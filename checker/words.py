"""The functions of the constraint language, each with what it says about a node.

A function is called with facts and its arguments.  ``Subject`` functions take an argument of the node by its name
(``rank(X)``) and look at the tensor; the others take values (``max(strides)``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from checker import arithmetic
from checker.facts import Facts, Stated, from_array
from checker.graph import Value
from checker.kleene import (
    ABSENT,
    ANY_LENGTH,
    FALSE,
    MISSING,
    OPEN,
    TRUE,
    UNKNOWN,
    Each,
    Hole,
    Members,
    Range,
    as_truth,
    as_value,
    conjunction,
    contains,
    elements,
    equal,
)

Word = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A function: how many arguments it takes, and whether the first is an argument of the node."""

    call: Word
    least: int
    most: int
    subject: bool = False


def _dims(value: Value) -> Any:
    if value.shape is None:
        return UNKNOWN
    return tuple(dim if isinstance(dim, int) else Range(0, float("inf"), dim or "") for dim in value.shape)


def _index(items: Any, index: Any) -> Any:
    index = as_value(index)
    if index is ABSENT:
        return ABSENT
    if items is UNKNOWN or not isinstance(index, int):
        return UNKNOWN
    return items[index] if -len(items) <= index < len(items) else MISSING


def _shape(_: Facts, subject: Value | Stated) -> Any:
    if isinstance(subject, Stated):
        return (len(subject.value),) if isinstance(subject.value, tuple) else ()
    return _dims(subject)


def _rank(facts: Facts, subject: Value | Stated) -> Any:
    shape = _shape(facts, subject)
    return UNKNOWN if shape is UNKNOWN else len(shape)


def _dim(facts: Facts, subject: Value | Stated, index: Any) -> Any:
    return _index(_shape(facts, subject), index)


def _size(facts: Facts, subject: Value | Stated) -> Any:
    shape = _shape(facts, subject)
    return ANY_LENGTH if shape is UNKNOWN else arithmetic.product(shape)


def _dtype(_: Facts, subject: Value | Stated) -> Any:
    if isinstance(subject, Stated):
        first = subject.value[0] if isinstance(subject.value, tuple) and subject.value else subject.value
        return {int: "int64", float: "float32", str: "string"}.get(type(first), UNKNOWN)
    return subject.dtype or UNKNOWN


def _storage(facts: Facts, subject: Value | Stated) -> Any:
    quant = None if isinstance(subject, Stated) else facts.quant(subject)
    return quant.dtype if quant else _dtype(facts, subject)


def _stored(facts: Facts, subject: Value | Stated) -> Any:
    quant = None if isinstance(subject, Stated) else facts.quant(subject)
    return ABSENT if quant is None else quant.dtype or UNKNOWN


def _const(_: Facts, subject: Value | Stated) -> Any:
    return TRUE if isinstance(subject, Stated) or subject.constant else FALSE


def _value(facts: Facts, subject: Value | Stated) -> Any:
    return facts.contents(subject)


def _scale(facts: Facts, subject: Value | Stated) -> Any:
    quant = None if isinstance(subject, Stated) else facts.quant(subject)
    if quant is None:
        return ABSENT
    return UNKNOWN if quant.scale is None else from_array(quant.scale)


def _zero_point(facts: Facts, subject: Value | Stated) -> Any:
    quant = None if isinstance(subject, Stated) else facts.quant(subject)
    if quant is None:
        return ABSENT
    if quant.assumed and facts.recipe and not isinstance(subject, Stated):
        symmetric = facts.recipe.weights_symmetric if subject.constant else facts.recipe.symmetric
        return 0 if symmetric else UNKNOWN
    return UNKNOWN if quant.zero_point is None else from_array(quant.zero_point)


def _per_channel(facts: Facts, subject: Value | Stated) -> Any:
    quant = None if isinstance(subject, Stated) else facts.quant(subject)
    if quant is None:
        return ABSENT
    return FALSE if quant.axis is None else TRUE


def _requantized(facts: Facts, subject: Value | Stated) -> Any:
    """Tell of a constant whether nodes dequantize it and quantize it once more; its integers are not in the file."""
    quant = None if isinstance(subject, Stated) else facts.quant(subject)
    return TRUE if quant is not None and quant.again else FALSE


def _static(_: Facts, subject: Value | Stated) -> Any:
    if isinstance(subject, Stated):
        return TRUE
    if subject.shape is None:
        return OPEN
    if any(isinstance(dim, str) for dim in subject.shape):
        return FALSE
    return OPEN if None in subject.shape else TRUE


def _fixed(_: Facts, subject: Value | Stated) -> Any:
    """Tell whether every size is a known number: no, and not *does not say*, where shape inference cannot tell."""
    known = isinstance(subject, Stated) or (
        subject.shape is not None and all(isinstance(dim, int) for dim in subject.shape)
    )
    return TRUE if known else FALSE


def _graph_input(facts: Facts, subject: Value | Stated) -> Any:
    return TRUE if isinstance(subject, Value) and facts.graph.is_input(subject) else FALSE


def _graph_output(facts: Facts, subject: Value | Stated) -> Any:
    return TRUE if isinstance(subject, Value) and facts.graph.is_output(subject) else FALSE


def _fed_by(facts: Facts, subject: Value | Stated, operators: Any = None) -> Any:
    if isinstance(subject, Stated):
        return FALSE
    producer = facts.graph.producer_of(subject)
    if producer is None:
        outside = not subject.constant and not facts.graph.is_input(subject)
        return OPEN if outside else FALSE
    return TRUE if operators is None else _named(facts.names_of(producer), operators)


def _used_by(facts: Facts, subject: Value | Stated, operators: Any = None) -> Any:
    if isinstance(subject, Stated):
        return FALSE
    users = facts.graph.users_of(subject)
    if operators is None:
        return TRUE if users else FALSE
    return _named(frozenset().union(*(facts.names_of(user) for user in users)), operators)


def _named(names: frozenset[str], operators: Any) -> Any:
    wanted = elements(operators)
    asked = (operators,) if wanted is None else wanted
    return TRUE if any(isinstance(name, str) and name in names for name in asked) else FALSE


def _uses(facts: Facts, *operators: Any) -> Any:
    return TRUE if any(name in facts.operators() for name in operators) else FALSE


def _takes_computed(facts: Facts, *operators: Any) -> Any:
    return TRUE if facts.takes_computed(*(each for each in operators if isinstance(each, str))) else FALSE


def _folds(facts: Facts, *operators: Any) -> Any:
    folded = {each.op for each in (facts.file or facts.graph).folded}
    return TRUE if any(isinstance(each, str) and each in folded for each in operators) else FALSE


def _folds_stored(facts: Facts, *operators: Any) -> Any:
    return TRUE if facts.folds_stored(*(each for each in operators if isinstance(each, str))) else FALSE


def _gives(facts: Facts, operator: Any, attribute: Any) -> Any:
    if not isinstance(operator, str) or not isinstance(attribute, str):
        return OPEN
    return TRUE if facts.gives(operator, attribute) else FALSE


def _within(facts: Facts, *kinds: Any) -> Any:
    return TRUE if any(kind in facts.around for kind in kinds) else FALSE


def _given(_: Facts, subject: Any) -> Any:
    if isinstance(subject, Stated):
        return TRUE if subject.written else FALSE
    if subject is UNKNOWN:
        return OPEN
    return FALSE if isinstance(subject, Hole) or subject == () else TRUE


def _same(facts: Facts, subject: Any, other: Any, *more: Any) -> Any:
    if callable(other):
        found = _over(facts, subject, other, more)
        if not isinstance(found, tuple):
            return found
        return conjunction(equal(found[0], item) for item in found[1:]) if found else TRUE
    for hole in (ABSENT, UNKNOWN, MISSING):
        if subject is hole or other is hole:
            return as_truth(hole)
    if isinstance(subject, Value) and isinstance(other, Value):
        return TRUE if subject.name == other.name else FALSE
    return FALSE


def _over(facts: Facts, subject: Any, function: Any, more: tuple[Any, ...]) -> Any:
    """Call a function on each of several arguments, or read the elements of a list."""
    if isinstance(subject, Hole):
        return subject
    if isinstance(subject, Stated):
        subject = subject.value
    if function is None:
        if isinstance(subject, Value):
            subject = facts.contents(subject)
        items = elements(subject)
        return UNKNOWN if items is None else tuple(facts.contents(i) if isinstance(i, Value) else i for i in items)
    items = elements(subject)
    results = []
    for item in (subject,) if items is None else items:
        named = isinstance(item, (Value, Stated))
        results.append(function(facts, item, *more) if named != (function in _PLAIN) else UNKNOWN)
    return tuple(results)


def _every(facts: Facts, subject: Any, function: Any = None, *more: Any) -> Any:
    found = _over(facts, subject, function, more)
    return Each(found, all=True) if isinstance(found, tuple) else found


def _some(facts: Facts, subject: Any, function: Any = None, *more: Any) -> Any:
    found = _over(facts, subject, function, more)
    return Each(found, all=False) if isinstance(found, tuple) else found


def _count(facts: Facts, subject: Any, function: Any = None, *more: Any) -> Any:
    found = _over(facts, subject, function, more)
    if not isinstance(found, tuple):
        return found
    truths = [as_truth(item) for item in found]
    certain, possible = truths.count(TRUE), truths.count(OPEN)
    return Range(certain, certain + possible) if possible else certain


def _len(_: Facts, value: Any) -> Any:
    if isinstance(value, Hole):
        return value
    items = elements(value)
    if items is None:
        return len(value) if isinstance(value, str) else UNKNOWN
    if isinstance(value, Members):
        firsts = [all(equal(item, other) == FALSE for other in items[:i]) for i, item in enumerate(items)]
        known = all(equal(a, b) in (TRUE, FALSE) for i, a in enumerate(items) for b in items[:i])
        return sum(firsts) if known else UNKNOWN
    return len(items)


def _set(_: Facts, value: Any) -> Any:
    if isinstance(value, (Hole, Members)):
        return value
    return Members(value) if isinstance(value, tuple) else UNKNOWN


def _listed(call: Callable[[Any], Any]) -> Word:
    def word(_: Facts, *values: Any) -> Any:
        plain = tuple(as_value(value) for value in values)
        if len(plain) == 1:
            if isinstance(plain[0], Hole):
                return plain[0]
            if isinstance(plain[0], Each):
                return Each(tuple(word(_, item) for item in plain[0].items), plain[0].all)
            items = elements(plain[0])
            return call(plain if items is None else items)
        return call(plain)

    return word


FUNCTIONS: Final[dict[str, Function]] = {
    "rank": Function(_rank, 1, 1, subject=True),
    "shape": Function(_shape, 1, 1, subject=True),
    "dim": Function(_dim, 2, 2, subject=True),
    "size": Function(_size, 1, 1, subject=True),
    "dtype": Function(_dtype, 1, 1, subject=True),
    "storage": Function(_storage, 1, 1, subject=True),
    "stored": Function(_stored, 1, 1, subject=True),
    "const": Function(_const, 1, 1, subject=True),
    "given": Function(_given, 1, 1, subject=True),
    "value": Function(_value, 1, 1, subject=True),
    "scale": Function(_scale, 1, 1, subject=True),
    "zero_point": Function(_zero_point, 1, 1, subject=True),
    "per_channel": Function(_per_channel, 1, 1, subject=True),
    "fixed": Function(_fixed, 1, 1, subject=True),
    "requantized": Function(_requantized, 1, 1, subject=True),
    "static": Function(_static, 1, 1, subject=True),
    "same": Function(_same, 2, 9, subject=True),
    "every": Function(_every, 1, 9, subject=True),
    "some": Function(_some, 1, 9, subject=True),
    "count": Function(_count, 1, 9, subject=True),
    "graph_input": Function(_graph_input, 1, 1, subject=True),
    "graph_output": Function(_graph_output, 1, 1, subject=True),
    "fed_by": Function(_fed_by, 1, 2, subject=True),
    "used_by": Function(_used_by, 1, 2, subject=True),
    "uses": Function(_uses, 1, 99),
    "gives": Function(_gives, 2, 2),
    "folds": Function(_folds, 1, 99),
    "folds_stored": Function(_folds_stored, 1, 99),
    "takes_computed": Function(_takes_computed, 1, 99),
    "within": Function(_within, 1, 9),
    "len": Function(_len, 1, 1),
    "set": Function(_set, 1, 1),
    "min": Function(_listed(arithmetic.least), 1, 9),
    "max": Function(_listed(arithmetic.greatest), 1, 9),
    "prod": Function(_listed(arithmetic.product), 1, 9),
    "sum": Function(_listed(arithmetic.total), 1, 9),
    "abs": Function(lambda _, value: arithmetic.absolute(value), 1, 1),
    "log2": Function(lambda _, value: arithmetic.logarithm(value), 1, 1),
    "relettered": Function(lambda _, value: arithmetic.relettered(value), 1, 1),
}
"""Every function by its name; ``storage`` is the type a quantized tensor is stored as, otherwise its dtype; ``stored``
is absent (as ``scale`` is) where the tensor is not quantized."""

_PLAIN: Final = frozenset(function.call for function in FUNCTIONS.values() if not function.subject)

COLLECTORS: Final = frozenset({"every", "some", "count", "same"})
"""Functions that take another function as their second argument."""


def call_on_subject(function: Function, facts: Facts, subject: Any, more: tuple[Any, ...]) -> Any:
    """Apply a subject function to an argument; a variadic one is asked element by element, an absent one not at all."""
    if function.call in (_every, _some, _count, _same, _given):
        return function.call(facts, subject, *more)
    if isinstance(subject, Hole):
        return as_truth(subject) if function.call in _STATEMENTS else subject
    if isinstance(subject, tuple):
        return Each(tuple(function.call(facts, item, *more) for item in subject), all=True)
    return function.call(facts, subject, *more)


_STATEMENTS: Final = frozenset({_const, _requantized, _fixed, _static, _graph_input, _graph_output, _fed_by, _used_by})


def resolve_index(items: Any, index: Any) -> Any:
    """Return one element of a list; no such element is ``MISSING``."""
    items, index = as_value(items), as_value(index)
    if isinstance(items, Hole):
        return items
    if isinstance(items, Each):
        return Each(tuple(resolve_index(item, index) for item in items.items), items.all)
    return _index(items, index) if isinstance(items, tuple) else UNKNOWN


def is_in(item: Any, container: Any) -> Any:
    """Membership, also of a substring in a text."""
    if isinstance(container, str):
        if isinstance(item, str):
            return TRUE if item in container else FALSE
        return as_truth(item) if isinstance(item, Hole) else OPEN
    return contains(item, container)
