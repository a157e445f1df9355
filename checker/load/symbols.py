"""Arithmetic on dimensions of which some are symbols: ``batch * 64``, ``(batch * 64) // 8``.

Products and exact quotients of symbols are kept under a made-up name: equal products are equal names, so ONNX's own
shape inference carries them along.  In the finished graph a made-up name is None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from checker.graph import Array, Dim


_MARK = "="
_JOIN = "\x1f"


def product(factor: int, atoms: tuple[str, ...]) -> Dim:
    """Return the dimension ``factor`` times the symbols; an int or a plain symbol where that is all it is."""
    if not atoms or factor == 0:
        return factor
    if factor == 1 and len(atoms) == 1:
        return atoms[0]
    return _MARK + _JOIN.join((str(factor), *sorted(atoms)))


def is_made_up(dim: Dim) -> bool:
    """Tell whether a dimension is a product that this module made, and no symbol of the file."""
    return isinstance(dim, str) and dim.startswith(_MARK) and _JOIN in dim


def parts(dim: Dim) -> tuple[int, tuple[str, ...]] | None:
    """Split a dimension into its whole factor and its symbols; None for an unknown one."""
    if dim is None:
        return None
    if not isinstance(dim, str):
        return int(dim), ()
    if is_made_up(dim):
        factor, *atoms = dim[1:].split(_JOIN)
        return int(factor), tuple(atoms)
    return 1, (dim,)


def times(left: Dim, right: Dim) -> Dim:
    """Multiply two dimensions."""
    if left == 0 or right == 0:
        return 0
    a, b = parts(left), parts(right)
    if a is None or b is None:
        return None
    return product(a[0] * b[0], a[1] + b[1])


def over(left: Dim, right: Dim) -> Dim:
    """Divide, where it comes out even; None where it does not or is not known to."""
    a, b = parts(left), parts(right)
    if a is None or b is None or b[0] == 0:
        return None
    if not a[1] and not b[1]:
        return int(a[0] / b[0]) if abs(a[0]) < 2**52 else a[0] // b[0]
    rest = list(a[1])
    for atom in b[1]:
        if atom not in rest:
            return None
        rest.remove(atom)
    return product(a[0] // b[0], tuple(rest)) if a[0] % b[0] == 0 else None


def total(dims: tuple[Dim, ...] | list[Dim]) -> Dim:
    """Return the product of all dimensions; None when one is unknown."""
    result: Dim = 1
    for dim in dims:
        result = times(result, dim)
    return result


def name_of(dim: Dim) -> Dim:
    """Return the dimension as the finished graph says it: made-up products are unknown."""
    return None if is_made_up(dim) else dim


def _whole(value: object) -> Dim | bool | float:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return int(value) if float(value).is_integer() else float(value)
    return value  # type: ignore[return-value]


def _plus(left: Dim, right: Dim) -> Dim:
    if left == 0:
        return right
    if right == 0:
        return left
    return left + right if isinstance(left, int) and isinstance(right, int) else None


def _minus(left: Dim, right: Dim) -> Dim:
    if right == 0:
        return left
    if left is not None and left == right:
        return 0
    return left - right if isinstance(left, int) and isinstance(right, int) else None


def _modulo(left: Dim, right: Dim) -> Dim:
    if isinstance(left, int) and isinstance(right, int):
        return left % right if right else None
    return 0 if right == 1 or over(left, right) is not None else None


def _equal(left: Dim, right: Dim) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, str) or isinstance(right, str):
        if left == right:
            return True
        # a dimension is never negative
        numbers = [each for each in (left, right) if not isinstance(each, str)]
        return False if numbers and numbers[0] < 0 else None
    return left == right


def _less(left: Dim, right: Dim) -> bool | None:
    if isinstance(left, (str, type(None))) or isinstance(right, (str, type(None))):
        if isinstance(left, str) and isinstance(right, (int, float)) and right <= 0:
            return False
        return True if isinstance(right, str) and isinstance(left, (int, float)) and left < 0 else None
    return left < right


def _smaller(left: Dim, right: Dim) -> Dim:
    if isinstance(left, int) and isinstance(right, int):
        return min(left, right)
    return left if left == right else None


def _larger(left: Dim, right: Dim) -> Dim:
    if isinstance(left, int) and isinstance(right, int):
        return max(left, right)
    if isinstance(left, str) and isinstance(right, int) and right <= 0:
        return left
    if isinstance(right, str) and isinstance(left, int) and left <= 0:
        return right
    return left if left == right else None


BINARY: dict[str, Callable[[Dim, Dim], Dim | bool | None]] = {
    "Add": _plus,
    "Sub": _minus,
    "Mul": times,
    "Div": over,
    "Mod": _modulo,
    "Equal": _equal,
    "Less": _less,
    "Greater": lambda left, right: _less(right, left),
    "Min": _smaller,
    "Max": _larger,
}


def elementwise(op: str, left: Array, right: Array) -> Array:
    """Apply a binary operator to arrays of int, symbol or None; the result is such an array."""
    function = BINARY[op]
    a, b = np.broadcast_arrays(left.astype(object), right.astype(object))
    out = np.empty(a.shape, dtype=object)
    for index in np.ndindex(a.shape):
        x, y = _whole(a[index]), _whole(b[index])
        if isinstance(x, float) or isinstance(y, float):
            out[index] = None
        else:
            out[index] = function(x, y)
    return out


def select(condition: Array, yes: Array, no: Array) -> Array:
    """``Where`` on arrays of which some elements are unknown."""
    c, a, b = np.broadcast_arrays(condition.astype(object), yes.astype(object), no.astype(object))
    out = np.empty(c.shape, dtype=object)
    for index in np.ndindex(c.shape):
        if c[index] is None:
            out[index] = a[index] if a[index] is not None and a[index] == b[index] else None
        else:
            out[index] = a[index] if c[index] else b[index]
    return out
