"""Q/DQ stand inside a layer that a compiler would take as one.

A quantizer that works operator by operator puts a pair between the parts of a GELU or of a LayerNormalization.  A
compiler that has one kernel for the layer no longer sees it, and runs the parts, each rounded to eight bits: the square
root, the erf, the division.  Quantize around such layers, not inside them.

Source: ONNX Runtime's quantization tool has options for this (`op_types_to_quantize`, `nodes_to_exclude`), and its
documentation asks for the optimised model, in which layers are one node, as input.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Composite
from checker.rules.finding import Finding, Rule, Subject, listed

KINDS = frozenset({
    "Gelu", "QuickGelu", "LayerNormalization", "RMSNormalization", "GroupNormalization", "InstanceNormalization",
    "Softmax", "Mish",
})  # fmt: skip
"""Not Swish and HardSwish: a product with a gate between scales is what quantizers and compilers agree on."""


def check(subject: Subject) -> Iterator[Finding]:
    """Report layers with scales on a value inside them, one finding for each kind."""
    by_kind: dict[str, list[Composite]] = {}
    for composite in subject.composites:
        if composite.form == "decomposed" and composite.kind in KINDS and _inside(composite):
            by_kind.setdefault(composite.kind, []).append(composite)
    for kind, found in sorted(by_kind.items()):
        names = [node.name for composite in found for node in composite.covers]
        yield Finding(
            rule="qdq-inside-layer",
            severity="warning",
            confidence="high",
            nodes=tuple(names),
            message=f"{len(found)} {kind} with Q/DQ between the parts ({listed(names)})",
            fix="leave the parts out when quantizing, or quantize a file in which the layer is one operator",
        )


def _inside(composite: Composite) -> bool:
    """Tell whether a value that one part hands to the next has scales."""
    made = {value.name: value for node in composite.covers for value in node.outputs if value is not None}
    taken = {value.name for node in composite.covers for value in node.inputs if value is not None}
    inner = [value for name, value in made.items() if name in taken]
    return any(value.quant is not None and not value.quant.assumed for value in inner)


RULE = Rule("qdq-inside-layer", __doc__, check)
