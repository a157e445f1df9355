"""``edgelint check``: audit models against targets."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from checker import audit
from checker.commands.gating import gating
from checker.commands.output import complain, emit, remark
from checker.commands.rendering import rendered
from checker.errors import InputError
from checker.files import expand, stands_for_many
from checker.render.progress import progress

if TYPE_CHECKING:
    from checker.report import Report


def run(options: Namespace) -> int:
    """Audit every model; one that cannot be read is a line on standard error, the others are reported all the same.

    Raises:
        InputError: bad usage, or the only model that was asked for cannot be read.
    """
    if options.format == "cyclonedx":
        options.hash = True
    reports: list[Report] = []
    drawn: list[audit.Examined] = []
    with _models(options) as (models, many):
        held = gating(options, _rules(options.select), _rules(options.ignore), alone=len(models) == 1)
        alone = len(models) == 1
        # one file is slow only where many targets are asked about, so then these are the steps
        total = len(held.settings(models[0][0]).targets) if alone else len(models)
        with progress("checking", total if total > 1 else 0, quiet=options.quiet) as done:
            for shown, path in models:
                settings = held.settings(shown)
                examined = _examined(path, settings, shown, many=many, watch=done if alone else None)
                if examined:
                    judged = replace(examined, report=held.judged(examined.report))
                    reports.append(judged.report)
                    drawn += [judged] if options.format == "html" else []
                if not alone:
                    done(shown)
    if drawn:
        from checker.render.html import render

        emit(render(drawn), options.output)
    elif reports:
        emit(rendered(reports, options, many=many), options.output)
    if len(reports) < len(models):
        return 2
    return 0 if all(report.gate is None or report.gate.passed for report in reports) else 1


def _examined(
    path: str, settings: audit.Settings, shown: str, *, many: bool, watch: Callable[[str], None] | None
) -> audit.Examined | None:
    """Audit one of the models; None where it cannot be read and there are others."""
    try:
        return audit.examine(path, settings, shown_as=shown, watch=watch)
    except InputError as error:
        if not many:
            raise
        complain(str(error))
        return None


@contextmanager
def _models(options: Namespace) -> Iterator[tuple[Sequence[tuple[str, str]], bool]]:
    """Yield (path to show, path to read) pairs and whether a list was asked for; a torch model is exported first."""
    if not options.input:
        for given in ("opset", "exporter"):
            if getattr(options, given) is not None:
                raise InputError(f"--{given} is for torch models: name one as MODULE:CALLABLE and give its --input")
        yield [(path, path) for path in expand(options.paths)], stands_for_many(options.paths)
        return
    from checker.export import export, names_a_model, parse_input

    if len(options.paths) != 1 or not names_a_model(options.paths[0]):
        raise InputError("--input is for one torch model, named as MODULE:CALLABLE where no file bears that name")
    model = options.paths[0]
    inputs = [parse_input(text) for text in options.input]
    with tempfile.TemporaryDirectory(prefix="edgelint-") as folder:
        path = str(Path(folder) / "model.onnx")
        written = export(model, inputs, path, opset=options.opset, exporter=options.exporter or "dynamo")
        for note in written.notes:
            remark(f"{model}: {note}")
        yield [(model, path)], False


def _rules(words: Sequence[str]) -> tuple[str, ...]:
    """Split lists at commas and see that every rule exists.

    Raises:
        InputError: there is no such rule.
    """
    from checker.rules import RULES
    from checker.table_file import near

    known = {rule.id for rule in RULES}
    names = tuple(name.strip() for word in words for name in word.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise InputError(f"unknown rule `{name}`{near(name, known)}")
    return names
