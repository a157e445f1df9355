"""A sum of two quantized tensors whose scales differ much: the smaller one loses its last bits.

An integer addition first brings both operands to one scale.  With scales 16 times apart, four of the eight bits of the
smaller operand are shifted out; what is left of a residual branch is noise.

Source: Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference
(CVPR 2018), appendix on layer-specific details: addition rescales one input onto the other's scale.

Calibrate both branches together, equalise the layers before the sum, or keep the sum in 16 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log2

from checker.graph import Value
from checker.rules.finding import Finding, Rule, Subject, listed

APART = 16.0
"""Ratio of scales from which a finding is made: half of the bits of an eight-bit operand."""


def check(subject: Subject) -> Iterator[Finding]:
    """Report sums of activations with scales far apart, in one finding."""
    found: list[tuple[str, float]] = []
    for node in subject.graph.nodes:
        if node.op not in {"Add", "Sub"} or len(node.inputs) != 2:
            continue
        scales = [_scale(value) for value in node.inputs]
        if scales[0] and scales[1]:
            ratio = max(scales[0], scales[1]) / min(scales[0], scales[1])
            if ratio >= APART:
                found.append((node.name, ratio))
    if found:
        worst = max(ratio for _, ratio in found)
        names = [name for name, _ in found]
        yield Finding(
            rule="residual-scales",
            severity="warning",
            confidence="high",
            nodes=tuple(names),
            message=f"{len(found)} sum(s) of tensors whose scales are up to {worst:.0f} times apart "
            f"({listed(names)}): {log2(worst):.1f} bits of the smaller one are lost",
            fix="calibrate both branches together, or keep the sum in 16 bits",
        )


def _scale(value: Value | None) -> float | None:
    """Return the scale of an activation in eight bits, None where it has none, or several."""
    if value is None or value.constant or value.quant is None or value.quant.assumed or value.quant.scale is None:
        return None
    if value.quant.dtype not in {"int8", "uint8"}:
        return None
    return float(value.quant.scale.ravel()[0]) if value.quant.scale.size == 1 else None


RULE = Rule("residual-scales", __doc__, check)
