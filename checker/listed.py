"""What the vendor's own operator list says, beside what its compiler did.

Where the two disagree the compiler's answer decides; a reader who knows the list is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from checker.target import Status

if TYPE_CHECKING:
    from checker.table_file import Table
    from checker.target import Source

KEYS: Final = ("taken", "conditional", "host", "refused")


@dataclass(frozen=True, slots=True)
class Listed:
    """The operators of one list.

    ``taken``: named without a condition.  ``conditional``: with conditions, which are not repeated here.  ``host``:
    named as run on the host.  ``refused``: named as not supported.  What is in none of them is not in the list.
    """

    sources: tuple[Source, ...]
    taken: frozenset[str] = field(default_factory=frozenset)
    conditional: frozenset[str] = field(default_factory=frozenset)
    host: frozenset[str] = field(default_factory=frozenset)
    refused: frozenset[str] = field(default_factory=frozenset)
    note: str = ""

    def of(self, op: str) -> str:
        """Return what the list says of an operator: one of ``KEYS``; empty where it is not in it."""
        return next((key for key in KEYS if op in getattr(self, key)), "")

    def against(self, op: str, status: Status) -> str:
        """Say in words that the list has it better than it turned out; empty where it has not, or has conditions."""
        said = self.of(op)
        if said == "taken" and not status.taken and status is not Status.UNKNOWN:
            return f"{self.title} has {op} without a condition"
        if said == "host" and status is Status.UNSUPPORTED:
            return f"{self.title} has {op} on the host"
        return ""

    @property
    def title(self) -> str:
        """Name the list in a few words."""
        cited = self.sources[0]
        return f"the vendor's list ({cited.title or cited.where}{', ' + cited.version if cited.version else ''})"


def read(table: Table) -> Listed | None:
    """Read the ``[listed]`` table of a target file, None where it has none.

    Raises:
        InputError: a fault in it, or an operator under two keys.
    """
    entry = table.data.get("listed")
    if entry is None:
        return None
    table.place = "[listed]"
    table.keys(entry, (*KEYS, "evidence", "note"))
    names = {key: table.texts(entry, key) for key in KEYS}
    seen: dict[str, str] = {}
    for key, some in names.items():
        for name in some:
            if name in seen:
                table.fault(f"`{name}` stands under `{seen[name]}` and `{key}`")
            seen[name] = key
    sets = {key: frozenset(some) for key, some in names.items()}
    return Listed(table.evidence(entry), note=table.text(entry, "note"), **sets)
