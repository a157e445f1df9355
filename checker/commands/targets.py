"""``edgelint targets``: which targets there are, and the whole table of one.

A table from a folder of the reader's own is looked through for what would otherwise pass in silence: names of operators
and arguments that ONNX does not know, versions that do not exist.  Each is a note; the tables that come with edgelint
are looked through by its tests.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from checker import targets
from checker.commands.output import emit, in_color, remark, width
from checker.render import tables
from checker.render.json import dumps

if TYPE_CHECKING:
    from checker.target import Target


def run(options: Namespace) -> int:
    """List all targets, or show those that the id or vendor's name means."""
    found = targets.find([options.id], options.opsets) if options.id else targets.read_all(options.opsets)
    for line in _faults(found, options.opsets):
        remark(line)
    if options.format == "json":
        shown = [tables.whole(t) if options.id else tables.summary(t) for t in found]
        emit(dumps(shown[0] if options.id and len(shown) == 1 else shown), options.output)
        return 0
    if not options.id:
        emit("".join(f"{line}\n" for line in tables.listing(found, width())), options.output)
        return 0
    from checker.render.terminal import paint, section

    blocks = [section(title, lines) for target in found for title, lines in tables.sections(target)]
    emit(paint(blocks, width=width(), color=in_color(options)), options.output)
    return 0


def _faults(found: Sequence[Target], folders: Sequence[str]) -> Iterator[str]:
    """Yield what is doubtful about tables in these folders, and which of them stand in for one that is shipped."""
    if not folders:
        return
    from checker.table_lint import lint

    own = [target for target in found if any(Path(target.path).is_relative_to(folder) for folder in folders)]
    shipped = set(targets.ids()) if own else set()
    for target in own:
        if target.id in shipped:
            yield f"{target.path}: stands in for the table of `{target.id}` that comes with edgelint"
        yield from lint(target)
