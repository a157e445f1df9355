"""How well verdicts agree with what real compilers said: pure counting, no model and no table is opened here.

A network observation has one of three answers: ALL (everything on the accelerator), PARTIAL (some of it on the host),
REFUSED (no build).  Our UNKNOWN is no answer: it lowers the answered share and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

ALL, PARTIAL, REFUSED, UNKNOWN = "ALL", "PARTIAL", "REFUSED", "UNKNOWN"
CLASSES: Final = (ALL, PARTIAL, REFUSED)


@dataclass(frozen=True, slots=True)
class Pair:
    """One observation beside our answer.

    ``theirs``: one of ``CLASSES``, or another word (CRASH, TIMEOUT), which is listed and not scored.  ``ours``: one of
    ``CLASSES``, or UNKNOWN.  ``their_culprits``: None where the compiler named none though it did not take everything.
    """

    name: str
    precision: str
    theirs: str
    ours: str
    their_culprits: frozenset[str] | None = None
    our_culprits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole; ``value`` is None where the whole is nothing."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """Part by whole."""
        return self.part / self.whole if self.whole else None

    def __str__(self) -> str:
        """Write it as per cent with the counts."""
        return "none" if self.value is None else f"{percent(self.value)} ({self.part} of {self.whole})"


@dataclass(frozen=True)
class Score:
    """The counts over some pairs."""

    pairs: tuple[Pair, ...]

    @cached_property
    def scored(self) -> tuple[Pair, ...]:
        """Pairs whose observation counts."""
        return tuple(pair for pair in self.pairs if pair.theirs in CLASSES)

    @cached_property
    def answered(self) -> tuple[Pair, ...]:
        """Scored pairs to which we have an answer."""
        return tuple(pair for pair in self.scored if pair.ours in CLASSES)

    @property
    def answered_share(self) -> Share:
        """How many of the scored we answer."""
        return Share(len(self.answered), len(self.scored))

    @property
    def accuracy(self) -> Share:
        """How many of the answered are right."""
        return Share(sum(pair.ours == pair.theirs for pair in self.answered), len(self.answered))

    @property
    def recall(self) -> Mapping[str, Share]:
        """Of the answered that the compiler gave each answer to: how many we give the same."""
        of = Counter(pair.theirs for pair in self.answered)
        right = Counter(pair.theirs for pair in self.answered if pair.ours == pair.theirs)
        return {each: Share(right[each], of[each]) for each in CLASSES}

    @property
    def balanced(self) -> float | None:
        """Mean recall over the classes that were observed at all; None where none was."""
        return _mean(self.recall.values())

    @property
    def false_ready(self) -> tuple[Pair, ...]:
        """Pairs of which we say that all is taken, and the compiler says otherwise."""
        return tuple(pair for pair in self.scored if pair.ours == ALL and pair.theirs != ALL)

    @property
    def wrong(self) -> tuple[Pair, ...]:
        """Answered pairs that differ."""
        return tuple(pair for pair in self.answered if pair.ours != pair.theirs)

    @property
    def constant(self) -> Share:
        """What a program that always says READY would be right about, on the scored."""
        return Share(sum(pair.theirs == ALL for pair in self.scored), len(self.scored))

    @property
    def constant_balanced(self) -> float | None:
        """Balanced accuracy of that program: one class right, the others wrong."""
        of = Counter(pair.theirs for pair in self.scored)
        return _mean(Share(of[each] if each == ALL else 0, of[each]) for each in CLASSES)

    @property
    def culprit_precision(self) -> Share:
        """Of the culprits that we name: how many the compiler names too."""
        hits, ours, _ = self._culprits
        return Share(hits, ours)

    @property
    def culprit_recall(self) -> Share:
        """Of the culprits that the compiler names: how many we name too."""
        hits, _, theirs = self._culprits
        return Share(hits, theirs)

    @cached_property
    def _culprits(self) -> tuple[int, int, int]:
        """Hits, ours, theirs, summed over the answered where the compiler is known to have named all or some."""
        hits = ours = theirs = 0
        for pair in self.answered:
            if pair.their_culprits is not None:
                hits += len(pair.our_culprits & pair.their_culprits)
                ours += len(pair.our_culprits)
                theirs += len(pair.their_culprits)
        return hits, ours, theirs


def score(pairs: Iterable[Pair]) -> Score:
    """Count."""
    return Score(tuple(pairs))


def table(pairs: Sequence[Pair]) -> Mapping[tuple[str, str], int]:
    """Return how often (theirs, ours) occurred."""
    return Counter((pair.theirs, pair.ours) for pair in pairs)


def percent(value: float | None) -> str:
    """Write a share; only everything is 100 %."""
    if value is None:
        return "none"
    if value == 1:
        return "100 %"
    return f"{min(round(value * 100, 1), 99.9):.1f} %"


def _mean(shares: Iterable[Share]) -> float | None:
    values = [share.value for share in shares if share.value is not None]
    return sum(values) / len(values) if values else None
