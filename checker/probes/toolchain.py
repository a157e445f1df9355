"""What a probe asks and is told: a case, an observation, and what every toolchain can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from checker.graph import EMPTY

Outcome = Literal[
    "native",
    "decomposed",
    "host",
    "refused",
    "compiler-error",
    "crashed",
    "timeout",
    "memory",
    "not-asked",
    "unknown",  # said by other checkers only: a compiler always knows
]

NETWORK_ANSWER: Final[Mapping[str, str]] = {
    "native": "ALL",
    "decomposed": "ALL",
    "host": "PARTIAL",
    "refused": "REFUSED",
    "compiler-error": "REFUSED",
    "crashed": "CRASH",
    "memory": "CRASH",
    "timeout": "TIMEOUT",
    "not-asked": "UNKNOWN",
    "unknown": "UNKNOWN",
}
"""What an outcome is called where a whole network was asked about."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question.

    ``name``: id of the case, or the network's name.  ``asked``: what ``probes.cases.build`` makes the model of; None
    for a network, which is the file at ``path``.  ``variant``: a workaround that the compiler is given, such as
    ``{"disable_rules": [...]}``; empty for none.
    """

    name: str
    target: str
    precision: str
    asked: Mapping[str, Any] | None = None
    path: Path | None = None
    variant: Mapping[str, Any] = EMPTY

    @property
    def network(self) -> bool:
        """Tell whether this is a whole network."""
        return self.asked is None


@dataclass(frozen=True, slots=True)
class Observation:
    """What the compiler said.

    ``into``: the toolchain's operators that the case became.  ``culprits``: how many nodes of which operator it put on
    the host or named in its refusal, in the toolchain's own names.  ``stage``: how far it came, empty where it came to
    the end.  ``says``: its own words.
    """

    outcome: Outcome
    says: str = ""
    into: tuple[str, ...] = ()
    culprits: Mapping[str, int] = field(default_factory=dict)
    stage: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a toolchain before it is started.

    ``tool``: its name in evidence files.  ``adapter``: module in ``workers/``.  ``chips``: target id to what the
    compiler calls the chip.  ``precisions``: offered, the default first.  ``converts``: those that it makes of a float
    model itself; empty where the precision is that of the file.  ``lacks``: what a single target does not offer.
    ``centred_weights``: a network without weights gets some about zero, for compilers that calibrate (``fillers``).
    ``licence_note``: goes into each header.  ``words``: False where the licence forbids publishing more than answers.
    """

    tool: str
    adapter: str
    chips: Mapping[str, str]
    precisions: tuple[str, ...]
    licence_note: str
    converts: tuple[str, ...] = ()
    lacks: Mapping[str, frozenset[str]] = EMPTY
    options: Mapping[str, Any] = EMPTY
    words: bool = True
    centred_weights: bool = False

    def of(self, target: str) -> About:
        """Return what is known where one target is asked about."""
        lacking = self.lacks.get(target, frozenset())
        offered, made = ([each for each in some if each not in lacking] for some in (self.precisions, self.converts))
        return replace(self, precisions=tuple(offered), converts=tuple(made))


class Toolchain(Protocol):
    """A vendor's compiler that answers here."""

    @property
    def about(self) -> About:
        """What is known of it."""

    def version(self) -> str:
        """Return the version that answers.

        Raises:
            InputError: it cannot be started.
        """

    def targets(self) -> tuple[str, ...]:
        """Return the ids of the targets that it compiles for."""

    def run(self, case: Case) -> Observation:
        """Ask about one case; a crash or a hang is an observation too."""

    def close(self) -> None:
        """End what was started."""
