"""Channels of one weight differ so much in range that one scale for all of them leaves some without bits.

With one scale a tensor, a channel whose largest weight is a sixteenth of the tensor's has 16 of the 255 steps, four
bits.  Depthwise convolutions after a folded BatchNormalization are the usual case.  With one scale a channel it does
not matter; some toolchains have none, or none for every operator.

Looked at only with `--weights`, because it reads them.  A finding is made where at least a tenth of the channels have
less than a sixteenth of the range.  Channels of zeros are not counted.

Source: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction (ICCV 2019), which shows
the ranges of MobileNetV2's first depthwise layer and what equalising them gives back.

Quantize weights per channel, or equalise the layers before quantizing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.rules.finding import Finding, Rule, Subject, listed

if TYPE_CHECKING:
    from checker.graph import Array, Node, Value

APART, MANY = 16.0, 0.1
"""Range of the tensor over that of a channel, and the share of channels, from which a finding is made."""

PLACES = {"Conv": 0, "ConvTranspose": 1, "MatMul": -1, "Gemm": 1}
"""Axis of the output channels in the second argument; Gemm's is 0 where that is transposed."""


def check(subject: Subject) -> Iterator[Finding]:
    """Report the weights with channels far apart, in one finding, the worst first."""
    if subject.read is None or not subject.in_precision("int8"):
        return
    found: list[tuple[float, str]] = []
    for node in subject.graph.nodes:
        weight = _weight(node)
        data = subject.read(weight) if weight is not None else None
        if data is None or data.ndim < 2:
            continue
        share = narrow(data, 0 if node.op == "Gemm" and node.attrs.get("transB") else PLACES[node.op])
        if share >= MANY:
            found.append((share, node.name))
    if found:
        found.sort(key=lambda each: (-each[0], each[1]))
        names = [name for _, name in found]
        yield Finding(
            rule="weight-spread",
            severity="warning",
            confidence="high",
            nodes=tuple(names),
            message=f"{len(found)} weight(s) with channels far apart ({listed(names)}): in the first "
            f"{found[0][0]:.0%} of the channels have less than a sixteenth of the tensor's range",
            fix="quantize weights per channel, or equalise the layers first",
        )


def _weight(node: Node) -> Value | None:
    """Return the constant weight of a node that has scales of its own to come, None for any other."""
    value = node.inputs[1] if node.op in PLACES and not node.domain and len(node.inputs) > 1 else None
    return value if value is not None and value.constant and value.quant is None else None


def narrow(data: Array, axis: int) -> float:
    """Return the share of channels, 0 to 1, whose range is less than a sixteenth of the tensor's."""
    import numpy as np

    ranges = np.abs(np.moveaxis(data.astype("f4"), axis, 0).reshape(data.shape[axis], -1)).max(axis=1)
    used = ranges[ranges > 0]
    return float((used * APART < used.max()).mean()) if used.size > 1 else 0.0


RULE = Rule("weight-spread", __doc__, check)
