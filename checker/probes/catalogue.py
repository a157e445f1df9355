"""The cases that a toolchain is asked where none are named: limits described as data, and all that was ever asked.

``opsets/evidence/cases/*.toml`` describes cases on both sides of limits in few words; the evidence files hold the rest:
what one toolchain was asked, the next is asked too.  Same files, same cases, same order.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from checker.errors import InputError
from checker.probes import evidence
from checker.table_file import decode

FIRST_OPSET: Final = 7
"""No exporter in use writes an older one."""

ABSENT: Final = ""
"""An input's text where it is left out."""

_KEYS: Final = frozenset({"name", "since", "inputs", "attrs", "types", "vary", "change"})


def every() -> Iterator[dict[str, Any]]:
    """Yield every case once: ``{"case", "asked"}``."""
    return once(itertools.chain(described(), recorded()))


def once(cases: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the first case of those that ask the same."""
    seen = set()
    for case in cases:
        key = json.dumps(case["asked"], sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield case


def recorded() -> Iterator[dict[str, Any]]:
    """Yield what the shipped evidence files asked; workarounds are one toolchain's own and are left out."""
    for path in evidence.files():
        for _, record in evidence.records(path):
            if record.get("record") == "op" and not record.get("variant"):
                yield {"case": record["case"], "asked": record["asked"]}


def described() -> Iterator[dict[str, Any]]:
    """Yield the cases that the data files describe.

    Raises:
        InputError: a fault in a file.
    """
    for path in sorted((evidence.folder() / "cases").glob("*.toml")):
        for entry in decode(path.read_text(encoding="utf-8"), str(path)).get("op", ()):
            if unknown := set(entry) - _KEYS:
                raise InputError(f"{path}: {entry.get('name')}: unknown key `{min(unknown)}`")
            names = entry["name"] if isinstance(entry["name"], list) else [entry["name"]]
            for name in names:
                yield from once(expand(name, entry))


def expand(op: str, entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the cases of one operator: each schema version, element type and change, one at a time."""
    inputs = dict(_split(text) for text in entry["inputs"])
    changes: dict[str, Mapping[str, Any]] = {"": {}}
    for key, values in entry.get("vary", {}).items():
        changes.update((f"{key}={_label(value)}", {key: value}) for value in values)
    changes.update(entry.get("change", {}))
    for since in versions(op, entry.get("since", "")):
        for kind in entry.get("types", ("float32",)):
            for label, change in changes.items():
                named = {**inputs, **{key: value for key, value in change.items() if key in inputs or _is_input(value)}}
                attrs = {**entry.get("attrs", {}), **{key: v for key, v in change.items() if key not in named}}
                asked = {
                    "op": op,
                    "opset": max(since, FIRST_OPSET),
                    "inputs": specs(named, kind),
                    "attrs": {key: value for key, value in attrs.items() if _has(op, since, key)},
                }
                suffix = "" if kind == "float32" else f"-{kind}"
                yield {"case": f"{op}-{since}/limit-{label or 'base'}{suffix}", "asked": asked}


def versions(op: str, spans: str) -> list[int]:
    """Return the schema versions in force from opset 7 on, those in ``spans`` such as ``"..9,13.."``."""
    from checker import schema

    known = sorted(each.since for each in schema.history(op, "") if not each.deprecated)
    in_force = [
        since for since, after in zip(known, [*known[1:], None], strict=True) if not after or after > FIRST_OPSET
    ]
    found = []
    for since in in_force:
        for span in (spans or "..").split(","):
            low, _, high = span.partition("..")
            if int(low or 0) <= since <= int(high or since):
                found.append(since)
                break
    return found


@cache
def _has(op: str, since: int, attribute: str) -> bool:
    """Tell whether a schema version has an attribute."""
    from checker import schema

    found = schema.find(op, "", since)
    return found is not None and attribute in found.attributes


def specs(inputs: Mapping[str, str], kind: str) -> list[dict[str, Any] | None]:
    """Return the inputs as ``probes.cases.build`` wants them; one left out before others is None."""
    made = [None if text == ABSENT else spec(name, text, kind) for name, text in inputs.items()]
    while made and made[-1] is None:
        made.pop()
    return made


def spec(name: str, text: str, kind: str) -> dict[str, Any]:
    """Read an input's text, such as ``"const T 8x1x1 = 1 2"``; ``T`` stands for ``kind``."""
    head, equals, values = text.partition("=")
    words = head.split()
    const = words[0] == "const"
    dtype, *sizes = words[const:]
    made: dict[str, Any] = {
        "name": name,
        "dtype": kind if dtype == "T" else dtype,
        "shape": [int(size) if size.isdigit() else size for size in (sizes[0].split("x") if sizes else ())],
    }
    if const:
        made["const"] = True
    if equals:
        made["value"] = [float(value) if "." in value else int(value) for value in values.split()]
    return made


def _split(text: str) -> tuple[str, str]:
    name, _, rest = text.partition(":")
    return name.strip(), rest.strip()


def _is_input(value: object) -> bool:
    """Tell an input's text from an attribute's: it has a type and sizes, or is no input at all."""
    return isinstance(value, str) and value.startswith(("T ", "const ", "bool ", "int64 ", "int32 ", "float32 "))


def _label(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "_".join(str(each) for each in value)
    return str(value).replace(" ", "_") or "absent"
