"""Write the rows of the tables that rest on winml-cli's measurements, below the line that says so.

The head of a table (target, sources, conditions on the file and on every node, rows written by hand) stands above that
line and is left as it is.  An operator with rows above the line gets none below.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cases import Case, read
from derive import Found, Operator, joined, operator, rows
from lines import first_argument

from checker.graph import Graph
from checker.table_file import decode
from checker.table_lint import COMPOSITES

BELOW = "# ---- rows below this line are written by docs/winml/make_tables.py\n"
MARK = re.compile(r"^# provider: (\w+)$", re.MULTILINE)
OPSETS = Path(__file__).resolve().parent.parent.parent / "opsets"
TABLES = ("intel/intel-npu-openvino", "intel/intel-gpu-openvino", "qualcomm/qualcomm-adreno-qnn")


def operators(folder: Path, ask: Callable[[Graph], dict[str, str]] | None = None) -> Iterator[Operator]:
    """Yield every operator of ONNX that was measured; ``ask``: what else is to be noted of a case."""
    found: dict[str, list[tuple[int, list[Case]]]] = defaultdict(list)
    for domain, op, since, cases in read(folder):
        if domain == "ai.onnx":
            found[op].append((since, cases))
    for op, versions in sorted(found.items()):
        yield operator(op, sorted(versions, key=lambda version: version[0]), ask)


def blocks(found: Sequence[tuple[str, Found]]) -> Iterator[str]:
    """Yield ``[[op]]`` entries; operators whose rows are the same in every word share them."""
    by_name: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    cases: dict[tuple[str, tuple[str, ...]], int] = {}
    for name, row in found:
        body = _body(name, row)
        by_name[name].append(body)
        cases[name, body] = row.cases
    alike: dict[tuple[tuple[str, ...], ...], list[str]] = defaultdict(list)
    for name, bodies in by_name.items():
        alike[tuple(bodies)].append(name)
    for bodies, sharing in sorted(alike.items(), key=lambda item: item[1]):
        for body in bodies:
            yield "\n".join(("[[op]]", f"name     = {_names(sharing)}", *body)) + "\n"


def _body(name: str, row: Found) -> tuple[str, ...]:
    first = first_argument(name)
    told = list(row.require)
    if row.dtypes and first:
        told.append(_dtypes(first, row.dtypes))
    return (
        *(['form     = "operator"'] if name in COMPOSITES else []),
        f'status   = "{row.status}"',
        *([f"since    = {list(row.since)}"] if row.since else []),
        *([f"require  = {_list(told)}"] if told else []),
        'evidence = "winml"',
    )


def _dtypes(first: str, dtypes: Sequence[str]) -> str:
    if len(dtypes) == 1:
        return f'{first} == "{dtypes[0]}"'
    kinds = ", ".join(f'"{kind}"' for kind in sorted(dtypes))
    return f"{first} in {{{kinds}}}"


def _list(lines: Sequence[str]) -> str:
    quoted = [f"'{line}'" if '"' in line else f'"{line}"' for line in lines]
    plain = f"[{', '.join(quoted)}]"
    return plain if len(plain) <= 108 else "[\n" + "".join(f"  {line},\n" for line in quoted) + "]"


def _names(names: Sequence[str]) -> str:
    quoted = [f'"{name}"' for name in sorted(names)]
    plain = quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"
    if len(plain) <= 108:
        return plain
    lines, line = [], " "
    for each in quoted:
        if len(line) + len(each) > 115:
            lines.append(line)
            line = " "
        line += f" {each},"
    return "[\n" + "\n".join([*lines, line]) + "\n]"


def rewritten(head: str, measured: Sequence[Operator]) -> str:
    """Return a whole table: the head as it is, and the rows of the provider that it names."""
    mark = MARK.search(head)
    if mark is None:
        raise SystemExit("the head has no line `# provider: NAME_DEVICE`")
    entries = [each["name"] for each in decode(head, "head").get("op", [])]
    by_hand = {name for each in entries for name in (each if isinstance(each, list) else [each])}
    found = [
        (cases.op, row) for cases in measured if cases.op not in by_hand for row in joined(cases, rows(cases, mark[1]))
    ]
    return head + BELOW + "\n" + "\n".join(blocks(found))


def write(path: Path, measured: Sequence[Operator]) -> int:
    """Write the rows of one table and return their number."""
    text = rewritten(path.read_text(encoding="utf-8").split(BELOW)[0], measured)
    path.write_text(text, encoding="utf-8")
    return text.split(BELOW)[1].count("[[op]]")


def main() -> None:
    """Rewrite the tables from the cases that ``cases.py`` wrote."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the cases")
    parser.add_argument("table", type=Path, nargs="*", help="table files; without any the three of the project")
    given = parser.parse_args()
    measured = list(operators(given.folder))
    for path in given.table or [OPSETS / f"{name}.toml" for name in TABLES]:
        print(f"{path.name}: {write(path, measured)} rows")


if __name__ == "__main__":
    main()
