"""The rows of a target, each read when its operator is first asked for.

A network has some dozen operators and a table some hundred, so most of a table is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from checker.target import Row


class Piece:
    """A place in a target file that speaks of some operators."""

    __slots__ = ("_read", "_rows", "inherits", "names", "refuses")

    def __init__(
        self,
        names: Iterable[str],
        read: Callable[[], tuple[Row, ...]],
        *,
        inherits: bool = False,
        refuses: bool = False,
    ) -> None:
        """Note which operators it speaks of and how it is read.

        ``inherits``: the rows that are inherited of its operators stay.  ``refuses``: its rows say that the toolchain
        refuses the file.
        """
        self.names = tuple(names)
        self.inherits, self.refuses = inherits, refuses
        self._read = read
        self._rows: tuple[Row, ...] | None = None

    def rows(self) -> tuple[Row, ...]:
        """Return the rows; they are read once.

        Raises:
            InputError: a fault in the file.
        """
        if self._rows is None:
            self._rows = self._read()
        return self._rows


class Rows(Sequence["Row"]):
    """All rows of a target, in file order."""

    __slots__ = ("_all", "by_op", "pieces")

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """Index the pieces by operator; nothing is read yet."""
        self.pieces = tuple(pieces)
        self.by_op = ByOperator(self.pieces)
        self._all: tuple[Row, ...] | None = None

    def under(self, own: Rows, never_inserts: Collection[str] = ()) -> Rows:
        """Return the rows of a target that inherits these: its own among those of operators that it does not replace.

        Where own rows of an operator join the inherited ones, inherited refusals come before them, all else after them;
        the rows of an operator without own rows keep their order.  ``never_inserts``: rows by which the compiler would
        insert one of these on the host, and take the operator with it, are left out.
        """
        gone = {name for piece in own.pieces if not piece.inherits for name in piece.names}
        joined = {name for piece in own.pieces for name in piece.names} - gone
        first: list[Piece] = []
        after: list[Piece] = []
        for piece in self.pieces:
            kept = [name for name in piece.names if name not in gone]
            ahead = [name for name in kept if piece.refuses and name in joined]
            for names, found in ((ahead, first), ([name for name in kept if name not in ahead], after)):
                if len(names) == len(piece.names) and not never_inserts:
                    found.append(piece)
                elif names:
                    found.append(Piece(names, partial(_some, piece, names, never_inserts), refuses=piece.refuses))
        return Rows((*first, *own.pieces, *after))

    def _read(self) -> tuple[Row, ...]:
        if self._all is None:
            self._all = tuple(row for piece in self.pieces for row in piece.rows())
        return self._all

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._read())

    def __iter__(self) -> Iterator[Row]:
        """Yield every row, in file order."""
        return iter(self._read())

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        """Return a row, or some."""
        return self._read()[index]


def _some(piece: Piece, names: Sequence[str], never_inserts: Collection[str]) -> tuple[Row, ...]:
    return tuple(
        row for row in piece.rows() if row.op in names and not (row.status.taken and _on_host(row) & {*never_inserts})
    )


def _on_host(row: Row) -> set[str]:
    return {insert.op for insert in row.inserts if insert.on == "host"}


class ByOperator(Mapping[str, "tuple[Row, ...]"]):
    """The rows by operator, in file order."""

    __slots__ = ("_pieces", "_rows")

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """Note which pieces speak of which operator."""
        self._pieces: dict[str, list[Piece]] = {}
        self._rows: dict[str, tuple[Row, ...]] = {}
        for piece in pieces:
            for name in piece.names:
                self._pieces.setdefault(name, []).append(piece)

    def __getitem__(self, op: str) -> tuple[Row, ...]:
        """Return the rows of an operator."""
        found = self._rows.get(op)
        if found is None:
            found = self._rows[op] = tuple(row for p in self._pieces[op] for row in p.rows() if row.op == op)
        return found

    def __contains__(self, op: object) -> bool:
        """Tell whether there is a row of an operator, without reading it."""
        return op in self._pieces

    def __iter__(self) -> Iterator[str]:
        """Yield the operators, those named first in the file first."""
        return iter(self._pieces)

    def __len__(self) -> int:
        """Return how many operators there are."""
        return len(self._pieces)
