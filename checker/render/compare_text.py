"""A comparison for people, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from checker.render import compare
from checker.render.terminal import ANSWER_STYLES, indented, paint, shown

if TYPE_CHECKING:
    from checker.sides import Beside, SideTarget, TargetPair


def render(found: Beside, *, width: int, color: bool) -> str:
    """Render both models, then each target with who is easier and why.

    Args:
        found: the comparison.
        width: columns.
        color: whether to write ANSI colours.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold", ratio=1)
    table.add_column(overflow="fold", ratio=1)
    one, two = compare.names(found)
    table.add_row("", shown(f"A {one}", "bold"), shown(f"B {two}", "bold"))
    for label, mine, theirs in compare.rows(found):
        table.add_row(label, shown(mine), shown(theirs))
    return paint(
        [table, *(_target(pair) for pair in found.targets), shown(compare.summary(found))], width=width, color=color
    )


def _target(pair: TargetPair) -> RenderableType:
    easier = {"a": "A is easier", "b": "B is easier", "same": "alike", "unclear": "not known"}[pair.easier]
    head = Text.assemble((pair.id, "bold"), f" ({pair.toolchain}): ", (easier, "bold"))
    return Group(
        head,
        *(_side(name, side) for name, side in (("A", pair.a), ("B", pair.b))),
        indented(shown(pair.why)),
        *(indented(shown(line, "dim"), 4) for line in compare.reasons(pair)),
    )


def _side(name: str, side: SideTarget) -> RenderableType:
    said = shown(f"{name}  {compare.cell(side)}")
    said.stylize(ANSWER_STYLES[side.answer], 3, 3 + len(side.answer))
    return indented(said)
