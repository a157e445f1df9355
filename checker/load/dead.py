"""Nodes that nobody needs any more once shapes and branches are folded."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from checker.graph import Folded

if TYPE_CHECKING:
    from checker.load.call import Body, Call
    from checker.load.fact import Fact


def prune(body: Body, used: AbstractSet[str], folded: list[Folded]) -> None:
    """Drop the calls whose outputs the file uses and the folded graph does not.

    A node that is unused in the file itself stays: it is a fact of the file, not of folding.

    Args:
        body: the graph, which is changed, and the bodies of its calls with it.
        used: names that the file uses, anywhere.
        folded: what vanished so far; the dropped nodes are added.
    """
    for call in body.calls:
        for inner in call.bodies.values():
            prune(inner, used, folded)
    names = {fact.name for _, fact in body.outputs}
    kept: list[Call] = []
    for call in reversed(body.calls):
        produced = [fact for fact in call.outputs if fact is not None]
        wanted = any(fact.name in names for fact in produced)
        dangling = not any(name in used for name in call.raw.outputs if name)
        if wanted or dangling:
            kept.append(call)
            names.update(fact.name for fact in (*_inputs(call), *call.implicit))
        else:
            folded.append(Folded(call.name, call.raw.op, "shape", call.raw.domain, tuple(sorted(call.attrs))))
    body.calls = kept[::-1]


def _inputs(call: Call) -> Sequence[Fact]:
    return [fact for fact in call.inputs if fact is not None]
