"""A target as records: what a toolchain takes, on what conditions, and who says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from checker.constraint import Constraint, parse
from checker.facts import Recipe
from checker.graph import EMPTY
from checker.rows import Rows

if TYPE_CHECKING:
    from checker.listed import Listed

PRECISIONS: Final = ("fp32", "fp16", "bf16", "int8", "int16", "a16w8")
"""Precisions that can be asked for.  The dtype of storage; ``a16w8`` is 16-bit activations with 8-bit weights."""

Form = Literal["operator", "decomposed"]


class Status(Enum):
    """What becomes of a node."""

    NATIVE = "native"
    FOLDED = "folded"
    DECOMPOSED = "decomposed"
    FALLBACK = "fallback"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"

    @property
    def taken(self) -> bool:
        """Tell whether the accelerator does the work, or nobody has to."""
        return self is Status.NATIVE or self is Status.FOLDED or self is Status.DECOMPOSED


BY_BADNESS: Final = (
    Status.FOLDED,
    Status.NATIVE,
    Status.DECOMPOSED,
    Status.FALLBACK,
    Status.UNKNOWN,
    Status.UNSUPPORTED,
)
"""From the best outcome to the worst, as when a whole is as good as its worst part."""


class Grade(Enum):
    """How good a claim is."""

    MEASURED = "measured"
    MEASURED_ELSEWHERE = "measured-elsewhere"
    DOCUMENTED = "documented"
    INFERRED = "inferred"


GRADES: Final = (Grade.MEASURED, Grade.MEASURED_ELSEWHERE, Grade.DOCUMENTED, Grade.INFERRED)
"""Best first."""

KINDS: Final[Mapping[str, Grade]] = {
    "probe": Grade.MEASURED,
    "published-measurement": Grade.MEASURED_ELSEWHERE,
    "vendor-source": Grade.DOCUMENTED,
    "vendor-doc": Grade.DOCUMENTED,
    "inference": Grade.INFERRED,
}
"""Kinds of sources, and the grade of a claim that rests on one."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim comes from.  ``where``: an evidence file under ``opsets/``, or an address.  ``date``: ISO."""

    id: str
    kind: str
    where: str
    title: str = ""
    version: str = ""
    date: str = ""

    @property
    def grade(self) -> Grade:
        """Grade of what rests on this source alone."""
        return KINDS[self.kind]


def best_grade(sources: tuple[Source, ...]) -> Grade:
    """Return the grade of a claim that several sources bear out: that of the best."""
    return min((source.grade for source in sources), key=GRADES.index, default=Grade.INFERRED)


@dataclass(frozen=True, slots=True)
class Versions:
    """A set of opset or schema versions: ranges with both ends included."""

    ranges: tuple[tuple[int, int], ...]
    text: str

    def __contains__(self, version: object) -> bool:
        """Tell whether the version is in one of the ranges."""
        return isinstance(version, int) and any(low <= version <= high for low, high in self.ranges)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield the ranges."""
        return iter(self.ranges)


@dataclass(frozen=True, slots=True)
class Insert:
    """An operator that the compiler adds around the node, and where it runs (``host`` or ``accelerator``)."""

    op: str
    on: str


class Conditions:
    """What every entry with ``require`` lines has in common."""

    require: tuple[str, ...]

    @cached_property
    def constraints(self) -> tuple[Constraint, ...]:
        """The conditions, parsed when they are first asked for."""
        return tuple(parse(text) for text in self.require)

    @cached_property
    def local(self) -> bool:
        """Whether its conditions read the node alone."""
        return all(constraint.local for constraint in self.constraints)

    @cached_property
    def near(self) -> bool:
        """Whether its conditions read the node and those next to it."""
        return all(constraint.near for constraint in self.constraints)


@dataclass(frozen=True, eq=False)
class Row(Conditions):
    """One ``[[op]]`` entry: an operator, what becomes of it, and on what conditions.

    ``op``: operator name, with its domain in front where that is not the ONNX domain.  ``index``: position in its file,
    from 1.  ``table``: id of the target whose file has it.  ``inherits``: the rows of the operator that the target
    inherits stand beside its own (``targets.build``); otherwise these replace them.  ``stage``: how far the toolchain
    comes with a node that the row refuses, leaves to the host, or does not take (``stages.py``); empty if not known.
    ``dynamic``: taken in a dynamic sub-network, whose sizes the chip works out while it runs.
    """

    op: str
    status: Status
    form: Form | None = None
    opset: Versions | None = None
    since: Versions | None = None
    precision: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    into: tuple[str, ...] = ()
    inserts: tuple[Insert, ...] = ()
    runs_as: str = ""
    dynamic: bool = False
    stage: str = ""
    change: str = ""
    sources: tuple[Source, ...] = ()
    note: str = ""
    index: int = 0
    table: str = ""
    inherits: bool = False

    @property
    def label(self) -> str:
        """What a report calls the row: table, operator, position in the file."""
        return f"{self.table} {self.op} [{self.index}]"

    @property
    def grade(self) -> Grade:
        """How good the claim is."""
        return best_grade(self.sources)


@dataclass(frozen=True, eq=False)
class ModelRule(Conditions):
    """One ``[[model]]`` entry: conditions on the whole file, and what happens where they fail.

    ``otherwise``: ``"refused"`` (no build), ``"all-fallback"`` (everything runs on the host), or ``"fallback"`` (nodes
    of the operators in ``host`` do, which no row can speak of: Q and DQ are read as facts of what they surround).
    """

    require: tuple[str, ...]
    otherwise: str
    host: tuple[str, ...] = ()
    change: str = ""
    precision: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    note: str = ""
    index: int = 0
    table: str = ""

    @property
    def grade(self) -> Grade:
        """How good the claim is."""
        return best_grade(self.sources)


@dataclass(frozen=True, eq=False)
class AlwaysRule(Conditions):
    """One ``[[always]]`` entry: conditions on every node that a row is to take."""

    require: tuple[str, ...]
    precision: tuple[str, ...] = ()
    change: str = ""
    sources: tuple[Source, ...] = ()
    note: str = ""
    index: int = 0
    table: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers about the chip as its sources give them (``[memory]``, ``[peak]``); the unit ends the key."""

    values: Mapping[str, float] = EMPTY
    sources: tuple[Source, ...] = ()
    note: str = ""


@dataclass(frozen=True, eq=False)
class Target:
    """One target file, with what it inherits.

    ``precision``: what it offers, the default first.  ``unlisted``, ``rejected``: what becomes of a node without rows,
    and of one whose rows all refuse.  ``partition``: ``any``, ``one-subgraph`` or ``whole``.  ``digest``: SHA-256 of
    the files that it was read from.  ``simplify``: why a file should be simplified first, where the toolchain wants it.
    ``listed``: what the vendor's own list says, where that is not what the rows rest on.
    """

    id: str
    vendor: str
    chip: str
    toolchain: str
    precision: tuple[str, ...]
    unlisted: Status
    rejected: Status
    extends: str = ""
    expands_functions: bool = False
    partition: str = "any"
    note: str = ""
    model: tuple[ModelRule, ...] = ()
    always: tuple[AlwaysRule, ...] = ()
    rows: Sequence[Row] = ()
    sources: Mapping[str, Source] = EMPTY
    quantization: Recipe | None = None
    simplify: Figures | None = None
    listed: Listed | None = None
    memory: Figures = Figures()
    peak: Figures = Figures()
    path: str = ""
    digest: str = ""
    by_op: Mapping[str, tuple[Row, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Index the rows by operator once."""
        if isinstance(self.rows, Rows):
            object.__setattr__(self, "by_op", self.rows.by_op)
            return
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.op, []).append(row)
        object.__setattr__(self, "by_op", {op: tuple(rows) for op, rows in found.items()})

    @property
    def grade(self) -> Grade:
        """The grade that most rows have, of two equally many the worse; without rows that of the best source."""
        counts = Counter(row.grade for row in self.rows)
        if not counts:
            return best_grade(tuple(self.sources.values()))
        return max(counts, key=lambda grade: (counts[grade], GRADES.index(grade)))

    @property
    def date(self) -> str:
        """Day of the newest source, ``YYYY-MM-DD``; empty where no source has one."""
        return max((source.date for source in self.sources.values()), default="")
