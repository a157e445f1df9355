"""Put the page together: template, style sheet, libraries, scripts, data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from checker.render.html.drawing import draw
from checker.render.json import plain

if TYPE_CHECKING:
    from checker.audit import Examined

LAYOUT: Final = ("vendor/d3-dag.iife.min.js", "app/layout.js")
"""Also run in a worker, so that a large network does not block the page."""

SCRIPTS: Final = (
    "vendor/cytoscape.min.js",
    "vendor/chart.umd.min.js",
    "app/dom.js",
    "app/model.js",
    "app/view.js",
    "app/style.js",
    "app/verdicts.js",
    "app/detail.js",
    "app/findings.js",
    "app/gate.js",
    "app/charts.js",
    "app/cost.js",
    "app/network.js",
    "app/main.js",
)
"""In the order in which they run."""


def render(examined: Sequence[Examined]) -> str:
    """Render the reports on some models as one page.

    Args:
        examined: at least one; the page has a choice of models where there are several.
    """
    data = [packed(plain(each.report), plain(draw(each))) for each in examined]
    page = _read("app/page.html")
    parts = {
        "STYLE": _read("app/page.css"),
        "LAYOUT": "\n".join(_script(_read(name)) for name in LAYOUT),
        "SCRIPTS": "\n".join(f"<script>\n{_script(_read(name))}\n</script>" for name in SCRIPTS),
        "DATA": embedded(data),
        "TITLE": _text(examined[0].report.model.path if len(examined) == 1 else f"{len(examined)} models"),
    }
    before = page
    written = []
    while before:
        head, mark, rest = before.partition("{{")
        written.append(head)
        if mark:
            name, _, rest = rest.partition("}}")
            written.append(parts[name])
        before = rest
    return "".join(written)


def packed(report: dict[str, Any], drawing: dict[str, Any]) -> dict[str, Any]:
    """Write what is said of every node of every target in numbers: a page on forty targets would be huge otherwise.

    Names of nodes that are drawn become their positions; each distinct entry of a target's nodes stands once in
    ``entries``, without its names, and in the target as [entry, position or name, covered positions or names].
    """
    place: dict[str, int] = {}
    for index, node in enumerate(drawing["nodes"]):
        if node["op"] not in {"input", "output"}:
            place.setdefault(node["name"], index)
    kinds: dict[tuple[Any, ...], int] = {}

    def short(names: Sequence[str]) -> list[int | str]:
        return [place.get(name, name) for name in names]

    for target in report["targets"]:
        nodes = []
        for entry in target["nodes"]:
            what = (entry["op"], entry["status"], entry["grade"], entry["row"], tuple(entry["into"]))
            kind = kinds.setdefault(what, len(kinds))
            nodes.append(
                [
                    kind,
                    *short([entry["name"]]),
                    *([] if entry["covers"] == [entry["name"]] else [short(entry["covers"])]),
                ]
            )
        target["nodes"] = nodes
        for reason in target["reasons"]:
            reason["nodes"] = short(reason["nodes"])
    report["cost"].pop("nodes", None)  # the drawing has what a reader looks at a node for
    for finding in (*report["findings"], *report["composites"]):
        finding["nodes"] = short(finding["nodes"])
    return {"report": report, "drawing": drawing, "entries": [list(kind) for kind in kinds]}


def embedded(data: Any) -> str:
    """Write JSON so that nothing in it ends the element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _script(text: str) -> str:
    """Return a script as it may stand in a page: one of ours or a library's, neither of which ends the element."""
    return text.replace("</script", "<\\/script")


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _read(name: str) -> str:
    return (files("checker.render.html") / name).read_text(encoding="utf-8")
