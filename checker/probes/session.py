"""Ask a toolchain one case after another, and write every answer down before the next question."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from checker.errors import InputError
from checker.probes import evidence, questions, weights
from checker.probes.evidence import Log
from checker.probes.toolchain import Case, Observation, Toolchain

Heard = Callable[[Case, str], object]
"""Called after each answer."""


@dataclass(slots=True)
class Session:
    """One toolchain, one target, one evidence file.

    ``answers``: how many of which kind so far.  ``skipped``: cases that the file had an answer to.  ``unbuildable``:
    cases that describe no model, with the reason.
    """

    toolchain: Toolchain
    target: str
    log: Log
    answers: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    unbuildable: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Say in one line what came of it."""
        parts = [f"{sum(self.answers.values())} asked"]
        if self.answers:
            parts.append(", ".join(f"{count} {name}" for name, count in sorted(self.answers.items())))
        if self.skipped:
            parts.append(f"{self.skipped} were answered before")
        if self.unbuildable:
            parts.append(f"{len(self.unbuildable)} describe no model ({self.unbuildable[0]})")
        return "; ".join(parts)

    def pending(self, cases: Iterable[Case], limit: int | None = None) -> list[Case]:
        """Return the cases that have no answer yet, at most ``limit``."""
        unanswered = []
        for case in cases:
            if evidence.key(evidence.question(case)) in self.log.answered:
                self.skipped += 1
            else:
                unanswered.append(case)
        return list(islice(unanswered, limit))

    def ask_cases(self, pending: Sequence[Case], heard: Heard) -> None:
        """Ask about one-operator cases."""
        for case in pending:
            try:
                observation = self.toolchain.run(case)
            except ValueError as error:
                self.unbuildable.append(f"{case.name}: {' '.join(str(error).split())[:200]}")
                heard(case, "no model")
                continue
            self._take_down(case, observation, heard)

    def ask_networks(self, paths: Sequence[Path], heard: Heard, precision: str = "") -> None:
        """Ask about whole networks; each is prepared, asked about, and removed again.

        ``precision``: empty for that of the file.
        """
        with tempfile.TemporaryDirectory(prefix="edgelint-networks-") as folder:
            for path in paths:
                ready = weights.supply(path, Path(folder), centred=self.toolchain.about.centred_weights)
                try:
                    case = questions.network(path, ready, self.toolchain.about, self.target, precision or None)
                    if self.pending([case]):
                        self._take_down(case, self.toolchain.run(case), heard)
                    else:
                        heard(case, "answered before")
                finally:
                    weights.remove(ready, path)

    def _take_down(self, case: Case, observation: Observation, heard: Heard) -> None:
        names = evidence.names_of(self.toolchain.about.tool, self.target)
        record = evidence.answer(case, observation, names)
        self.log.add(record)
        self.answers[record["answer"]] += 1
        heard(case, record["answer"])


def targets_of(toolchain: Toolchain, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the targets to ask about: those named, else all of the toolchain's.

    Raises:
        InputError: the toolchain does not compile for one of them.
    """
    known = toolchain.targets()
    for target in asked:
        if target not in known:
            raise InputError(f"{toolchain.about.tool} does not compile for `{target}`; it does for {', '.join(known)}")
    return tuple(dict.fromkeys(asked)) or known


def output_of(output: str, toolchain: Toolchain, targets: Sequence[str]) -> dict[str, Path]:
    """Return the evidence file of each target: the file named, or in the folder named one for each.

    Raises:
        InputError: one file is named for several targets.
    """
    path = Path(output)
    if path.name.endswith(evidence.SUFFIXES):
        if len(targets) > 1:
            raise InputError(
                f"--output {output}: one file for {len(targets)} targets; name a folder, or one of --targets"
            )
        return {targets[0]: path}
    name = f"{toolchain.about.tool}-{toolchain.version()}.jsonl"
    return {target: path / target / name for target in targets}
