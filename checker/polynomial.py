"""Counts over symbolic dimensions: ``4089184256*batch``.

A count of a file with open axes is a polynomial in their symbols with whole, non-negative coefficients.  A plain int
stays an int, so that code which only adds and multiplies serves both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from checker.graph import Dim

UNNAMED: Final = "?"
"""The symbol of an axis that the file leaves open without a name."""


@dataclass(frozen=True, slots=True)
class Polynomial:
    """Monomials in order of their symbols: (the symbols of the product, sorted, repeated for powers; coefficient)."""

    terms: tuple[tuple[tuple[str, ...], int], ...]

    def __add__(self, other: int | Polynomial) -> int | Polynomial:
        """Add."""
        total = dict(self.terms)
        for symbols, factor in _terms(other):
            total[symbols] = total.get(symbols, 0) + factor
        return _made(total)

    def __mul__(self, other: int | Polynomial) -> int | Polynomial:
        """Multiply."""
        total: dict[tuple[str, ...], int] = {}
        for left, a in self.terms:
            for right, b in _terms(other):
                symbols = tuple(sorted((*left, *right)))
                total[symbols] = total.get(symbols, 0) + a * b
        return _made(total)

    __radd__ = __add__
    __rmul__ = __mul__

    def __str__(self) -> str:
        """Write it as arithmetic, the highest powers first."""
        ordered = sorted(self.terms, key=lambda term: (-len(term[0]), term[0]))
        return " + ".join(_monomial(symbols, factor) for symbols, factor in ordered)


Number: TypeAlias = int | Polynomial


def of_dim(dim: Dim) -> Number:
    """Return an axis as a number; its symbol where it is open."""
    return dim if isinstance(dim, int) else Polynomial((((dim or UNNAMED,), 1),))


def product(factors: tuple[Number, ...]) -> Number:
    """Multiply."""
    result: Number = 1
    for factor in factors:
        result = result * factor
    return result


def least(number: Number) -> int:
    """Return the value with every symbol at 1, the least that an axis which is not empty can be."""
    return number if isinstance(number, int) else sum(factor for _, factor in number.terms)


def over(number: Number, divisor: int) -> Number | None:
    """Divide; None where it does not come out even."""
    if divisor <= 0 or any(factor % divisor for _, factor in _terms(number)):
        return None
    return _made({symbols: factor // divisor for symbols, factor in _terms(number)})


def symbols_of(number: Number) -> tuple[str, ...]:
    """Return the symbols in it, sorted."""
    return tuple(sorted({symbol for symbols, _ in _terms(number) for symbol in symbols}))


def is_monomial(number: Number) -> bool:
    """Tell whether it is one product, so that its parts keep their shares whatever the symbols stand for."""
    return len(_terms(number)) == 1


def _terms(number: Number) -> tuple[tuple[tuple[str, ...], int], ...]:
    return (((), number),) if isinstance(number, int) else number.terms


def _made(terms: dict[tuple[str, ...], int]) -> Number:
    kept = {symbols: factor for symbols, factor in terms.items() if factor}
    if not kept.keys() - {()}:
        return kept.get((), 0)
    return Polynomial(tuple(sorted(kept.items())))


def _monomial(symbols: tuple[str, ...], factor: int) -> str:
    powers = []
    for symbol in dict.fromkeys(symbols):
        name = symbol if symbol.isidentifier() or symbol == UNNAMED else f"({symbol})"
        power = symbols.count(symbol)
        powers.append(name if power == 1 else f"{name}^{power}")
    return "*".join(powers if factor == 1 and powers else (str(factor), *powers))
