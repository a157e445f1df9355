"""A file with Q/DQ leaves convolutions or matrix products without scales.

A node whose data or weights have no scale around them runs in float in the middle of an int8 network: with a border on
each side, or on the host where the accelerator has integers only.  Attention is often left out on purpose; a single
convolution between quantized ones is usually a gap in the quantizer's list of operators, or a pattern that it missed.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Node
from checker.rules.finding import Finding, Rule, Subject, listed

WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})


def check(subject: Subject) -> Iterator[Finding]:
    """Report the nodes without scales, in one finding; nothing where no node has any."""
    nodes = [node for node in subject.graph.walk() if node.op in WEIGHTED and not node.domain]
    without = [node for node in nodes if missing(node)]
    if not without or len(without) == len(nodes):
        return
    parts = sorted({part for node in without for part in missing(node)})
    yield Finding(
        rule="qdq-gap",
        severity="warning",
        confidence="high",
        nodes=tuple(node.name for node in without),
        message=f"{len(without)} of {len(nodes)} convolutions and products have no scales for {' and '.join(parts)} "
        f"({listed(node.name for node in without)})",
        fix="quantize them too, or see that they are meant to stay in float",
    )


def missing(node: Node) -> set[str]:
    """Name what has no scale: the data, or the weights."""
    found = set()
    for value in node.inputs[:2]:
        if value is None or "float" not in (value.dtype or "") or (value.quant and not value.quant.assumed):
            continue
        found.add("weights" if value.constant else "data")
    return found


RULE = Rule("qdq-gap", __doc__, check)
