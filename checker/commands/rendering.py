"""From reports to the text of a format: which renderer, and what it must be told."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from checker.commands.output import in_color, width

if TYPE_CHECKING:
    from checker.report import Report


def rendered(reports: Sequence[Report], options: Namespace, *, many: bool) -> str:
    """Render reports in the format that was asked for; ``many``: several models were asked about."""
    if options.format == "json":
        from checker.render.json import render as to_json

        return to_json(reports, many=many)
    if options.format == "sarif":
        from checker.render.sarif import render as to_sarif

        return to_sarif(reports, root())
    if options.format == "junit":
        from checker.render.junit import render as to_junit

        return to_junit(reports)
    if options.format == "markdown":
        from checker.render.markdown import render as to_markdown

        return to_markdown(reports)
    if options.format == "github":
        from checker.render.github import render as to_github

        return to_github(reports, root())
    if options.format == "cyclonedx":
        from checker.render.cyclonedx import render as to_cyclonedx

        return to_cyclonedx(reports)
    from checker.render import brief, terminal

    if options.quiet and all(report.gate is not None for report in reports):
        return brief.render(reports, width=width(), color=in_color(options))
    one_each = all(report.gate is not None and len(report.targets) == 1 for report in reports)
    return terminal.render(
        reports,
        width=width(),
        color=in_color(options),
        detail=one_each or options.verbose,
        quiet=options.quiet,
        verbose=options.verbose,
    )


def root() -> Path:
    """Return the folder that paths in code-scanning results are relative to: the repository's, else the current one."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
