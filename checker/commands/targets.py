"""``edgelint targets``: which targets there are, and the whole table of one."""

from __future__ import annotations

from argparse import Namespace

from checker import targets
from checker.commands.output import emit, in_color, width
from checker.render import tables
from checker.render.json import dumps


def run(options: Namespace) -> int:
    """List all targets, or show those that the id or vendor's name means."""
    found = targets.find([options.id], options.opsets) if options.id else targets.read_all(options.opsets)
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
