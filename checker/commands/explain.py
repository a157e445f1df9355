"""``edgelint explain``: what a finding, a figure or a named condition means, or what targets need of an operator."""

from __future__ import annotations

import inspect
from argparse import Namespace
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from checker import schema, targets
from checker.commands.output import emit
from checker.cost.terms import TERMS
from checker.errors import InputError
from checker.predicates import PREDICATES
from checker.render import tables
from checker.render.json import dumps
from checker.render.words import visible
from checker.rules import RULES, find_rule
from checker.rules.placements import GATES, PLACEMENTS

if TYPE_CHECKING:
    from checker.target import Target


def run(options: Namespace) -> int:
    """Explain a rule, a figure, a predicate or an operator; all but the last are lower case and never collide with it.

    Raises:
        InputError: none is known by that name.
    """
    told = _told(options.name)
    if told is not None:
        kind, doc = told
        text = inspect.cleandoc(doc)
        answer = {kind: options.name, "text": text}
        emit(dumps(answer) if options.format == "json" else f"{options.name}\n\n{text}\n", options.output)
        return 0
    asked = targets.find(options.target, options.opsets) if options.target else targets.read_all(options.opsets)
    operator = _operator(options.name, asked)
    if options.format == "json":
        emit(dumps({"operator": operator, "targets": [_rows(operator, target) for target in asked]}), options.output)
    else:
        emit("\n".join(_text(operator, asked)) + "\n", options.output)
    return 0


def _told(name: str) -> tuple[str, str] | None:
    """Return what has a text of that name, and the text; None for what has none.

    A rule, also a verdict's reason (`placement/fallback`) or a policy's limit; a figure; a predicate.
    """
    rule = find_rule(name)
    for kind, doc in (
        ("rule", rule.doc if rule is not None else {**PLACEMENTS, **GATES}.get(name)),
        ("term", TERMS.get(name.replace("_", "-"))),
        ("predicate", PREDICATES[name].__doc__ if name in PREDICATES else None),
    ):
        if doc is not None:
            return kind, doc
    return None


def _operator(name: str, asked: Sequence[Target]) -> str:
    """Return the operator's name as tables and schemas spell it."""
    listed = {op for target in asked for op in target.by_op}
    domain, _, op = name.rpartition(".")
    known = name in listed or schema.newest(op, domain) is not None
    if known:
        return name
    folded = {each.casefold(): each for each in listed}
    if name.casefold() in folded:
        return folded[name.casefold()]
    near = get_close_matches(
        name, [*listed, *(rule.id for rule in RULES), *PLACEMENTS, *GATES, *TERMS, *PREDICATES], n=1
    )
    hint = f"; did you mean {near[0]}?" if near else ""
    raise InputError(f"{name}: neither a rule, a figure, a named condition nor an operator{hint}")


def _rows(operator: str, target: Target) -> dict[str, object]:
    return {
        "id": target.id,
        "toolchain": target.toolchain,
        "rows": [tables.row(row) for row in target.by_op.get(operator, ())],
        "otherwise": _otherwise(operator, target),
    }


def _otherwise(operator: str, target: Target) -> str:
    """Say what becomes of the operator where none of its rows takes it."""
    return (target.rejected if operator in target.by_op else target.unlisted).value


def _text(operator: str, asked: Sequence[Target]) -> list[str]:
    lines = [operator]
    for target in asked:
        lines += ["", f"{target.id} ({target.toolchain})"]
        rows = target.by_op.get(operator, ())
        lines += [f"  {line}" for row in rows for line in tables.sentences(row)]
        lines.append(
            f"  otherwise {_otherwise(operator, target)}" if rows else f"  not listed: {target.unlisted.value}"
        )
    return [visible(line) for line in lines]
