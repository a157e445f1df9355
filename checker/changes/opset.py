"""Another opset: where a rule of the file or the rows of an operator speak of one that the file does not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from checker import schema
from checker.changes.in_parts import listed
from checker.changes.record import Candidate, State
from checker.constraint import YES, check
from checker.facts import Facts
from checker.graph import Graph, Node
from checker.lowering import lowered
from checker.rewire import at_opset, missing_at, replaced
from checker.target import Row

OLDEST: Final = 7
"""Oldest opset that an exporter of today writes."""

_WISHES: Final = 2
"""Most opsets that are tried because rows of operators wish for them."""


def propose(state: State) -> Iterator[Candidate]:
    """Propose the nearest opsets at which what now fails holds."""
    wanted: dict[int, None] = {}
    for steps in (range(state.opset - 1, OLDEST - 1, -1), range(state.opset + 1, newest() + 1)):
        allowed = _allowed(state, steps)
        if allowed is not None:
            wanted[allowed] = None
    if not wanted:
        wanted.update(dict.fromkeys(_wished(state)))
    for opset in wanted:
        yield from at(state.graph, opset)


def at(graph: Graph, opset: int) -> Iterator[Candidate]:
    """Propose one opset; operators that do not exist there are written in parts."""
    missing = missing_at(graph, opset)
    parts = {id(node): lowered(node, opset, graph.opsets.get("", 0)) for node in missing}
    if any(found is None for found in parts.values()):
        return

    def make() -> Graph | None:
        changed = replaced(graph, {key: found for key, found in parts.items() if found is not None})
        return at_opset(changed, opset)

    what = f"re-export at opset {opset}"
    if missing:
        what += f" with {listed(node.op for node in missing)} in parts"
    names = tuple(node.name for node in missing)
    yield Candidate("opset", what, "re-export", ("opset", opset), make, names)


def _allowed(state: State, opsets: Iterable[int]) -> int | None:
    """Return the first opset at which every condition on the file's opset holds; None where there is no such rule."""
    asking = [each for each in state.placements.file if each.failed or each.unsure]
    lines = [c for each in asking for c in each.rule.constraints if "opset" in c.names]
    if not lines:
        return None
    graph = state.graph
    for opset in opsets:
        changed = replace(graph, opsets=MappingProxyType({**graph.opsets, "": opset}))
        facts = Facts(changed, precision=state.placements.precision)
        if all(check(line, facts) is YES for line in lines):
            return opset
    return None


def _wished(state: State) -> list[int]:
    """Return the opsets at which rows speak of nodes that no row speaks of now, those of most nodes first."""
    votes: Counter[int] = Counter()
    operators = Counter(p.item.op for p in state.trouble if isinstance(p.item, Node) and not p.item.domain)
    nearest = sorted(range(OLDEST, newest() + 1), key=lambda opset: (abs(opset - state.opset), opset))
    for op, count in operators.items():
        rows = [row for row in state.placements.target.by_op.get(op, ()) if row.form != "decomposed"]
        if all(row.opset is None and row.since is None for row in rows) or _speaks(rows, op, state.opset):
            continue
        found = next((opset for opset in nearest if _speaks(rows, op, opset)), None)
        if found is not None:
            votes[found] += count
    return [opset for opset, _ in sorted(votes.items(), key=lambda item: (-item[1], abs(item[0] - state.opset)))][
        :_WISHES
    ]


def _speaks(rows: Iterable[Row], op: str, opset: int) -> bool:
    """Tell whether a row that takes the operator speaks of it at an opset."""
    found = schema.find(op, "", opset)
    return found is not None and any(
        row.status.taken
        and (row.opset is None or opset in row.opset)
        and (row.since is None or found.since in row.since)
        for row in rows
    )


@lru_cache(maxsize=1)
def newest() -> int:
    """Return the newest opset of the ONNX domain that the schemas know."""
    return int(schema.native().defs.schema_version_map()[""][1])
