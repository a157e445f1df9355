"""Terms: a composite written as the arithmetic that it computes.

``gelu = x * (erf(x / 2 ** 0.5) + 1) * 0.5`` is an ordinary expression over :class:`Term`.  Read forwards
(:mod:`checker.composites.build`) it says which nodes the layer decomposes into.  Read backwards
(:mod:`checker.composites.matcher`) it finds them, in whatever spelling: before matching, a term becomes a *normal form*
in which products are a coefficient times powers of factors and sums are a constant plus multiples of addends.  So
``x / 1.414``, ``x * 0.707``, ``Sqrt`` then ``Div``, ``Reciprocal`` then ``Mul``, ``Pow(-0.5)``, ``Mul(d, d)`` and every
association and operand order are one pattern.

A variable that occurs twice stands for one value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checker.graph import Value


class Term:
    """An arithmetic expression; subclasses are what it is made of."""

    __slots__ = ()

    def __add__(self, other: Term | float) -> Term:
        """Return ``self + other``."""
        return Call("Add", (self, lift(other)))

    def __sub__(self, other: Term | float) -> Term:
        """Return ``self - other``."""
        return Call("Sub", (self, lift(other)))

    def __mul__(self, other: Term | float) -> Term:
        """Return ``self * other``."""
        return Call("Mul", (self, lift(other)))

    def __rmul__(self, other: float) -> Term:
        """Return ``other * self``."""
        return Call("Mul", (lift(other), self))

    def __radd__(self, other: float) -> Term:
        """Return ``other + self``."""
        return Call("Add", (lift(other), self))

    def __rsub__(self, other: float) -> Term:
        """Return ``other - self``."""
        return Call("Sub", (lift(other), self))

    def __truediv__(self, other: Term | float) -> Term:
        """Return ``self / other``."""
        return Call("Div", (self, lift(other)))

    def __pow__(self, exponent: float) -> Term:
        """Return ``self ** exponent``; the exponent is a number."""
        return Call("Pow", (self, lift(exponent)))


@dataclass(frozen=True, slots=True, eq=False)
class Var(Term):
    """An incoming value; every occurrence of the same name is the same value."""

    name: str
    test: Callable[[Value], bool] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Number(Term):
    """A constant: a given number, or a captured one (``name``) between ``low`` and ``high``."""

    value: float
    name: str = ""
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True, eq=False)
class Call(Term):
    """An operator call.  ``axes`` names the reduced axes: calls that share the name must reduce the same axes."""

    op: str
    args: tuple[Term, ...]
    axes: str = ""
    attrs: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Either(Term):
    """One of several ways to write it; the first is the one that is written when read forwards."""

    options: tuple[Term, ...]


def lift(value: Term | float) -> Term:
    """Return a number as a term."""
    return value if isinstance(value, Term) else Number(float(value))


def call(op: str, *args: Term | float, axes: str = "", **attrs: float) -> Term:
    """Return an operator call, ``call("Erf", x)``; keyword arguments are attributes that must have that value."""
    return Call(op, tuple(lift(each) for each in args), axes, tuple(attrs.items()))


def either(*options: Term) -> Term:
    """Return a term that any of the options matches."""
    return Either(options)


def captured(name: str, low: float = -math.inf, high: float = math.inf, value: float = 1.0) -> Term:
    """Return a number that is read from the graph; ``value`` stands in for it when the term is read forwards."""
    return Number(value, name, low, high)


# -- the normal form ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """``coefficient * factor ** exponent * ...``; ``capture``: the coefficient is read, not compared."""

    coefficient: float
    factors: tuple[tuple[Plan, float], ...]
    capture: Number | None = None
    width: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """``constant + multiple * addend + ...``; ``capture``: the constant is read, not compared."""

    constant: float
    addends: tuple[tuple[float, Plan], ...]
    capture: Number | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """An operator that is neither sum nor product, with its operands in order."""

    term: Call
    args: tuple[Plan, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Alternatives."""

    options: tuple[Plan, ...]


Plan = Product | Sum | Apply | Choice | Var | Number


def plan(term: Term, known: dict[int, Plan] | None = None) -> Plan:
    """Return the normal form of a term.  One term object used twice stays one plan."""
    known = {} if known is None else known
    done = known.get(id(term))
    if done is None:
        done = known[id(term)] = _normal(term, known)
    return done


def _normal(term: Term, known: dict[int, Plan]) -> Plan:
    if isinstance(term, Either):
        return Choice(tuple(plan(each, known) for each in term.options))
    if not isinstance(term, Call):
        return term  # type: ignore[return-value]  # a Var or a Number is its own plan
    if term.op in {"Mul", "Div", "Pow", "Sqrt", "Reciprocal"}:
        factors: dict[int, tuple[Term, float]] = {}
        coefficient, capture = _factors(term, 1.0, factors)
        made = tuple(sorted(((plan(t, known), e) for t, e in factors.values()), key=lambda f: isinstance(f[0], Var)))
        width = sum(round(abs(e)) if float(e).is_integer() else 1 for _, e in made)
        return Product(coefficient, made, capture, width)
    if term.op in {"Add", "Sub", "Neg"}:
        addends: dict[int, tuple[float, Term]] = {}
        constant, capture = _addends(term, 1.0, addends)
        return Sum(
            constant,
            tuple(sorted(((m, plan(t, known)) for m, t in addends.values()), key=lambda a: isinstance(a[1], Var))),
            capture,
        )
    return Apply(term, tuple(plan(each, known) for each in term.args))


def _factors(term: Term, exponent: float, into: dict[int, tuple[Term, float]]) -> tuple[float, Number | None]:
    """Gather the factors of a product; return its coefficient and the captured number among them."""
    if isinstance(term, Number):
        return (1.0, term) if term.name else (term.value**exponent, None)
    if isinstance(term, Call) and term.op in {"Mul", "Div"}:
        left, first = _factors(term.args[0], exponent, into)
        right, second = _factors(term.args[1], exponent if term.op == "Mul" else -exponent, into)
        return left * right, first or second
    if isinstance(term, Call) and term.op in {"Pow", "Sqrt", "Reciprocal"}:
        power = {"Sqrt": 0.5, "Reciprocal": -1.0}.get(term.op)
        if power is None:
            power = term.args[1].value if isinstance(term.args[1], Number) else 1.0
        return _factors(term.args[0], exponent * power, into)
    into[id(term)] = (term, into.get(id(term), (term, 0.0))[1] + exponent)
    return 1.0, None


def _addends(term: Term, multiple: float, into: dict[int, tuple[float, Term]]) -> tuple[float, Number | None]:
    """Gather the addends of a sum; return its constant and the captured number among them."""
    if isinstance(term, Number):
        return (0.0, term) if term.name else (term.value * multiple, None)
    if isinstance(term, Call) and term.op in {"Add", "Sub"}:
        left, first = _addends(term.args[0], multiple, into)
        right, second = _addends(term.args[1], multiple if term.op == "Add" else -multiple, into)
        return left + right, first or second
    if isinstance(term, Call) and term.op == "Neg":
        return _addends(term.args[0], -multiple, into)
    if isinstance(term, Call) and term.op == "Mul" and isinstance(term.args[0], Number) and not term.args[0].name:
        return _addends(term.args[1], multiple * term.args[0].value, into)
    into[id(term)] = (into.get(id(term), (0.0, term))[0] + multiple, term)
    return 0.0, None
