"""The smallest set of changes for the best improvement.

Every change by itself first; then, from the best two of them, one more, and one more again, each proposed afresh for
the graph as it is by then.  At last, what turned out to be needless is left out.  The order of the proposals and of the
comparisons is fixed, so the same file gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from checker.answer import Answer
from checker.changes import (
    batch_norm,
    gelu_form,
    in_parts,
    nan_guard,
    one_operator,
    opset,
    precision,
    shapes,
    spelling,
    tail,
)
from checker.changes.cures import cures
from checker.changes.record import EFFORTS, Candidate, Effort, State
from checker.changes.shop import Shop

MOST_TRIALS: Final = 24
"""Most placements for one target."""

STARTS: Final = 2
"""From so many of the best single changes further ones are tried."""

MOST_TOLD: Final = 3
"""Most changes that are told, cures of the table aside."""

_ONCE: Final = frozenset({"fixed-shapes", "precision", "opset", "cut-tail"})

MOST_TOGETHER: Final = 3
"""Most changes that are put together."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A change, and what becomes of the file after it.

    ``name``: short; several that belong together are joined by ``+``.  ``what``: what to do.  ``answer``: the answer
    after it; None for a cure that a table names and that cannot be tried.  ``nodes``: names of those concerned.
    ``cost``: what it asks.  ``share``: of the MACs on the accelerator after it.  ``segments``: after it.
    """

    name: str
    what: str
    answer: Answer | None
    nodes: tuple[str, ...] = ()
    cost: Effort | None = None
    share: float | None = None
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: the best set first, then the best single change, then cures that the table names.

    ``trials``: how many changed graphs were placed.  ``stopped``: whether more would have been tried but for the limit.
    """

    changes: tuple[Tried, ...] = ()
    trials: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """Changes made one after the other, and where they lead."""

    path: tuple[Candidate, ...]
    state: State

    @property
    def rank(self) -> tuple[float, ...]:
        """The smaller the better: where it leads, what it asks, how many they are."""
        efforts = [EFFORTS.index(each.cost) for each in self.path]
        return (*self.state.outcome.rank[:-1], max(efforts, default=0), len(self.path), sum(efforts))


@dataclass(slots=True, eq=False)
class _Search:
    shop: Shop
    left: int
    trials: int = 0
    stopped: bool = False
    seen: dict[tuple[int, str], State] = field(default_factory=dict)

    def after(self, step: _Step, candidate: Candidate, *, again: bool = False) -> _Step | None:
        """Make one more change and place the graph; None where that is impossible or too much.

        ``again``: also where that was seen before; else it is left out.
        """
        if self.trials and len(step.state.graph.nodes) > self.left:
            self.stopped = True
            return None
        graph = self.shop.made(step.state.graph, candidate)
        wanted = candidate.precision or step.state.placements.precision
        if graph is None:
            return None
        key, path = (id(graph), wanted), (*step.path, candidate)
        if key in self.seen:
            return _Step(path, self.seen[key]) if again else None
        work = self.shop.work(graph)
        if self.trials >= MOST_TRIALS or (self.trials and work > self.left):
            self.stopped = True
            return None
        self.trials += 1
        self.left -= work
        self.shop.left -= work
        state = self.seen[key] = self.shop.state(graph, step.state.placements.target, wanted)
        return _Step(path, state)

    def steps(self, start: _Step) -> list[_Step]:
        """Make each change that is proposed, from where one is; those that answer most of what troubles it first."""
        done = {each.name for each in start.path if each.name in _ONCE}
        found = []
        known = [each for each in proposals(start.state, self.shop) if each.name not in done]
        troubled = {name for placement in start.state.trouble for name in placement.covers}
        for candidate in sorted(known, key=lambda each: -_answered(each, troubled)):
            step = self.after(start, candidate)
            if step is not None:
                found.append(step)
        return found

    def without(self, start: _Step, path: Sequence[Candidate]) -> _Step | None:
        """Make the changes of a path that still are proposed, by what they are called."""
        step = start
        for wanted in path:
            again = [each for each in proposals(step.state, self.shop) if each.name == wanted.name]
            same = next((each for each in again if each.what == wanted.what), again[0] if again else None)
            made = self.after(step, same, again=True) if same is not None else None
            if made is None:
                return None
            step = made
        return step


def search(state: State, shop: Shop) -> Found:
    """Look for changes that improve the verdict of a file on a target.

    Args:
        state: the file as it is.
        shop: where changed graphs are made; its allowance is shared by the targets that are still waiting.
    """
    placements = state.placements
    if state.outcome.answer is Answer.READY or any(problem.invalid for problem in placements.graph.problems):
        return Found()
    run = _Search(shop, shop.fair(len(placements.graph.nodes)))
    run.seen[id(placements.graph), placements.precision] = state
    start = _Step((), state)
    singles = run.steps(start)
    best = _grown(run, start, singles)
    reported = []
    if best is not None and best.state.outcome.betters(state.outcome):
        best = _leaner(run, start, best)
        reported.append(best)
    single = min((s for s in singles if s.state.outcome.betters(state.outcome)), key=lambda s: s.rank, default=None)
    if single is not None and (not reported or len(reported[0].path) > 1):
        reported.append(single)
    others = sorted((s for s in singles if s not in reported and _answers_better(s, state)), key=lambda s: s.rank)
    reported += others[: MOST_TOLD - len(reported)]
    if not reported and state.outcome.answer is Answer.UNKNOWN:  # to know that it is refused is an answer too
        reported += [step for step in singles if step.state.outcome.answer is Answer.BLOCKED][:1]
    told = [_tried(step) for step in reported]
    last = reported[0].state if reported else state
    left = {change for change, _ in cures(last)}
    named = [Tried("table", change, None, nodes) for change, nodes in cures(state) if change in left]
    return Found((*told, *named), run.trials, run.stopped)


def _answers_better(step: _Step, state: State) -> bool:
    """Tell whether a change leads to a better answer, not only to a greater share of the work."""
    return step.state.outcome.answer is not state.outcome.answer and step.state.outcome.betters(state.outcome)


def _grown(run: _Search, start: _Step, singles: Sequence[_Step]) -> _Step | None:
    """Return the best that single changes lead to, with more on top as long as that leads further."""
    level = [step for step in _best(singles) if step.state.outcome.rank < start.state.outcome.rank]
    level += [step for step in singles if step.path[0].name == "fixed-shapes" and step not in level]
    best = min(level, key=lambda step: step.rank, default=None)
    for _ in range(1, MOST_TOGETHER):
        if best is None or best.state.outcome.answer is Answer.READY:
            break
        further = [
            after
            for before in level
            for after in run.steps(before)
            if after.state.outcome.leads_beyond(before.state.outcome)
        ]
        level = _best(further)
        best = min((best, *level), key=lambda step: step.rank)
    return best


def _best(steps: Sequence[_Step]) -> list[_Step]:
    return sorted(steps, key=lambda step: step.rank)[:STARTS]


def _answered(candidate: Candidate, troubled: set[str]) -> float:
    """Return how much of what troubles a file a change is about; all of it where it is about the whole file."""
    return sum(name in troubled for name in candidate.nodes) if candidate.nodes else float("inf")


def _leaner(run: _Search, start: _Step, best: _Step) -> _Step:
    """Leave out each change without which the rest leads as far."""
    place = 0
    while len(best.path) > 1 and place < len(best.path) - 1:
        again = run.without(start, (*best.path[:place], *best.path[place + 1 :]))
        if again is not None and again.state.outcome.rank[:-1] <= best.state.outcome.rank[:-1]:
            best = again
        else:
            place += 1
    return best


def _tried(step: _Step) -> Tried:
    nodes = dict.fromkeys(name for candidate in step.path for name in candidate.nodes)
    outcome = step.state.outcome
    return Tried(
        name="+".join(candidate.name for candidate in step.path),
        what="; ".join(candidate.what for candidate in step.path),
        answer=outcome.answer,
        nodes=tuple(nodes),
        cost=max((candidate.cost for candidate in step.path), key=EFFORTS.index),
        share=outcome.share,
        segments=outcome.segments,
    )


def proposals(state: State, shop: Shop) -> Iterator[Candidate]:
    """Yield the changes that answer what troubles a file, the simplest first."""
    if not state.placements.offered:
        yield from precision.propose(state)
        return
    yield from shapes.propose(state, shop)
    yield from opset.propose(state)
    if any(each.failed and each.rule.otherwise == "refused" for each in state.placements.file):
        return  # the file is refused whatever its nodes are
    yield from nan_guard.propose(state)
    yield from in_parts.propose(state)
    yield from one_operator.propose(state)
    yield from spelling.propose(state)
    yield from batch_norm.propose(state, shop)
    yield from gelu_form.propose(state)
    yield from tail.propose(state, shop)
    yield from precision.propose(state)
