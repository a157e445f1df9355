"""Write the pages that come from the code and the tables; with ``--check`` only say which are stale (exit code 1)."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import composite_pages
import matrix_page

from checker import report, targets
from checker.cost.terms import TERMS
from checker.render import tables
from checker.rules import RULES
from checker.rules.placements import GATES, PLACEMENTS
from checker.target import Target

DOCS = Path(__file__).resolve().parent
CONDITIONS = frozenset({"The file must have", "Every node must have"})
MARKER = "<!-- Below this line: generated"
END = "<!-- Above this line: generated from checker/cost/terms.py by docs/generate.py -->"


def pages() -> Iterator[tuple[Path, str]]:
    """Yield every generated page with its text."""
    by_hand = (DOCS / "json-report.md").read_text(encoding="utf-8")
    head, marker, _ = by_hand.partition(MARKER)
    comment = f"{marker} from checker/report.py by docs/generate.py -->\n\n"
    yield DOCS / "json-report.md", head + comment + "\n".join(_records())
    yield DOCS / "cost.md", "\n".join(_cost((DOCS / "cost.md").read_text(encoding="utf-8")))
    for rule in RULES:
        yield DOCS / "rules" / f"{rule.id}.md", f"# {rule.id}\n\n{inspect.cleandoc(rule.doc)}\n"
    beside = {**PLACEMENTS, **GATES}
    for rule_id, doc in beside.items():
        yield DOCS / "rules" / f"{rule_id.replace('/', '-')}.md", f"# {rule_id}\n\n{inspect.cleandoc(doc)}\n"
    yield DOCS / "rules" / "index.md", "\n".join(_rules(beside))
    every = targets.read_all()
    for target in every:
        yield DOCS / "targets" / f"{target.id}.md", "\n".join(_target(target))
    yield DOCS / "targets" / "index.md", "\n".join(_index(every))
    yield DOCS / "targets" / "matrix.md", "\n".join(_matrix(every))
    yield DOCS / "targets" / "matrix.html", matrix_page.page(every)
    yield from composite_pages.pages(DOCS / "composites", every)


def _rules(beside: Mapping[str, str]) -> Iterator[str]:
    """List findings, then what else a result can be called."""
    yield "# Rules\n"
    yield from (f"- [{rule.id}]({rule.id}.md): {_first_sentence(rule.doc)}" for rule in RULES)
    yield "\n## Reasons of a verdict, limits, waivers\n"
    for rule_id, doc in beside.items():
        yield f"- [{rule_id}]({rule_id.replace('/', '-')}.md): {_first_sentence(doc)}"
    yield ""


def _cost(by_hand: str) -> Iterator[str]:
    """Write what the figures mean; what stands below the marker is kept."""
    yield "# What a report's figures mean\n"
    yield "The same words as `edgelint explain TERM`; the keys of the JSON report: [json-report.md](json-report.md).\n"
    for term, text in TERMS.items():
        yield f"## {term}\n\n{inspect.cleandoc(text)}\n"
    yield END + by_hand.partition(END)[2]


def _target(target: Target) -> Iterator[str]:
    """Write a target's page: the same words as `edgelint targets ID`."""
    (title, facts), *parts = tables.sections(target)
    yield f"# {title}\n"
    yield from (f"- {fact}" for fact in facts)
    for heading, lines in parts:
        yield f"\n## {heading}\n"
        for line in lines:
            depth = "  " if line.startswith("  ") else ""
            yield f"{depth}- {_code(line.strip(), whole=heading in CONDITIONS)}"
    yield ""


def _code(line: str, *, whole: bool) -> str:
    """Set a constraint in code, so that Markdown leaves its stars and underscores alone."""
    if whole:
        condition, comma, consequence = line.partition(", otherwise ")
        return f"`{condition}`{comma}{consequence}"
    return f"needs `{line.removeprefix('needs ')}`" if line.startswith("needs ") else line


def _index(every: tuple[Target, ...]) -> Iterator[str]:
    yield "# Targets\n"
    yield "What each takes of every operator: [matrix.md](matrix.md), or with a search [matrix.html](matrix.html)."
    yield "What a grade means: [grades](../grades.md). Chips without a table: [no public table](../no-public-table.md)."
    yield "To add one: [adding a target](../adding-a-target.md).\n"
    yield "| target | chip | toolchain | precisions | operators with rows | grade |\n|---|---|---|---|---|---|"
    for t in every:
        figures = f"{', '.join(t.precision)} | {len(t.by_op)} | {t.grade.value}"
        yield f"| [{t.id}]({t.id}.md) | {_cell(t.chip)} | {_cell(t.toolchain)} | {figures} |"
    yield ""


def _matrix(every: tuple[Target, ...]) -> Iterator[str]:
    """Write operators against targets: the rows' statuses, `?` after those with conditions, empty without rows."""
    yield "# Operators and targets\n"
    yield "The statuses of an operator's rows; `?` marks rows with conditions; empty where the target has no row.\n"
    yield "| operator | " + " | ".join(t.id for t in every) + " |"
    yield "|---" * (len(every) + 1) + "|"
    for op in sorted({op for target in every for op in target.by_op}):
        cells = []
        for target in every:
            words = dict.fromkeys(r.status.value + ("?" if r.require else "") for r in target.by_op.get(op, ()))
            cells.append(", ".join(words))
        yield f"| {op} | " + " | ".join(cells) + " |"
    yield ""


def _first_sentence(text: str) -> str:
    paragraph = " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", paragraph)[0]


def _records() -> Iterator[str]:
    """Describe the report's records, each after the one that it first appears in."""
    waiting: list[type[Any]] = [report.Report]
    done: set[str] = set()
    while waiting:
        record = waiting.pop(0)
        if record.__name__ in done:
            continue
        done.add(record.__name__)
        hints = typing.get_type_hints(record, include_extras=True)
        rows = [(field.name, *typing.get_args(hints[field.name])[:2]) for field in dataclasses.fields(record)]
        described = " ".join((record.__doc__ or "").split())
        lines = [f"| `{name}` | {_cell(_type(kind))} | {_cell(meaning)} |" for name, kind, meaning in rows]
        yield "\n".join(
            [f"## {record.__name__}", "", described, "", "| key | type | meaning |", "|---|---|---|", *lines, ""]
        )
        inner = [found for _, kind, _ in rows for found in _dataclasses_in(kind)]
        waiting = inner + waiting


def _dataclasses_in(kind: Any) -> Iterator[type[Any]]:
    if dataclasses.is_dataclass(kind):
        yield typing.cast("type[Any]", kind)
    for argument in typing.get_args(kind):
        yield from _dataclasses_in(argument)


def _type(kind: Any) -> str:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        name = typing.cast("type[Any]", kind).__name__
        return f"[{name}](#{name.lower()})"
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"map to {_type(arguments[1])}"
    if arguments:
        return " or ".join(_type(argument) for argument in arguments)
    return {str: "string", int: "integer", float: "number", bool: "true or false", type(None): "null"}[kind]


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def main() -> int:
    """Write or check the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    wanted = dict(pages())
    generated = {page for folder in ("rules", "targets", "composites") for page in (DOCS / folder).glob("*.md")}
    stale = [page for page, text in wanted.items() if not page.exists() or page.read_text(encoding="utf-8") != text]
    left_over = sorted(generated - set(wanted))
    if check:
        for page in (*stale, *left_over):
            print(f"{page.relative_to(DOCS.parent)} is stale: run `make docs`", file=sys.stderr)
        return 1 if stale or left_over else 0
    for page in stale:
        page.parent.mkdir(exist_ok=True)
        page.write_text(wanted[page], encoding="utf-8")
    for page in left_over:
        page.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
