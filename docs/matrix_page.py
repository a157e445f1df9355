"""The matrix of operators and targets as a page with a search: docs/targets/matrix.html."""

from __future__ import annotations

import html
from collections.abc import Sequence

from checker.target import Status, Target

SIGNS = {
    Status.NATIVE: "native",
    Status.DECOMPOSED: "decomposed",
    Status.FOLDED: "folded",
    Status.FALLBACK: "fallback",
    Status.UNSUPPORTED: "unsupported",
    Status.UNKNOWN: "unknown",
}

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; \
style-src 'unsafe-inline'">
<title>edgelint: operators and targets</title>
<style>
:root { color-scheme: light dark; --page: #fff; --text: #1d2129; --line: #c9ced6; --n: #b7e4c7; --f: #ffd59e;
  --u: #ffb3b3; --k: #dcc8f5; --d: #bfe3ec; }
@media (prefers-color-scheme: dark) { :root { --page: #15181d; --text: #e6e9ee; --line: #3a424d; --n: #1f6b3b;
  --f: #8a5310; --u: #93282c; --k: #5f3d8c; --d: #1d5b6b; } }
body { margin: 16px; background: var(--page); color: var(--text); font: 14px/1.4 system-ui, sans-serif; }
label { margin-right: 20px; }
input { font: inherit; padding: 3px 8px; width: 16em; max-width: 100%; }
.scroll { overflow: auto; max-height: 82vh; margin-top: 12px; border: 1px solid var(--line); }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: 2px 7px; white-space: nowrap; font-size: 13px; }
thead th { position: sticky; top: 0; background: var(--page); writing-mode: vertical-rl; text-align: left; }
tbody th { position: sticky; left: 0; background: var(--page); text-align: left; }
thead th:first-child { left: 0; z-index: 2; writing-mode: horizontal-tb; vertical-align: bottom; }
.native { background: var(--n); } .decomposed, .folded { background: var(--d); } .fallback { background: var(--f); }
.unsupported { background: var(--u); } .unknown { background: var(--k); }
a { color: inherit; }
</style>
</head>
<body>
<h1>Operators and targets</h1>
<p>The statuses of an operator's rows; <code>?</code> marks rows with conditions; empty where the target has no row.
The target's page has the conditions and the sources, and <a href="../grades.md">grades</a> tells how good they are.</p>
<label>Operator <input id="op" type="search" placeholder="such as Softmax, or pool" autofocus></label>
<label>Target <input id="target" type="search" placeholder="such as rockchip, or int8"></label>
<span id="count" role="status"></span>
<div class="scroll"><table>
"""

TAIL = """</table></div>
<script>
"use strict";
const heads = [...document.querySelectorAll("thead th")].slice(1);
const rows = [...document.querySelectorAll("tbody tr")];
const words = (id) => document.getElementById(id).value.trim().toLowerCase().split(/\\s+/).filter(Boolean);
const holds = (text, all) => all.every((word) => text.toLowerCase().includes(word));
function narrow() {
  const [op, target] = [words("op"), words("target")];
  const shown = heads.map((head) => holds(head.dataset.about, target));
  heads.forEach((head, index) => (head.hidden = !shown[index]));
  let left = 0;
  for (const row of rows) {
    row.hidden = !holds(row.firstElementChild.textContent, op);
    left += row.hidden ? 0 : 1;
    [...row.children].slice(1).forEach((cell, index) => (cell.hidden = !shown[index]));
  }
  const many = shown.filter(Boolean).length;
  document.getElementById("count").textContent = `${left} operators, ${many} targets`;
}
for (const id of ["op", "target"]) document.getElementById(id).addEventListener("input", narrow);
narrow();
</script>
</body>
</html>
"""


def page(every: Sequence[Target]) -> str:
    """Return the page for all targets."""
    lines = [HEAD, "<thead><tr><th>operator</th>"]
    for target in every:
        about = f"{target.id} {target.vendor} {target.chip} {' '.join(target.precision)} {target.grade.value}"
        lines.append(f'<th scope="col" data-about="{html.escape(about)}"><a href="{target.id}.md">{target.id}</a></th>')
    lines.append("</tr></thead>\n<tbody>")
    for op in sorted({op for target in every for op in target.by_op}, key=str.lower):
        cells = "".join(cell(target, op) for target in every)
        lines.append(f'<tr><th scope="row">{html.escape(op)}</th>{cells}</tr>')
    lines.append("</tbody>")
    return "\n".join(lines) + "\n" + TAIL


def cell(target: Target, op: str) -> str:
    """Return the cell of an operator on a target, coloured by the best that can become of it."""
    rows = target.by_op.get(op, ())
    if not rows:
        return "<td></td>"
    words = dict.fromkeys(SIGNS[row.status] + ("?" if row.require else "") for row in rows)
    best = min((row.status for row in rows), key=tuple(SIGNS).index)
    return f'<td class="{SIGNS[best]}">{", ".join(words)}</td>'
