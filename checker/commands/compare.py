"""``edgelint compare``: two models side by side on some targets."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from checker import audit
from checker.commands.output import emit, in_color, width
from checker.render.json import dumps
from checker.sides import Beside, beside

if TYPE_CHECKING:
    from checker.report import Report, TargetEntry
    from checker.target import Target


def run(options: Namespace) -> int:
    """Audit both models on the same targets and show them side by side; the exit code judges neither.

    Raises:
        InputError: one of the models cannot be read, or no such target.
    """
    targets = audit.read_targets(options.target, options.opsets)
    settings = audit.Settings(targets=targets, precision=options.precision)
    reports = [audit.audit(path, settings, shown_as=path) for path in (options.a, options.b)]
    in_int8 = _in_int8(options.a, targets, reports[0]), _in_int8(options.b, targets, reports[1])
    emit(_rendered(beside(reports[0], reports[1], in_int8), options), options.output)
    return 0


def _in_int8(path: str, targets: Sequence[Target], report: Report) -> Mapping[str, TargetEntry]:
    """Audit a model in int8 on the targets that offer it and whose verdict is about another precision."""
    others = {entry.id for entry in report.targets if entry.precision != "int8"}
    offering = tuple(target for target in targets if target.id in others and "int8" in target.precision)
    if not offering:
        return {}
    settings = audit.Settings(targets=offering, precision="int8")
    return {entry.id: entry for entry in audit.audit(path, settings, shown_as=path).targets}


def _rendered(found: Beside, options: Namespace) -> str:
    if options.format == "json":
        return dumps(found)
    if options.format == "markdown":
        from checker.render import compare_markdown

        return compare_markdown.render(found)
    from checker.render import compare_text

    return compare_text.render(found, width=width(), color=in_color(options))
