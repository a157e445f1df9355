"""Reading one target file: every fault is one line that names the file, the row and what is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Final, NoReturn

from checker import plain_toml
from checker.constraint import ConstraintError, parse
from checker.errors import InputError
from checker.facts import Recipe
from checker.rows import Piece
from checker.stages import STAGES
from checker.table_keys import (
    ALWAYS_KEYS,
    FIGURES,
    HEADER_KEYS,
    MODEL_KEYS,
    OP_KEYS,
    RECIPE_KEYS,
    ROW_STATUSES,
    SOURCE_KEYS,
    TOP_KEYS,
)
from checker.target import (
    KINDS,
    PRECISIONS,
    AlwaysRule,
    Figures,
    Insert,
    ModelRule,
    Row,
    Source,
    Status,
    Versions,
)

NEWEST: Final = 10_000
"""Upper end of an open range of versions."""

HEADERS: Final = re.compile(r"^(?=\[)", re.MULTILINE)
INHERITS: Final = re.compile(r"^inherits\s*=\s*true\b", re.MULTILINE)
REFUSES: Final = re.compile(r"""^status\s*=\s*["']unsupported["']""", re.MULTILINE)
NAME: Final = re.compile(r"""^name\s*=\s*("[^"\\]*"|\[[^\]]*\])""", re.MULTILINE)


def near(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean `x`?`` where a known word is near, else nothing."""
    found = difflib.get_close_matches(word, sorted(known), n=1)
    return f"; did you mean `{found[0]}`?" if found else ""


def decode(text: str, path: str) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        InputError: the text is not TOML.
    """
    try:
        return plain_toml.loads(text)
    except plain_toml.TOMLDecodeError as error:
        raise InputError(f"{path}: not a TOML file: {error}") from None


def split(text: str) -> tuple[str, list[str]] | None:
    """Take a target file apart without reading it.

    Returns:
        Everything but the ``[[op]]`` entries, and these, each as it is written; None where an entry does not plainly
        name its operators.
    """
    parts = HEADERS.split(text)
    entries = [part for part in parts if part.startswith("[[op]]")]
    rest = [part for part in parts if not part.startswith("[[op]]")]
    if any(NAME.search(part) is None for part in entries) or any(part.lstrip("[ ").startswith("op") for part in rest):
        return None
    return "".join(rest), entries


class Table:
    """One target file while it is read; knows where it is, for the error message."""

    def __init__(self, data: Mapping[str, Any], path: str, inherited: Mapping[str, Source], *, eager: bool) -> None:
        """Keep the decoded file; ``eager`` parses every constraint at once, to find faults in a stranger's table."""
        self.data, self.path, self.eager = data, path, eager
        self.place = ""
        self.id = ""
        self.keys(data, TOP_KEYS)
        header = data.get("target")
        self.place = "[target]"
        if not isinstance(header, dict):
            self.fault("the file has no [target] table")
        self.keys(header, HEADER_KEYS)
        self.header: dict[str, Any] = header
        self.id = self.text(header, "id", required=True)
        self.sources = {**inherited, **self._sources()}

    def fault(self, what: str) -> NoReturn:
        """Stop with a line that names the file and the place in it.

        Raises:
            InputError: always.
        """
        where = f"{self.path}: {self.place}: " if self.place else f"{self.path}: "
        raise InputError(where + what)

    def keys(self, entry: Mapping[str, Any], known: Sequence[str]) -> None:
        """Refuse a key that nobody reads."""
        if entry.keys() <= set(known):
            return
        for key in entry:
            if key not in known:
                self.fault(f"unknown key `{key}`{near(key, known)}")

    def text(self, entry: Mapping[str, Any], key: str, *, required: bool = False) -> str:
        """Return a string; the empty one where the key is absent."""
        value = entry.get(key, "")
        if not isinstance(value, str) or (required and not value):
            self.fault(f"`{key}` must be a text" + (", and is missing" if key not in entry else ""))
        return value

    def flag(self, entry: Mapping[str, Any], key: str, *, default: bool) -> bool:
        """Return a truth value."""
        value = entry.get(key, default)
        if not isinstance(value, bool):
            self.fault(f"`{key}` must be true or false")
        return value

    def word(self, entry: Mapping[str, Any], key: str, known: Iterable[str], default: str = "") -> str:
        """Return one of some words; the default where the key is absent and there is one."""
        words = known if isinstance(known, tuple) else tuple(known)
        value = entry.get(key, default)
        if value == default and key not in entry and default:
            return default
        if value not in words:
            hint = near(value, words) if isinstance(value, str) else ""
            self.fault(f"`{key}` must be one of {', '.join(words)}, not {value!r}{hint}")
        return str(value)

    def texts(self, entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
        """Return a list of strings; one string is a list of one."""
        value = entry.get(key, ())
        if not value and key not in entry:
            return ()
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.fault(f"`{key}` must be a text or a list of texts")
        return tuple(items)

    def precisions(self, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """Return precision words."""
        words = self.texts(entry, "precision")
        for word in words:
            if word not in PRECISIONS:
                self.fault(f"unknown precision `{word}`{near(word, PRECISIONS)}; known: {', '.join(PRECISIONS)}")
        return words

    def evidence(self, entry: Mapping[str, Any]) -> tuple[Source, ...]:
        """Return the sources that an entry cites; there must be one."""
        cited = self.texts(entry, "evidence")
        if not cited:
            self.fault("`evidence` is missing: every claim cites a [source]")
        for name in cited:
            if name not in self.sources:
                self.fault(f"unknown source `{name}`{near(name, self.sources)}")
        return tuple(self.sources[name] for name in cited)

    def requirements(self, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the constraints of an entry, as text: one line each, however the table breaks a long one."""
        lines = tuple(" ".join(line.split()) for line in self.texts(entry, "require"))
        if self.eager:
            try:
                for line in lines:
                    parse(line)
            except ConstraintError as error:
                self.fault(str(error))
        return lines

    def versions(self, entry: Mapping[str, Any], key: str) -> Versions | None:
        """Return a set of versions: a number, a list of numbers, or text such as ``7..19``, ``..19``, ``13..``."""
        if key not in entry:
            return None
        value = entry[key]
        if isinstance(value, int) and not isinstance(value, bool):
            value = [value]
        if isinstance(value, list) and value and all(type(item) is int for item in value):
            return Versions(tuple((item, item) for item in value), ", ".join(str(item) for item in value))
        found = re.fullmatch(r"(\d*)\.\.(\d*)|(\d+)", value) if isinstance(value, str) else None
        if found is None or value == "..":
            self.fault(
                f"`{key}` must be a list of versions or a range such as `7..19`, `..19` or `13..`, not {value!r}"
            )
        low = int(found[1] or found[3] or 1)
        high = int(found[2] or found[3] or NEWEST)
        if low > high:
            self.fault(f"`{key}` is an empty range: {value}")
        return Versions(((low, high),), value)

    def _sources(self) -> dict[str, Source]:
        found = {}
        tables = self.data.get("source", {})
        self.place = "[source]"
        if not isinstance(tables, dict):
            self.fault("sources are written [source.NAME]")
        for name, entry in tables.items():
            self.place = f"[source.{name}]"
            if not isinstance(entry, dict):
                self.fault("sources are written [source.NAME]")
            self.keys(entry, SOURCE_KEYS)
            day = entry.get("date", "")
            found[name] = Source(
                id=name,
                kind=self.word(entry, "kind", KINDS),
                where=self.text(entry, "where", required=True),
                title=self.text(entry, "title"),
                version=self.text(entry, "version"),
                date=day.isoformat() if isinstance(day, date) else str(day),
            )
        return found

    def _entries(self, key: str, known: Sequence[str]) -> Iterable[tuple[int, dict[str, Any]]]:
        entries = self.data.get(key, [])
        self.place = f"[[{key}]]"
        if not isinstance(entries, list):
            self.fault(f"rows are written [[{key}]]")
        for index, entry in enumerate(entries, 1):
            name = entry.get("name", "") if key == "op" else ""
            self.place = f"[[{key}]] row {index}" + (f" ({name})" if name else "")
            self.keys(entry, known)
            yield index, entry

    def rows(self) -> tuple[Row, ...]:
        """Return the ``[[op]]`` entries; one whose name is a list of operators stands for a row of each."""
        found: list[Row] = []
        for index, entry in self._entries("op", OP_KEYS):
            found += self._rows(index, entry)
        return tuple(found)

    def _rows(self, index: int, entry: Mapping[str, Any]) -> Iterator[Row]:
        names = self.texts(entry, "name")
        if not names:
            self.fault("`name` is missing: an ONNX operator, or DOMAIN.OPERATOR")
        row: dict[str, Any] = {"status": Status(self.word(entry, "status", ROW_STATUSES))}
        row["sources"] = self.evidence(entry)
        for key in entry:
            read = _OPTIONAL.get(key)
            if read is not None:
                row[key] = read(self, entry)
        for name in names:
            yield Row(op=name, index=index, table=self.id, **row)

    def pieces(self, written: Iterable[str]) -> Iterator[Piece]:
        """Yield the ``[[op]]`` entries as they are written, to be read when their operators are asked for."""
        for index, text in enumerate(written, 1):
            named = NAME.search(text)
            listed = named[1] if named else ""
            names = [listed[1:-1]] if listed.startswith('"') else decode(f"x = {listed}", self.path)["x"]
            inherits, refuses = INHERITS.search(text) is not None, REFUSES.search(text) is not None
            yield Piece(names, partial(self._piece, index, text), inherits=inherits, refuses=refuses)

    def _piece(self, index: int, text: str) -> tuple[Row, ...]:
        (entry,) = decode(text, self.path)["op"]
        self.place = f"[[op]] row {index} ({entry.get('name', '')})"
        self.keys(entry, OP_KEYS)
        return tuple(self._rows(index, entry))

    def inserts(self, entry: Mapping[str, Any]) -> tuple[Insert, ...]:
        """Return what the compiler adds around a row's operator."""
        found = []
        for item in entry.get("inserts", []):
            if not isinstance(item, dict) or set(item) != {"op", "on"} or item["on"] not in ("host", "accelerator"):
                self.fault('`inserts` is a list of {op = "Transpose", on = "host" or "accelerator"}')
            found.append(Insert(str(item["op"]), str(item["on"])))
        return tuple(found)

    def model(self) -> tuple[ModelRule, ...]:
        """Return the ``[[model]]`` entries."""
        found = []
        for index, entry in self._entries("model", MODEL_KEYS):
            rule = ModelRule(
                require=self.requirements(entry),
                otherwise=self.word(entry, "otherwise", ("refused", "all-fallback", "fallback")),
                host=self.texts(entry, "host"),
                change=self.text(entry, "change"),
                precision=self.precisions(entry),
                sources=self.evidence(entry),
                note=self.text(entry, "note"),
                index=index,
                table=self.id,
            )
            if not rule.require:
                self.fault("`require` is missing")
            if bool(rule.host) != (rule.otherwise == "fallback"):
                self.fault('`host` names the operators that `otherwise = "fallback"` is about, and goes with it only')
            found.append(rule)
        return tuple(found)

    def always(self) -> tuple[AlwaysRule, ...]:
        """Return the ``[[always]]`` entries."""
        found = []
        for index, entry in self._entries("always", ALWAYS_KEYS):
            rule = AlwaysRule(
                require=self.requirements(entry),
                precision=self.precisions(entry),
                change=self.text(entry, "change"),
                sources=self.evidence(entry),
                note=self.text(entry, "note"),
                index=index,
                table=self.id,
            )
            if not rule.require:
                self.fault("`require` is missing")
            found.append(rule)
        return tuple(found)

    def recipe(self) -> Recipe | None:
        """Return the ``[quantization]`` table, None where the file has none."""
        entry = self.data.get("quantization")
        if entry is None:
            return None
        self.place = "[quantization]"
        self.keys(entry, RECIPE_KEYS)
        if "evidence" in entry:
            self.evidence(entry)
        types = ("int8", "uint8", "int16", "uint16")
        return Recipe(
            activation=self.word(entry, "activation", types, "int8"),
            symmetric=self.flag(entry, "symmetric", default=False),
            weights=self.word(entry, "weights", ("per-channel", "per-tensor"), "per-channel"),
            weights_symmetric=self.flag(entry, "weights_symmetric", default=True),
            weight=self.word(entry, "weight", ("int8", "uint8", "int4"), "int8"),
        )

    def figures(self, key: str) -> Figures | None:
        """Return a table of figures about the chip, None where the file has none."""
        entry = self.data.get(key)
        if entry is None:
            return None
        self.place = f"[{key}]"
        self.keys(entry, (*FIGURES[key], "evidence", "note"))
        values = {name: value for name, value in entry.items() if name in FIGURES[key]}
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                self.fault(f"`{name}` must be a number above zero")
        self.text(entry, "note", required=not FIGURES[key])
        return Figures(values, self.evidence(entry), self.text(entry, "note"))


_OPTIONAL: Final[Mapping[str, Callable[[Table, Mapping[str, Any]], Any]]] = {
    "inherits": lambda table, entry: table.flag(entry, "inherits", default=False),
    "form": lambda table, entry: table.word(entry, "form", ("operator", "decomposed")),
    "opset": lambda table, entry: table.versions(entry, "opset"),
    "since": lambda table, entry: table.versions(entry, "since"),
    "precision": Table.precisions,
    "require": Table.requirements,
    "into": lambda table, entry: table.texts(entry, "into"),
    "inserts": Table.inserts,
    "runs_as": lambda table, entry: table.word(entry, "runs_as", PRECISIONS),
    "dynamic": lambda table, entry: table.flag(entry, "dynamic", default=False),
    "stage": lambda table, entry: table.word(entry, "stage", STAGES),
    "change": lambda table, entry: table.text(entry, "change"),
    "note": lambda table, entry: table.text(entry, "note"),
}
"""How each key that a row need not have is read."""
