"""A comparison as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker import __version__
from checker.render import compare
from checker.render.markdown import text

if TYPE_CHECKING:
    from checker.sides import Beside


def render(found: Beside) -> str:
    """Render both models in a table, the targets in another, and the reasons below."""
    one, two = compare.names(found)
    lines = [f"### {text(one)} and {text(two)}", "", f"| | A: {text(one)} | B: {text(two)} |", "|---|---|---|"]
    lines += [f"| {label} | {text(mine)} | {text(theirs)} |" for label, mine, theirs in compare.rows(found)]
    if found.targets:
        lines += ["", "| target | A | B | easier | why |", "|---|---|---|---|---|"]
    names = {"a": "A", "b": "B", "same": "alike", "unclear": "not known"}
    for pair in found.targets:
        cells = (pair.id, compare.cell(pair.a), compare.cell(pair.b), names[pair.easier], pair.why)
        lines.append(f"| {' | '.join(map(text, cells))} |")
    for pair in found.targets:
        reasons = list(compare.reasons(pair))
        if reasons:
            lines += ["", "<details>", f"<summary>{text(pair.id)}</summary>", ""]
            lines += [*(f"- {text(reason)}" for reason in reasons), "", "</details>"]
    foot = f"<sub>edgelint {__version__}, target tables {found.tool.tables[:12]}</sub>"
    return "\n".join((*lines, "", text(compare.summary(found)), "", foot)) + "\n"
