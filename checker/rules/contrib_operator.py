"""The file holds operators of a runtime's own domain, such as `com.microsoft.SkipLayerNormalization`.

ONNX Runtime's optimisers write them when a session saves its optimised model, and its transformers tool does so on
purpose.  Other compilers do not know them: a Hexagon build that was one partition became 37, and TensorRT refuses the
file.  Deploy from the file as it was before that optimisation.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.rules.finding import Finding, Rule, Subject, listed

STANDARD = frozenset({"", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training"})


def check(subject: Subject) -> Iterator[Finding]:
    """Report all operators outside the standard domains, in one finding."""
    nodes = [node for node in subject.graph.walk() if node.domain not in STANDARD]
    if nodes:
        kinds = sorted({node.qualified for node in nodes})
        yield Finding(
            rule="contrib-operator",
            severity="warning",
            confidence="high",
            nodes=tuple(node.name for node in nodes),
            message=f"{len(nodes)} node(s) use operators outside the ONNX standard: {listed(kinds, 6)}",
            fix="deploy from the file as exported, before a runtime's optimiser rewrote it",
        )


RULE = Rule("contrib-operator", __doc__, check)
