"""Layers that lose accuracy in int8 more than convolutions do.

SiLU and GELU have a small negative lobe next to a long positive tail: one scale serves either.  LayerNormalization
divides channels whose ranges differ by orders of magnitude; softmax puts nearly all of its values near 0.  Toolchains
that know it run them in 16 bits inside an int8 build (tpu-mlir does); others do not, and the network loses points.

Sources: EfficientNet-Lite replaced swish by ReLU6 because it "significantly improved the quality of post-training
quantization" (TensorFlow blog, March 2020); Kim et al., I-BERT (ICML 2021), for GELU, softmax and LayerNormalization;
Lin et al., FQ-ViT (IJCAI 2022), for the spread of LayerNormalization's inputs between channels.

Measure the accuracy with these in 16 bits first; what each target does with them is in its int8 readiness.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from checker.rules.finding import Finding, Rule, Subject

SENSITIVE = ("Gelu", "QuickGelu", "Swish", "Mish", "LayerNormalization", "RMSNormalization", "Softmax")


def check(subject: Subject) -> Iterator[Finding]:
    """Count such layers of a float file, in one finding."""
    if not subject.in_precision("int8") or any(
        value.quant for node in subject.graph.nodes for value in node.inputs if value
    ):
        return
    found = [composite for composite in subject.composites if composite.kind in SENSITIVE]
    counted = Counter(composite.kind for composite in found)
    if counted:
        listed = ", ".join(f"{counted[kind]} {kind}" for kind in SENSITIVE if counted[kind])
        yield Finding(
            rule="int8-sensitive",
            severity="info",
            confidence="medium",
            nodes=tuple(composite.covers[-1].name for composite in found),
            message=f"layers that lose accuracy in int8: {listed}",
            fix="compare with these in 16 bits before the whole network goes to int8",
        )


RULE = Rule("int8-sensitive", __doc__, check)
