"""The matcher: finds in a graph the arithmetic that a term computes.

A product in the graph is read as a coefficient times powers of factors, a sum as a constant plus multiples of addends
(see :mod:`checker.pattern`), so associations, operand orders and the choice between Div and Mul do not matter.
Floating Cast and Expand nodes are looked through.  Nothing is searched twice: a match starts at one value and is as
deep as the pattern.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checker.pattern import Apply, Choice, Number, Plan, Product, Sum, Var

if TYPE_CHECKING:
    from checker.graph import Graph, Node, Value

TOLERANCE = 4e-3
"""Relative: bfloat16 keeps eight bits, and a coefficient is the product of up to three constants."""

DEPTH = 12
"""The most arithmetic nodes in a row that are read as one product or sum."""

FLOATS = frozenset({"float16", "float32", "float64", "bfloat16"})


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """What a match has bound so far: values by variable, captured numbers, reduced axes, and the nodes used."""

    values: Mapping[str, Value]
    numbers: Mapping[str, float]
    axes: Mapping[str, tuple[int, ...]]
    nodes: tuple[Node, ...] = ()

    def using(self, nodes: Sequence[Node]) -> Match:
        """Return the match with more nodes."""
        return replace(self, nodes=(*self.nodes, *nodes)) if nodes else self


NOTHING = Match({}, {}, {})


def scalar(value: Value | None) -> float | None:
    """Return the number that a one-element constant holds, None for anything else."""
    if value is None or value.const is None or value.const.size != 1 or value.const.dtype.kind not in "fiuV":
        return None
    try:
        return float(value.const.reshape(-1)[0])
    except (TypeError, ValueError):
        return None


def near(left: float, right: float, tolerance: float = TOLERANCE) -> bool:
    """Tell whether two constants are the same number in the precision of an exported model."""
    return math.isclose(left, right, rel_tol=tolerance, abs_tol=1e-12)


def axes_of(node: Node) -> tuple[int, ...] | None:
    """Return the axes of a reduction, None where the model does not say.

    They are counted from the back (-1 is the last) unless the file counts from the front and the rank is unknown.
    """
    data = node.inputs[0]
    rank = None if data is None else data.rank
    if node.op == "GlobalAveragePool":
        return None if rank is None else tuple(range(2 - rank, 0))
    given = node.attrs.get("axes")
    if not isinstance(given, tuple):
        listed = node.args.get("axes")
        if isinstance(listed, tuple) or (listed is not None and listed.const is None):
            return None
        given = () if listed is None or listed.const is None else tuple(listed.const.reshape(-1).tolist())
    if not given:
        return None if rank is None else tuple(range(-rank, 0))
    return tuple(sorted(int(each) if rank is None or int(each) < 0 else int(each) - rank for each in given))


_REDUCTIONS = frozenset({"ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2", "ReduceSumSquare"})
_NAMES = {"ReduceMean": ("ReduceMean", "GlobalAveragePool")}


class Matcher:
    """Matches plans against one graph."""

    def __init__(self, graph: Graph) -> None:
        """Remember the graph; nothing is copied."""
        self.graph = graph

    def strip(self, value: Value) -> tuple[Value, tuple[Node, ...]]:
        """Look through floating Casts and Expands; return the value before them and the nodes passed."""
        passed: list[Node] = []
        node = self.graph.producer_of(value)
        while node is not None and (node.op == "Expand" or is_float_cast(node)):
            passed.append(node)
            before = node.inputs[0]
            if before is None:
                break
            value = before
            node = self.graph.producer_of(value)
        return value, tuple(passed)

    def match(self, pattern: Plan, value: Value) -> Match | None:
        """Return the first way in which the value is exactly what the pattern computes."""
        return next(self.exact(pattern, value, NOTHING), None)

    def exact(self, pattern: Plan, value: Value, found: Match) -> Iterator[Match]:
        """Yield the ways in which the value equals the pattern."""
        for multiple, more in self.scaled(pattern, value, found):
            if near(multiple, 1.0):
                yield more

    def scaled(self, pattern: Plan, value: Value, found: Match) -> Iterator[tuple[float, Match]]:
        """Yield ``(k, match)`` such that the value equals ``k`` times the pattern."""
        if isinstance(pattern, Var):
            yield from self._variable(pattern, value, found)
        elif isinstance(pattern, Product):
            for coefficient, leaves, nodes in self._split_product(value, 1.0, pattern.width):
                merged = self._merge(leaves)
                if len(merged) == len(pattern.factors):
                    yield from self._pair_factors(pattern, coefficient, merged, found.using(nodes))
        elif isinstance(pattern, Sum):
            for constant, terms, nodes in self._split_sum(value, 1.0, len(pattern.addends)):
                merged = self._merge(terms)
                if len(merged) == len(pattern.addends):
                    yield from self._pair_addends(pattern, constant, merged, found.using(nodes))
        elif isinstance(pattern, Choice):
            for option in pattern.options:
                yield from self.scaled(option, value, found)
        elif isinstance(pattern, Apply):
            for more in self._apply(pattern, value, found):
                yield 1.0, more
        else:
            number = scalar(value)
            if number is not None and _fits(pattern, number):
                kept = replace(found, numbers={**found.numbers, pattern.name: number}) if pattern.name else found
                yield 1.0, kept

    def _variable(self, pattern: Var, value: Value, found: Match) -> Iterator[tuple[float, Match]]:
        bare, passed = self.strip(value)
        bound = found.values.get(pattern.name)
        if bound is None:
            if pattern.test is None or pattern.test(bare):
                yield 1.0, replace(found.using(passed), values={**found.values, pattern.name: bare})
        elif bound.name == bare.name:
            yield 1.0, found.using(passed)

    def _apply(self, pattern: Apply, value: Value, found: Match) -> Iterator[Match]:
        value, passed = self.strip(value)
        node = self.graph.producer_of(value)
        op = pattern.term.op
        if node is not None and op in _REDUCTIONS and node.op in {"Unsqueeze", "Reshape"}:
            inner = self.graph.producer_of(node.inputs[0]) if node.inputs[0] is not None else None
            if inner is not None and inner.op == op and _restores(inner, node):
                passed, node = (*passed, node), inner
        if node is None or node.op not in _NAMES.get(op, (op,)) or node.domain:
            return
        found = found.using((*passed, node))
        if pattern.term.axes:
            axes = axes_of(node)
            bound = found.axes.get(pattern.term.axes)
            if axes is None or (bound is not None and bound != axes):
                return
            found = replace(found, axes={**found.axes, pattern.term.axes: axes})
        for name, wanted in pattern.term.attrs:
            actual = node.attrs.get(name)
            if not isinstance(actual, (int, float)) or not near(actual, wanted):
                return
        yield from self._arguments(pattern, node, 0, found)

    def _arguments(self, pattern: Apply, node: Node, position: int, found: Match) -> Iterator[Match]:
        if position == len(pattern.args):
            yield found
            return
        wanted = pattern.args[position]
        if position >= len(node.inputs) or node.inputs[position] is None:
            # Clip carried its limits as attributes before opset 11
            limit = node.attrs.get(("", "min", "max")[position]) if node.op == "Clip" and position else None
            if isinstance(limit, (int, float)) and isinstance(wanted, Number) and _fits(wanted, limit):
                yield from self._arguments(pattern, node, position + 1, found)
            return
        for more in self.exact(wanted, node.inputs[position], found):  # type: ignore[arg-type]
            yield from self._arguments(pattern, node, position + 1, more)

    def _merge(self, leaves: tuple[tuple[Value, float], ...]) -> list[tuple[Value, float]]:
        """Add up what the same value contributes (exponents in a product, multiples in a sum)."""
        if len(leaves) == 1:
            return list(leaves)
        merged: dict[str, tuple[Value, float]] = {}
        for value, weight in leaves:
            key = self.strip(value)[0].name
            merged[key] = (value, merged.get(key, (value, 0.0))[1] + weight)
        return list(merged.values())

    def _pair_factors(
        self, pattern: Product, coefficient: float, leaves: list[tuple[Value, float]], found: Match, *, index: int = 0
    ) -> Iterator[tuple[float, Match]]:
        if index == len(pattern.factors):
            multiple = coefficient / pattern.coefficient
            if pattern.capture is None:
                yield multiple, found
            elif _fits(pattern.capture, multiple):
                yield 1.0, replace(found, numbers={**found.numbers, pattern.capture.name: multiple})
            return
        factor, exponent = pattern.factors[index]
        for position, (value, power) in enumerate(leaves):
            if abs(power - exponent) < 1e-3:
                rest = leaves[:position] + leaves[position + 1 :]
                for multiple, more in self.scaled(factor, value, found):
                    if multiple > 0 or float(exponent).is_integer():
                        yield from self._pair_factors(
                            pattern, coefficient * multiple**exponent, rest, more, index=index + 1
                        )

    def _pair_addends(
        self,
        pattern: Sum,
        constant: float,
        leaves: list[tuple[Value, float]],
        found: Match,
        *,
        ratio: float | None = None,
        index: int = 0,
    ) -> Iterator[tuple[float, Match]]:
        if index == len(pattern.addends):
            scale = 1.0 if ratio is None else ratio
            if pattern.capture is not None:
                if _fits(pattern.capture, constant / scale):
                    yield scale, replace(found, numbers={**found.numbers, pattern.capture.name: constant / scale})
            elif math.isclose(constant, pattern.constant * scale, rel_tol=TOLERANCE, abs_tol=1e-6):
                yield scale, found
            return
        wanted, addend = pattern.addends[index]
        for position, (value, weight) in enumerate(leaves):
            rest = leaves[:position] + leaves[position + 1 :]
            for multiple, more in self.scaled(addend, value, found):
                scale = weight * multiple / wanted
                if scale and (ratio is None or near(scale, ratio)):
                    yield from self._pair_addends(pattern, constant, rest, more, ratio=scale, index=index + 1)

    def _split_product(self, value: Value, exponent: float, room: int, depth: int = DEPTH) -> Iterator[Split]:
        """Yield the ways to read a value as a coefficient times at most ``room`` factors."""
        number = scalar(value)
        if number is not None:
            if number > 0 or (number and float(exponent).is_integer()):
                yield number**exponent, (), ()
            return
        if room < 1:
            return
        node = self.graph.producer_of(value) if depth else None
        if node is not None and not node.domain:
            first, second = _operands(node)
            if node.op in {"Mul", "Div"} and first is not None and second is not None:
                sign = exponent if node.op == "Mul" else -exponent
                for left, leaves, nodes in self._split_product(first, exponent, room, depth - 1):
                    for right, more, others in self._split_product(second, sign, room - len(leaves), depth - 1):
                        yield left * right, leaves + more, (node, *nodes, *others)
            elif first is not None and (power := power_of(node)) is not None:
                for left, leaves, nodes in self._split_product(first, exponent * power, room, depth - 1):
                    yield left, leaves, (node, *nodes)
            elif first is not None and (node.op == "Expand" or is_float_cast(node)):
                for left, leaves, nodes in self._split_product(first, exponent, room, depth - 1):
                    if leaves and leaves[0][0] is not first:
                        yield left, leaves, (node, *nodes)
        yield 1.0, ((value, exponent),), ()

    def _split_sum(self, value: Value, weight: float, room: int, depth: int = DEPTH) -> Iterator[Split]:
        """Yield the ways to read a value as a constant plus multiples of at most ``room`` addends."""
        number = scalar(value)
        if number is not None:
            yield number * weight, (), ()
            return
        if room < 1:
            return
        node = self.graph.producer_of(value) if depth else None
        if node is not None and not node.domain:
            first, second = _operands(node)
            if node.op in {"Add", "Sub"} and first is not None and second is not None:
                sign = weight if node.op == "Add" else -weight
                for left, leaves, nodes in self._split_sum(first, weight, room, depth - 1):
                    for right, more, others in self._split_sum(second, sign, room - len(leaves), depth - 1):
                        yield left + right, leaves + more, (node, *nodes, *others)
            elif node.op in {"Mul", "Div", "Neg"} and first is not None:
                rest, factor = _multiple(node, first, second)
                if rest is not None:
                    for left, leaves, nodes in self._split_sum(rest, weight * factor, room, depth - 1):
                        yield left, leaves, (node, *nodes)
            elif first is not None and (node.op == "Expand" or is_float_cast(node)):
                for left, leaves, nodes in self._split_sum(first, weight, room, depth - 1):
                    if leaves and leaves[0][0] is not first:
                        yield left, leaves, (node, *nodes)
        yield 0.0, ((value, weight),), ()


Split = tuple[float, "tuple[tuple[Value, float], ...]", "tuple[Node, ...]"]
"""A coefficient or constant, the leaves with their exponents or multiples, and the nodes that were read."""


def _restores(reduction: Node, node: Node) -> bool:
    """Tell whether a node puts back the axes that a reduction dropped, so that its result broadcasts."""
    data, result = reduction.inputs[0], node.outputs[0]
    if reduction.attrs.get("keepdims") != 0 or data is None or result is None:
        return False
    return node.op == "Unsqueeze" or (data.rank is not None and data.rank == result.rank)


def is_float_cast(node: Node) -> bool:
    """Tell whether a node converts between floating types only."""
    if node.op not in {"Cast", "CastLike"} or not node.inputs or not node.outputs:
        return False
    source, target = node.inputs[0], node.outputs[0]
    return source is not None and target is not None and source.dtype in FLOATS and target.dtype in FLOATS


def power_of(node: Node) -> float | None:
    """Return the exponent that a node raises its first input to, None when it is no power."""
    if node.op == "Pow":
        return scalar(node.inputs[1])
    return {"Sqrt": 0.5, "Reciprocal": -1.0}.get(node.op)


def _fits(wanted: Number, actual: float) -> bool:
    return wanted.low <= actual <= wanted.high if wanted.name else near(actual, wanted.value)


def _operands(node: Node) -> tuple[Value | None, Value | None]:
    inputs = node.inputs
    return (inputs[0] if inputs else None), (inputs[1] if len(inputs) > 1 else None)


def _multiple(node: Node, first: Value, second: Value | None) -> tuple[Value | None, float]:
    """Read a node as a number times a value."""
    if node.op == "Neg":
        return first, -1.0
    number = scalar(second)
    if number:
        return first, number if node.op == "Mul" else 1.0 / number
    number = scalar(first) if node.op == "Mul" else None
    return (second, number) if number else (None, 1.0)
