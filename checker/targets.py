"""The targets that there are: ``opsets/<vendor>/<target>.toml``, read when they are asked for.

Reading one target opens only its file and those that it extends.  Neither onnx nor numpy is imported here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from checker import listed
from checker.errors import InputError
from checker.paths import opsets_dir
from checker.rows import Piece, Rows
from checker.table_file import Table, decode, near, split
from checker.target import (
    AlwaysRule,
    Figures,
    Form,
    Grade,
    Insert,
    ModelRule,
    Row,
    Source,
    Status,
    Target,
    Versions,
)

__all__ = [
    "AlwaysRule",
    "Figures",
    "Form",
    "Grade",
    "Insert",
    "ModelRule",
    "Row",
    "Source",
    "Status",
    "Target",
    "Versions",
    "find",
    "ids",
    "read_all",
    "read_file",
    "tables_sha256",
]

_NOT_TABLES: Final = frozenset({"evidence", "schemas"})
_ID = re.compile(r"""^\s*id\s*=\s*["']([^"']+)["']""", re.MULTILINE)


@dataclass(slots=True)
class _Shelf:
    """The target files of some folders, by id; a later folder wins."""

    texts: dict[str, tuple[Path, str, bool]] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)

    def add(self, folder: Path, *, own: bool) -> None:
        """Take in the files of a folder; ``own`` for those that come with edgelint and are linted by its tests."""
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of target files")
        seen: dict[str, Path] = {}
        paths = [*folder.glob("*.toml"), *folder.glob("*/*.toml")]
        for path in sorted(path for path in paths if path.parent.name not in _NOT_TABLES):
            text = _read(path)
            named = _ID.search(text)
            if named is None:
                decode(text, str(path))
                raise InputError(f"{path}: [target]: `id` is missing")
            if named[1] in seen:
                raise InputError(f"{path}: target `{named[1]}` is also in {seen[named[1]]}")
            seen[named[1]] = path
            self.texts[named[1]] = (path, text, own)

    def target(self, name: str, below: tuple[str, ...] = ()) -> Target:
        """Return a target, reading what it extends first."""
        if name not in self.targets:
            path, text, own = self.texts[name]
            self.targets[name] = self._build(path, text, own=own, below=(*below, name))
        return self.targets[name]

    def _build(self, path: Path, text: str, *, own: bool, below: tuple[str, ...]) -> Target:
        apart = split(text) if own else None
        data = decode(text if apart is None else apart[0], str(path))
        header = data.get("target", {})
        above = header.get("extends", "") if isinstance(header, dict) else ""
        parent = None
        if above:
            if above in below:
                raise InputError(f"{path}: [target]: extends itself: {' -> '.join((*below, above))}")
            if above not in self.texts:
                raise InputError(f"{path}: [target]: extends an unknown target `{above}`{near(above, self.texts)}")
            parent = self.target(above, below)
        return build(data, str(path), text, parent, eager=not own, written=apart[1] if apart else None)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def build(
    data: Mapping[str, Any],
    path: str,
    text: str,
    parent: Target | None = None,
    *,
    eager: bool = True,
    written: Sequence[str] | None = None,
) -> Target:
    """Make a target of a decoded file and of what it extends; ``written`` are ``[[op]]`` entries not decoded yet.

    Own rows of an operator replace all inherited rows of that operator, unless each of them says ``inherits = true``:
    then the inherited ones follow, those that refuse the file excepted, which stay in front.  What the header lists
    under ``never_inserts`` the compiler never inserts on the host for this chip: inherited rows that take an operator
    with one of them are left out.  Own ``[[model]]`` entries replace the inherited ones, own ``[[always]]`` entries
    likewise; header fields override one by one.

    Raises:
        InputError: a fault in the file, with the row.
    """
    table = Table(data, path, parent.sources if parent else {}, eager=eager)
    table.place = "[target]"
    head = dict(table.header)
    if parent:
        inherited = {
            "vendor": parent.vendor,
            "chip": parent.chip,
            "toolchain": parent.toolchain,
            "precision": list(parent.precision),
            "unlisted": parent.unlisted.value,
            "rejected": parent.rejected.value,
            "expands_functions": parent.expands_functions,
            "partition": parent.partition,
        }
        head = {**inherited, **head}
    precision = table.precisions(head)
    if not precision:
        table.fault("`precision` is missing: the list of precisions that the target offers, the default first")
    fates = ("fallback", "unsupported", "unknown")
    fields: dict[str, Any] = {
        "id": table.id,
        "vendor": table.text(head, "vendor", required=True),
        "chip": table.text(head, "chip", required=True),
        "toolchain": table.text(head, "toolchain", required=True),
        "precision": precision,
        "unlisted": Status(table.word(head, "unlisted", fates)),
        "rejected": Status(table.word(head, "rejected", fates)),
        "extends": table.text(head, "extends"),
        "expands_functions": table.flag(head, "expands_functions", default=False),
        "partition": table.word(head, "partition", ("any", "one-subgraph", "whole"), "any"),
        "note": table.text(head, "note"),
    }
    model, always = table.model(), table.always()
    rows = Rows([_piece(row) for row in table.rows()])
    if written is not None:
        rows = Rows(table.pieces(written))
    same_chip = "chip" not in table.header  # figures of one chip say nothing of another
    digest = hashlib.sha256(text.encode())
    if parent:
        inherited_rows = parent.rows if isinstance(parent.rows, Rows) else Rows(())
        rows = inherited_rows.under(rows, table.texts(head, "never_inserts"))
        model, always = model or parent.model, always or parent.always
        digest.update(parent.digest.encode())
    return Target(
        **fields,
        model=model,
        always=always,
        rows=rows,
        sources=table.sources,
        quantization=table.recipe() or (parent.quantization if parent else None),
        simplify=table.figures("simplify") or (parent.simplify if parent else None),
        listed=listed.read(table) or (parent.listed if parent else None),
        memory=table.figures("memory") or (parent.memory if parent and same_chip else Figures()),
        peak=table.figures("peak") or (parent.peak if parent and same_chip else Figures()),
        path=path,
        digest=digest.hexdigest(),
    )


def _piece(row: Row) -> Piece:
    return Piece((row.op,), lambda: (row,), inherits=row.inherits, refuses=row.status is Status.UNSUPPORTED)


def read_file(path: str | Path) -> Target:
    """Read one target file that extends nothing, every constraint of it parsed.

    Raises:
        InputError: a fault in the file, with the row.
    """
    text = _read(Path(path))
    return build(decode(text, str(path)), str(path), text)


def _shelf(extra: Iterable[str | Path]) -> _Shelf:
    shelf = _Shelf()
    shelf.add(opsets_dir(), own=True)
    for folder in extra:
        shelf.add(Path(folder), own=False)
    return shelf


def ids(extra: Iterable[str | Path] = ()) -> tuple[str, ...]:
    """Return the ids of all targets, sorted."""
    return tuple(sorted(_shelf(extra).texts))


def read_all(extra: Iterable[str | Path] = ()) -> tuple[Target, ...]:
    """Read every target, sorted by id.

    Args:
        extra: folders with more target files; one that bears the id of a shipped target replaces it.

    Raises:
        InputError: a malformed file, or two with one id.
    """
    shelf = _shelf(extra)
    return tuple(shelf.target(name) for name in sorted(shelf.texts))


def find(asked: Sequence[str], extra: Iterable[str | Path] = ()) -> tuple[Target, ...]:
    """Read the targets that are asked for by id, or by the name of a vendor, in the order asked; each once.

    Raises:
        InputError: no such target or vendor; the nearest is suggested.
    """
    shelf = _shelf(extra)
    found: dict[str, Target] = {}
    for name in asked:
        wanted = [name] if name in shelf.texts else _of_vendor(shelf, name)
        if not wanted:
            vendors = {path.parent.name for path, _, _ in shelf.texts.values()}
            hint = near(name, {*shelf.texts, *vendors}) or "; `edgelint targets` lists them"
            raise InputError(f"unknown target `{name}`{hint}")
        for each in wanted:
            found[each] = shelf.target(each)
    return tuple(found.values())


def _of_vendor(shelf: _Shelf, name: str) -> list[str]:
    folded = name.casefold()
    of_folder = [each for each, (path, _, _) in shelf.texts.items() if path.parent.name.casefold() == folded]
    if of_folder:
        return sorted(of_folder)
    return sorted(each for each in shelf.texts if shelf.target(each).vendor.casefold() == folded)


def tables_sha256(targets: Iterable[Target]) -> str:
    """Return one SHA-256 for the tables of some targets, whatever their order."""
    total = hashlib.sha256()
    for line in sorted(f"{target.id} {target.digest}\n" for target in targets):
        total.update(line.encode())
    return total.hexdigest()
