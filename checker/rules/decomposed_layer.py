"""A layer is written in parts although the ONNX standard has one operator for it.

Exporters split LayerNormalization, GELU, attention and others when the declared opset is older than the operator (and
sometimes when it is not).  A compiler that knows the operator may run it in one kernel and in better precision; another
takes only the parts.  Which is better depends on the target: opset 17 breaks TensorRT before 8.6, opsets above 19 are
refused by rknn-toolkit2, and the Attention operator of opset 23 is refused by most mobile converters.  So this is
information, not advice; each target's "what to change" says what would help there.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker import schema
from checker.graph import Composite
from checker.rules.finding import Finding, Rule, Subject

ONE_OPERATOR = (
    "Attention", "Gelu", "GroupNormalization", "HardSwish", "LayerNormalization", "Mish", "RMSNormalization",
    "RotaryEmbedding", "Softmax", "Swish",
)  # fmt: skip
"""Layers with an operator of their own in the ONNX standard that exporters are seen to split."""


def first_opset(kind: str) -> int:
    """Return the opset at which the ONNX standard got the operator."""
    return min(version.since for version in schema.history(kind, ""))


def check(subject: Subject) -> Iterator[Finding]:
    """Report the layers in parts, one finding for each kind."""
    declared = subject.graph.opsets.get("", 0)
    by_kind: dict[str, list[Composite]] = {}
    for composite in subject.composites:
        if composite.form == "decomposed" and composite.kind in ONE_OPERATOR:
            by_kind.setdefault(composite.kind, []).append(composite)
    for kind, found in sorted(by_kind.items()):
        first = first_opset(kind)
        nodes = sorted({node.index: node.name for c in found for node in c.covers}.items())
        if declared < first:
            version = f"one {kind} operator exists since opset {first}; this file declares {declared}"
        else:
            version = f"the declared opset {declared} has one {kind} operator for it, since opset {first}"
        yield Finding(
            rule="decomposed-layer",
            severity="info",
            confidence="high",
            nodes=tuple(name for _, name in nodes),
            message=f"{len(found)} {kind} layer(s) written as {len(nodes)} nodes ({version})",
            fix="see what each target takes before re-exporting at another opset",
        )


RULE = Rule("decomposed-layer", __doc__, check)
