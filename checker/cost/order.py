"""An order of the nodes that needs less activation memory: a bounded, deterministic search.

The graph falls into stretches at nodes before which everything else has run and after which nothing older is needed;
each stretch can be ordered by itself.  Only those that reach the peak matter.  A stretch is searched best first by the
peak so far; a node that frees at least as much as it takes, and takes no more than the peak so far, is run at once,
which is never worse.  The search stops after a fixed number of trials, so the file's order or a greedy one may stand.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from checker.cost.memory import Plan, peak, uses

TRIALS: Final = 4_000
"""Nodes that are tried in search of a better order, for one graph."""


@dataclass(frozen=True, slots=True)
class Found:
    """The least peak that was found, in bytes, the order that has it, and whether no order has a smaller one."""

    peak: int
    order: tuple[int, ...]
    optimal: bool


@dataclass(slots=True)
class _Stretch:
    """Nodes that can be ordered by themselves; positions in the stretch are bits.

    ``live``: bytes alive when it starts.  ``users``: who reads a buffer, one bit beyond the stretch for whoever does so
    later.  ``needs``: what must run before a node.  ``followers``: what waits for it.
    """

    laid: Plan
    nodes: Sequence[int]
    in_place: bool
    live: int
    users: dict[int, int]
    needs: list[int]
    followers: list[list[int]]

    def after(self, mask: int, live: int, position: int) -> tuple[int, int]:
        """Return the bytes alive while a node runs and after it."""
        step = self.laid.steps[self.nodes[position]]
        sizes, kept = self.laid.sizes, self.laid.kept
        done = mask | (1 << position)
        taken = sum(sizes[b] for b in step.writes)
        dead = [b for b in {*step.reads, *step.writes} if b not in kept and not self.users.get(b, 0) & ~done]
        shared = sizes[step.writes[0]] if self.in_place and any(b in dead for b in step.over) else 0
        return live + taken + step.inner - shared, live + taken - sum(sizes[b] for b in dead)


def best_order(laid: Plan, *, in_place: bool = False) -> Found:
    """Search for the order with the least peak; never worse than the file's own."""
    count = len(laid.steps)
    file_peak, _ = peak(laid, in_place=in_place)
    before = _predecessors(laid)
    stretches, exact = _stretches(laid, before)
    order: list[int] = []
    left, optimal = TRIALS, exact
    floor = _least_needed(laid, in_place=in_place)
    if file_peak <= floor:
        return Found(file_peak, tuple(range(count)), optimal=True)
    searched: list[tuple[int, list[int]]] = []
    for nodes, own_peak in _with_peaks(laid, stretches, in_place=in_place):
        if own_peak <= floor or len(nodes) < 3:
            searched.append((own_peak, list(nodes)))
            floor = max(floor, own_peak)
            continue
        stretch = _prepare(laid, nodes, before, in_place=in_place)
        found, ordered, proven, used = _search(stretch, own_peak, floor, left)
        left -= used
        optimal = optimal and (proven or found <= floor)
        floor = max(floor, found)
        searched.append((found, ordered))
    order = [node for _, nodes in sorted(searched, key=lambda item: min(item[1])) for node in nodes]
    reached, _ = peak(laid, order, in_place=in_place)
    if not exact and left > 0 and reached > _least_needed(laid, in_place=in_place):
        whole = _prepare(laid, range(count), before, in_place=in_place)
        found, ordered, optimal, _ = _search(whole, reached, 0, left)
        if found < reached:
            reached, order = found, ordered
    if reached >= file_peak:
        return Found(file_peak, tuple(range(count)), optimal=optimal and reached == file_peak)
    return Found(reached, tuple(order), optimal=optimal)


def _predecessors(laid: Plan) -> list[set[int]]:
    """Return the nodes that must run before each node: for a view, whoever wrote the buffer."""
    writers: dict[int, list[int]] = {}
    before: list[set[int]] = []
    for index, step in enumerate(laid.steps):
        before.append({writer for b in step.reads for writer in writers.get(b, ())})
        for b in step.writes:
            writers.setdefault(b, []).append(index)
        if not step.writes:
            # a view makes no buffer, but what reads the view runs after it
            for b in step.reads[:1]:
                writers.setdefault(b, []).append(index)
    return before


def _stretches(laid: Plan, before: Sequence[set[int]]) -> tuple[list[range], bool]:
    """Cut the file's order after each node through which everything passes.

    Also tells whether the cuts lose nothing: no node before a cut may run after it, nor the other way round.
    """
    count = len(laid.steps)
    last_user = list(range(count))
    for index, needed in enumerate(before):
        for each in needed:
            last_user[each] = max(last_user[each], index)
    cuts, reach, start = [], -1, 0
    exact = True
    for index in range(count):
        # everything before `index` is used by `index` at the latest
        if reach <= index and index + 1 < count:
            cuts.append(range(start, index + 1))
            start = index + 1
        reach = max(reach, last_user[index])
    cuts.append(range(start, count))
    if len(cuts) > 1:
        first_end, last_start = cuts[0].stop, cuts[-1].start
        sources = [index for index, needed in enumerate(before) if not needed]
        sinks = [index for index in range(count) if last_user[index] == index]
        exact = all(index < first_end for index in sources) and all(index >= last_start for index in sinks)
    return cuts, exact


def _least_needed(laid: Plan, *, in_place: bool) -> int:
    """Return what the hungriest node needs in any order: its operands and results."""
    sizes = laid.sizes
    most = sum(sizes[b] for b in laid.entering)
    for step in laid.steps:
        held = sum(sizes[b] for b in {*step.reads, *step.writes}) + step.inner
        if in_place and step.over:
            held -= sizes[step.writes[0]]
        most = max(most, held)
    return most


def _with_peaks(laid: Plan, stretches: Sequence[range], *, in_place: bool) -> Iterator[tuple[range, int]]:
    """Yield each stretch with its own peak in the file's order, the largest first."""
    last = uses(laid, range(len(laid.steps)))
    sizes, kept = laid.sizes, laid.kept
    live = sum(sizes[b] for b in laid.entering)
    found = []
    for nodes in stretches:
        most = live
        for index in nodes:
            step = laid.steps[index]
            live += sum(sizes[b] for b in step.writes)
            over = in_place and any(last[b] <= index and b not in kept for b in step.over)
            most = max(most, live + step.inner - (sizes[step.writes[0]] if over else 0))
            live -= sum(sizes[b] for b in {*step.reads, *step.writes} if last[b] <= index and b not in kept)
        found.append((nodes, most))
    yield from sorted(found, key=lambda item: (-item[1], item[0].start))


def _prepare(laid: Plan, nodes: range, before: Sequence[set[int]], *, in_place: bool) -> _Stretch:
    last = uses(laid, range(len(laid.steps)))
    alive = set(laid.entering)
    for index in range(nodes.start):
        step = laid.steps[index]
        alive.update(step.writes)
        alive -= {b for b in {*step.reads, *step.writes} if last[b] <= index and b not in laid.kept}
    users: dict[int, int] = {}
    for position, index in enumerate(nodes):
        for b in laid.steps[index].reads:
            users[b] = users.get(b, 0) | (1 << position)
    for b, since in enumerate(last):
        if since >= nodes.stop:
            users[b] = users.get(b, 0) | (1 << len(nodes))
    needs: list[int] = []
    followers: list[list[int]] = [[] for _ in nodes]
    for position, index in enumerate(nodes):
        inside = [each - nodes.start for each in before[index] if each >= nodes.start]
        needs.append(sum(1 << each for each in inside))
        for each in inside:
            followers[each].append(position)
    return _Stretch(laid, nodes, in_place, sum(laid.sizes[b] for b in alive), users, needs, followers)


@dataclass(frozen=True, slots=True)
class _State:
    """Some nodes of a stretch have run: the peak so far, which (as bits), bytes alive, what can run next, the order."""

    peak: int
    done: int
    live: int
    ready: tuple[int, ...]
    path: tuple[int, ...] = ()


def _run(stretch: _Stretch, state: _State, position: int) -> _State:
    """Run one node."""
    running, live = stretch.after(state.done, state.live, position)
    bit = 1 << position
    done = state.done | bit
    fresh = [p for p in stretch.followers[position] if not stretch.needs[p] & ~done]
    ready = tuple(sorted({*state.ready, *fresh} - {position}))
    return _State(max(state.peak, running), done, live, ready, (*state.path, position))


def _search(stretch: _Stretch, limit: int, floor: int, trials: int) -> tuple[int, list[int], bool, int]:
    """Return the least peak found (``limit`` at most), the order, whether it is proven, and the trials used."""
    count = len(stretch.nodes)
    best, ordered = limit, list(stretch.nodes)
    ready = tuple(position for position in range(count) if not stretch.needs[position])
    start = _State(max(floor, stretch.live), 0, stretch.live, ready)
    quick, used = _greedy(stretch, start)
    if quick.peak < best:
        best, ordered = quick.peak, [stretch.nodes[position] for position in quick.path]
    heap = [(start.peak, 0, 0, start)]
    seen: set[int] = set()
    ticket = 0
    while heap:
        state = heapq.heappop(heap)[-1]
        if state.peak >= best:
            break
        if state.done in seen:
            continue
        seen.add(state.done)
        state, spent = _free_moves(stretch, state)
        used += spent
        if not state.ready:
            return state.peak, [stretch.nodes[position] for position in state.path], True, used
        if used >= trials:
            return best, ordered, False, used
        for position in state.ready:
            used += 1
            following = _run(stretch, state, position)
            if following.peak < best and following.done not in seen:
                ticket += 1
                heapq.heappush(heap, (following.peak, -len(following.path), ticket, following))
    return best, ordered, True, used


def _greedy(stretch: _Stretch, state: _State) -> tuple[_State, int]:
    """Run, each time, the node that raises the peak least, then leaves least alive; also return the trials used."""
    used = 0
    while state.ready:
        state, spent = _free_moves(stretch, state)
        used += spent + len(state.ready)
        if state.ready:
            outcomes = ((*stretch.after(state.done, state.live, p), p) for p in state.ready)
            _, _, position = min((max(state.peak, running), live, p) for running, live, p in outcomes)
            state = _run(stretch, state, position)
    return state, used


def _free_moves(stretch: _Stretch, state: _State) -> tuple[_State, int]:
    """Run every node that costs nothing: within the peak so far, and no more alive after it than before."""
    spent = 0
    moved = True
    while moved:
        moved = False
        for position in state.ready:
            spent += 1
            running, live = stretch.after(state.done, state.live, position)
            if running <= state.peak and live <= state.live:
                state, moved = _run(stretch, state, position), True
                break
    return state, spent
