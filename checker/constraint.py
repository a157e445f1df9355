"""The constraint language: one line of text that checks a node, explains the failure and is printed in the docs.

The text has Python's expression syntax.  It is parsed with ``ast`` and turned into closures over facts; it is never
evaluated as Python, so a table from a stranger is safe to open.  The answer is yes, no or *the model does not say*.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NoReturn

from checker import arithmetic
from checker.facts import OF_FILE, Facts, Stated, show
from checker.graph import Value
from checker.kleene import (
    ABSENT,
    NO,
    UNKNOWN,
    UNSURE,
    YES,
    Answer,
    Each,
    Members,
    Truth,
    as_truth,
    as_value,
    below,
    conjunction,
    disjunction,
    equal,
    negation,
    ordered,
)
from checker.predicates import OF_THE_NODE_ALONE, PREDICATES, meaning
from checker.words import COLLECTORS, FUNCTIONS, call_on_subject, is_in, resolve_index

__all__ = ["NO", "UNSURE", "YES", "Answer", "Constraint", "ConstraintError", "check", "explain", "here", "parse"]

Meaning = Callable[[Facts], Any]

_GREATEST_NUMBER: Final = 2**63

_AROUND: Final = frozenset({"graph_input", "graph_output", "fed_by", "used_by", "within"})
"""Functions that look at what is around a node."""

_FILE: Final = frozenset({"opset", "ir_version"}) | OF_FILE.keys()
"""Facts of the file."""

_ASK_FILE: Final = frozenset({"uses", "gives", "folds", "folds_stored", "takes_computed"})
"""Functions that look at the whole file."""

_OPERATIONS: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: arithmetic.add,
    ast.Sub: arithmetic.subtract,
    ast.Mult: arithmetic.multiply,
    ast.Div: arithmetic.divide,
    ast.FloorDiv: arithmetic.floor_divide,
    ast.Mod: arithmetic.modulo,
}

_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], Truth]]] = {
    ast.Eq: equal,
    ast.NotEq: lambda a, b: negation(equal(a, b)),
    ast.LtE: ordered,
    ast.GtE: lambda a, b: ordered(b, a),
    ast.Lt: below,
    ast.Gt: lambda a, b: below(b, a),
    ast.In: is_in,
    ast.NotIn: lambda a, b: negation(is_in(a, b)),
}


class ConstraintError(ValueError):
    """The text is not a constraint; ``column`` (from 1) is where the offence begins."""

    def __init__(self, text: str, column: int, fault: str) -> None:
        """Say what is wrong with the text, and where."""
        super().__init__(f"{fault} (column {column} of `{text}`)")
        self.column = column
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a constraint that reads one fact: how an explanation calls it, and its meaning."""

    label: str
    meaning: Meaning
    subject: str = ""
    """The argument's name, for a bare one."""


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """A parsed constraint.

    ``names``: facts that it reads, with the column of the first mention.  ``functions``: functions that it calls.
    """

    text: str
    names: dict[str, int]
    functions: frozenset[str]
    terms: tuple[Term, ...]
    meaning: Meaning
    local: bool = False
    """Whether it reads the node alone: its operator, attributes and arguments, not what is around it in the file."""
    near: bool = False
    """Whether it reads the node and those next to it."""


@cache
def parse(text: str) -> Constraint:
    """Read a constraint.

    Raises:
        ConstraintError: the text is no expression of the language.
    """
    plain = text.strip()
    try:
        tree = ast.parse(plain, mode="eval")
    except SyntaxError as error:
        raise ConstraintError(text, error.offset or 1, "this is not an expression") from None
    except (ValueError, RecursionError, MemoryError):
        raise ConstraintError(text, 1, "this is not an expression") from None
    reader = _Reader(plain)
    meaning = reader.read(tree.body)
    terms = {term.label: term for term in reader.terms}
    ordered_terms = tuple(terms[label] for label in sorted(terms, key=lambda label: (label.lower(), label)))
    wide = PREDICATES.keys() - OF_THE_NODE_ALONE | _FILE
    near = not reader.functions & _ASK_FILE and not reader.names.keys() & wide
    local = near and not reader.functions & _AROUND
    return Constraint(plain, reader.names, frozenset(reader.functions), ordered_terms, meaning, local, near)


def judge(constraint: Constraint, facts: Facts) -> Truth:
    """Answer a constraint and its negation."""
    return as_truth(constraint.meaning(facts))


def check(constraint: Constraint, facts: Facts) -> Answer:
    """Answer a constraint for one node: yes, no, or unsure where the model does not say."""
    return judge(constraint, facts).holds


def here(constraint: Constraint, facts: Facts) -> str:
    """Write the facts that a constraint reads, ``kernel_shape = [4, 4], strides = [4, 4]``.

    A predicate says what it asks: ``sole_use = no (whether nobody but this node takes its first input, ...)``.
    """
    return ", ".join(f"{term.label} = {_shown(term, facts)}" for term in constraint.terms)


def explain(constraint: Constraint, facts: Facts) -> str:
    """Write what a node needs and what it has, with the model's own numbers."""
    stated = here(constraint, facts)
    return f"needs `{constraint.text}`" + (f"; here {stated}" if stated else "")


def _shown(term: Term, facts: Facts) -> str:
    if term.subject:
        bound = facts.argument(term.subject)
        if isinstance(bound, Value) and not bound.constant and bound.const is None:
            return "not constant"
    found = term.meaning(facts)
    if term.label in PREDICATES and not isinstance(found, Each):
        return f"{show(as_value(found) if isinstance(found, Truth) else found)} ({meaning(term.label)})"
    if isinstance(found, Truth):
        return show(ABSENT if found.holds == found.fails == YES else as_value(found))
    if isinstance(found, Each):
        return show(tuple(as_value(item) for item in found.items))
    return show(found)


class _Reader:
    """Turns the syntax tree into closures, and notes what it reads."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: dict[str, int] = {}
        self.functions: set[str] = set()
        self.terms: list[Term] = []

    def refuse(self, tree: ast.AST, fault: str) -> NoReturn:
        raise ConstraintError(self.text, getattr(tree, "col_offset", 0) + 1, fault)

    def read(self, tree: ast.expr) -> Meaning:
        """Return the meaning of an expression."""
        match tree:
            case ast.Constant():
                return self._literal(tree)
            case ast.Name(id=name):
                return self._name(tree, name)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                parts = [self.read(item) for item in items]
                return lambda facts: tuple(as_value(part(facts)) for part in parts)
            case ast.Set(elts=items):
                parts = [self.read(item) for item in items]
                return lambda facts: Members(tuple(as_value(part(facts)) for part in parts))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                statement = self.read(operand)
                return lambda facts: negation(as_truth(statement(facts)))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                number = self.read(operand)
                return lambda facts: arithmetic.negate(number(facts))
            case ast.BinOp(op=operator) if type(operator) in _OPERATIONS:
                operation, left, right = _OPERATIONS[type(operator)], self.read(tree.left), self.read(tree.right)
                return lambda facts: operation(left(facts), right(facts))
            case ast.BoolOp(op=operator, values=values):
                statements = [self.read(value) for value in values]
                join = conjunction if isinstance(operator, ast.And) else disjunction
                return lambda facts: join(as_truth(statement(facts)) for statement in statements)
            case ast.Compare():
                return self._comparison(tree)
            case ast.Subscript():
                return self._index(tree)
            case ast.Call():
                return self._call(tree)
            case _:
                words: dict[type[ast.AST], str] = {
                    ast.Attribute: "attributes are not part of the language",
                    ast.Lambda: "lambdas are not part of the language",
                    ast.IfExp: "write `a or b` instead of `x if y else z`",
                    ast.BinOp: "only the operators + - * / // % are part of the language",
                }
                return self.refuse(tree, words.get(type(tree), f"{_kind(tree)} is not part of the language"))

    def _literal(self, tree: ast.Constant) -> Meaning:
        value = tree.value
        if not isinstance(value, (bool, int, float, str)):
            self.refuse(tree, f"{value!r} is not part of the language")
        if isinstance(value, int) and abs(value) >= _GREATEST_NUMBER:
            self.refuse(tree, "this number is too large")
        return lambda _: value

    def _name(self, tree: ast.Name, name: str) -> Meaning:
        self.names.setdefault(name, tree.col_offset + 1)

        def meaning(facts: Facts) -> Any:
            return facts.fact(name)

        if name != "inf":
            self.terms.append(Term(name, meaning, subject=name))
        return meaning

    def _comparison(self, tree: ast.Compare) -> Meaning:
        sides = [self.read(side) for side in (tree.left, *tree.comparators)]
        comparisons = []
        for operator in tree.ops:
            if type(operator) not in _COMPARISONS:
                self.refuse(tree, "compare with == and !=, not with `is`")
            comparisons.append(_COMPARISONS[type(operator)])
        if len(comparisons) == 1:
            compare, left, right = comparisons[0], sides[0], sides[1]
            return lambda facts: compare(left(facts), right(facts))

        def chain(facts: Facts) -> Truth:
            values = [side(facts) for side in sides]
            return conjunction(c(values[i], values[i + 1]) for i, c in enumerate(comparisons))

        return chain

    def _index(self, tree: ast.Subscript) -> Meaning:
        items = self.read(tree.value)
        if isinstance(tree.slice, ast.Slice):
            return self._slice(tree, tree.slice, items)
        index = self.read(tree.slice)
        return lambda facts: resolve_index(items(facts), index(facts))

    def _slice(self, tree: ast.Subscript, part: ast.Slice, items: Meaning) -> Meaning:
        ends: list[int | None] = []
        for end in (part.lower, part.upper, part.step):
            try:
                found = None if end is None else ast.literal_eval(end)
            except ValueError:
                found = ""
            if found is not None and (not isinstance(found, int) or (end is part.step and found == 0)):
                self.refuse(tree, "the ends of a slice are plain integers")
            ends.append(found)
        chosen = slice(*ends)

        def meaning(facts: Facts) -> Any:
            found = items(facts)
            if isinstance(found, Each):
                return Each(tuple(i[chosen] if isinstance(i, tuple) else UNKNOWN for i in found.items), found.all)
            if isinstance(found, tuple):
                return found[chosen]
            return found if found in (ABSENT, UNKNOWN) else UNKNOWN

        return meaning

    def _call(self, tree: ast.Call) -> Meaning:
        if not isinstance(tree.func, ast.Name):
            self.refuse(tree.func, "only functions of the language can be called")
        name = tree.func.id
        function = FUNCTIONS.get(name)
        if function is None:
            self.refuse(tree, f"there is no function `{name}`")
        if tree.keywords:
            self.refuse(tree, "arguments are given by position")
        if not function.least <= len(tree.args) <= function.most:
            wants = str(function.least) if function.least == function.most else f"{function.least} to {function.most}"
            self.refuse(tree, f"`{name}` takes {wants} argument(s)")
        self.functions.add(name)
        if not function.subject:
            before = len(self.terms)
            values = [self.read(argument) for argument in tree.args]
            call = function.call
            if name == "len":
                self.terms[before:] = [Term(_label(tree), lambda facts: call(facts, values[0](facts)))]
            return lambda facts: call(facts, *(value(facts) for value in values))
        subject = self._subject(tree.args[0], name)
        rest = tree.args[1:]
        applied = self._function_name(rest[0]) if name in COLLECTORS and rest else None
        if applied is not None:
            others = [lambda _: applied, *(self.read(argument) for argument in rest[1:])]
        elif name == "same":
            others = [self._subject(argument, name) for argument in rest]
        elif name in COLLECTORS and rest:
            self.refuse(rest[0], f"the second argument of `{name}` is the name of a function")
        else:
            others = [self.read(argument) for argument in rest]

        def meaning(facts: Facts) -> Any:
            return call_on_subject(function, facts, subject(facts), tuple(other(facts) for other in others))

        self.terms.append(Term(_label(tree), meaning))
        return meaning

    def _subject(self, tree: ast.expr, function: str) -> Meaning:
        """Read an argument that is asked for by its name; ``every`` and its kin take any list too."""
        if isinstance(tree, ast.Name):
            name = tree.id
            self.names.setdefault(name, tree.col_offset + 1)
            return lambda facts: facts.argument(name)
        if (
            isinstance(tree, ast.Subscript)
            and isinstance(tree.value, ast.Name)
            and not isinstance(tree.slice, ast.Slice)
        ):
            items, index = self._subject(tree.value, function), self.read(tree.slice)
            return lambda facts: resolve_index(items(facts), index(facts))
        if function in COLLECTORS - {"same"}:
            before = len(self.terms)
            found = self.read(tree)
            del self.terms[before:]  # the term of the whole call shows what it is about

            def listed(facts: Facts) -> Any:
                value = as_value(found(facts))
                return Stated(value, written=True) if isinstance(value, tuple) else value

            return listed
        return self.refuse(tree, f"`{function}` takes the name of an argument")

    def _function_name(self, tree: ast.expr) -> Callable[..., Any] | None:
        if not isinstance(tree, ast.Name) or tree.id not in FUNCTIONS:
            return None
        self.functions.add(tree.id)
        return FUNCTIONS[tree.id].call


def _label(tree: ast.expr) -> str:
    return ast.unparse(tree).replace("'", '"')


def _kind(tree: ast.AST) -> str:
    words = re.findall(r"[A-Z]+[a-z]*", type(tree).__name__)
    return "a " + " ".join(word.lower() for word in words)
