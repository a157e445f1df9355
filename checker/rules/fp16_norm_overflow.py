"""A normalisation in parts squares its input, which leaves the range of fp16 from 256 on.

The largest fp16 number is 65504.  LayerNormalization and RMSNormalization written as Pow (or Mul), ReduceMean, Sqrt and
Div square every element first; activations of more than 256, usual in the residual stream of transformers, become
infinite, and the output NaN or zero.  One operator lets the compiler choose the precision inside.

Sources: NVIDIA/TensorRT issues 2564 (BERT, overflow found with Polygraphy) and 2781; TensorRT's own warning reads
"Running layernorm after self-attention in FP16 may cause overflow".

Export LayerNormalization as one operator (opset 17), RMSNormalization from opset 23, or keep these nodes in fp32.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Composite, Node
from checker.rules.finding import Finding, Rule, Subject, listed

KINDS = frozenset({"LayerNormalization", "RMSNormalization", "LpNormalization"})


def check(subject: Subject) -> Iterator[Finding]:
    """Report normalisations in parts whose square is, or would be, in fp16; one finding."""
    if not subject.in_precision("fp16"):
        return
    found: list[tuple[Node, bool]] = []
    for composite in subject.composites:
        if composite.form == "decomposed" and composite.kind in KINDS:
            square = _square(composite)
            wide = _in_half(composite)
            dtype = square.inputs[0].dtype if square is not None and square.inputs[0] is not None else None
            if square is not None and (dtype == "float16" or not wide):
                found.append((square, dtype == "float16"))
    if found:
        half = any(already for _, already in found)
        names = [node.name for node, _ in found]
        yield Finding(
            rule="fp16-norm-overflow",
            severity="warning" if half else "info",
            confidence="medium",
            nodes=tuple(names),
            message=f"{len(found)} normalisation(s) in parts square their input in fp16"
            + ("" if half else " when built in it")
            + f" ({listed(names)}): infinite from 256 on",
            fix="export the normalisation as one operator, or keep these nodes in fp32",
        )


def _square(composite: Composite) -> Node | None:
    """Return the node that squares: Pow, or a Mul of a value with itself."""
    for node in composite.covers:
        same = len(node.inputs) == 2 and node.inputs[0] is not None and node.inputs[0] is node.inputs[1]
        if node.op in {"Pow", "ReduceL2", "ReduceSumSquare"} or (node.op == "Mul" and same):
            return node
    return None


def _in_half(composite: Composite) -> bool:
    """Tell whether the layer takes fp16, so that a square in fp32 was meant."""
    return any(value is not None and value.dtype == "float16" for value in composite.node.inputs)


RULE = Rule("fp16-norm-overflow", __doc__, check)
