"""What loading found out about the file itself: one rule for each kind of problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from checker.rules.finding import Finding, Rule, Severity, Subject

KINDS: tuple[tuple[str, Severity, str, str], ...] = (
    (
        "operator-not-in-opset",
        "error",
        "export again with an opset that has the operator, or correct the opset import",
        """A node's operator does not exist at the opset that the file declares.

The file breaks the ONNX standard: runtimes refuse it or guess.  Seen from vendors' own model collections (a Gelu node
in a file that declares opset 17) and from torch's dynamo exporter when it is asked for an opset newer than it knows.
""",
    ),
    (
        "external-data-missing",
        "warning",
        "put the weight file beside the model, or ignore this when only the structure is audited",
        """A file that holds the model's weights is missing or too short.

The structure is judged all the same; what needs the numbers (the statistics of a BatchNormalization, the value of a
large constant) stays unknown.
""",
    ),
    (
        "invalid-model",
        "error",
        "correct the graph; onnx.checker.check_model(full_check=True) shows the same",
        """The graph contradicts the ONNX standard: types that do not fit, shapes that cannot be broadcast.

No compiler can build it, so every target is BLOCKED with this reason.
""",
    ),
    (
        "opset-missing",
        "error",
        "export again, or add the opset import that the nodes were written for",
        """The file does not say which opset the operators of a domain follow.

The ONNX standard demands an opset import for every domain that a node uses.  Without it the meaning of the operators
is a guess, and runtimes refuse the file.
""",
    ),
    (
        "declared-shape-differs",
        "warning",
        "correct the declared output shape; simplifiers do so",
        """A shape that the file declares for one of its values is not the one that follows from the operators.

Usually a leftover of an edit (a changed batch size or head).  Runtimes warn and use the computed shape; some compilers
believe the declared one and fail later.
""",
    ),
    (
        "unsorted-graph",
        "warning",
        "sort the nodes topologically (most simplifiers do)",
        """The nodes are not in topological order, which the ONNX standard demands.

It was sorted in memory for this audit; strict compilers refuse such a file.
""",
    ),
)
"""Rule id, severity, what to do, and documentation."""


def _check(rule: str, severity: Severity, fix: str, subject: Subject) -> Iterator[Finding]:
    for problem in subject.graph.problems:
        if problem.rule == rule:
            yield Finding(rule, severity, "high", problem.message, problem.nodes, fix)


def _checker(rule: str, severity: Severity, fix: str) -> Callable[[Subject], Iterator[Finding]]:
    return partial(_check, rule, severity, fix)


RULES: tuple[Rule, ...] = tuple(Rule(rule, doc, _checker(rule, severity, fix)) for rule, severity, fix, doc in KINDS)
