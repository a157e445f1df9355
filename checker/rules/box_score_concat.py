"""Boxes in pixels and scores from 0 to 1 are joined into one output: in int8 the scores vanish.

A tensor that is quantized as one has one scale.  Where box coordinates reach 640, a step is 640 / 255 = 2.5, and every
score from 0 to 1 becomes 0.  The network builds, runs and detects nothing.

Sources: ultralytics/ultralytics pull request 25524 (RKNN int8 exports whose class scores are all exactly zero, with
figures for five tasks) and issue 13566 (the same met by a user, cured by taking the two apart).

Cut the file before the Concat, or export with separate outputs, and join boxes and scores on the host.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Graph, Value
from checker.rules.finding import Finding, Rule, Subject, listed
from checker.rules.near import leaves, sources

SCORES = frozenset({"Sigmoid", "Softmax", "HardSigmoid"})
SCALING = frozenset({"Mul", "Add", "Sub", "Div", "Pow", "Exp"})


def check(subject: Subject) -> Iterator[Finding]:
    """Report every Concat that feeds an output and joins scores with scaled coordinates, in one finding."""
    if not subject.in_precision("int8"):
        return
    graph = subject.graph
    found = [
        node
        for node in graph.nodes
        if node.op == "Concat" and {"scores", "scaled"} <= {_kind(graph, value) for value in node.inputs}
        if leaves(graph, node.outputs[0])
    ]
    if found:
        yield Finding(
            rule="box-score-concat",
            severity="warning",
            confidence="medium",
            nodes=tuple(node.name for node in found),
            message=f"boxes and scores share an output and its int8 scale ({listed(node.name for node in found)})",
            fix="export boxes and scores as separate outputs, or cut the file before the Concat",
        )


def _kind(graph: Graph, value: Value | None) -> str:
    """Tell scores (0 to 1) from coordinates (arithmetic with a constant); empty for anything else."""
    kinds = set()
    for node in sources(graph, value):
        if node.op in SCORES:
            kinds.add("scores")
        elif node.op in SCALING and any(each is not None and each.constant for each in node.inputs):
            kinds.add("scaled")
        else:
            kinds.add("")
    return kinds.pop() if len(kinds) == 1 else ""


RULE = Rule("box-score-concat", __doc__, check)
