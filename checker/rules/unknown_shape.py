"""The shape of some activations cannot be told from the file.

Constraints on sizes and ranks then *do not say*, and a verdict that depends on them is UNKNOWN.  Usual causes: an input
without a shape, an operator whose output size depends on data (NonZero, NonMaxSuppression, TopK with a computed k), or
an operator outside the ONNX standard, through which shapes cannot be inferred.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Node
from checker.rules.finding import Finding, Rule, Subject, listed


def _unknown(node: Node) -> bool:
    return any(value is not None and (value.shape is None or None in value.shape) for value in node.outputs)


def check(subject: Subject) -> Iterator[Finding]:
    """Count the nodes with an unknown output shape and name where it begins."""
    graph = subject.graph
    unknown = [node for node in graph.nodes if _unknown(node) and not node.shape_arithmetic]
    first = [
        node
        for node in unknown
        if not any(
            (source := graph.producer_of(value)) is not None and _unknown(source)
            for value in node.inputs
            if value is not None
        )
    ]
    if unknown:
        begins = listed(f"{node.name} ({node.qualified})" for node in first)
        yield Finding(
            rule="unknown-shape",
            severity="info",
            confidence="high",
            nodes=tuple(node.name for node in first),
            message=f"{len(unknown)} node(s) have an output whose shape the file does not tell; it begins at {begins}",
            fix="pin the input shapes, or run symbolic shape inference before the audit",
        )


RULE = Rule("unknown-shape", __doc__, check)
