"""The file works at one input size only.

Three things tie a network to its size.  A constant as long as its positions: a positional embedding added to the
tokens, a relative position bias, a table of anchors.  A weight over the positions: a Gemm after Flatten, the token
mixing of an MLP mixer.  And sizes that the exporter wrote down as numbers: a Reshape to `[1, 8, 7, 8, 7, 96]`, a Resize
to fixed sizes, a Slice up to the end that the axis had.  Convolutions with global pooling have none of them and take
any size.

The finding names the first node that is in the way.  Where that is only a number that the exporter wrote down, it also
says whether something in the architecture would be next: if not, exporting with dynamic axes cures it; if so, export
once for each size that is needed (or interpolate the embedding before the export).  Some such nodes do not fail at
another size: `[-1, 49, 96]` puts the pixels that are too many into the batch, and the result is wrong in silence.

The sizes are gone over by shape inference; nothing is run.  That such files fail in ONNX Runtime at other sizes, and
that files without the finding run, is part of the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.resolution import written
from checker.rules.finding import Finding, Rule, Subject

if TYPE_CHECKING:
    from checker.resolution import Pin, Resolution

WRITTEN_DOWN = frozenset({"reshape", "window", "resize", "expand", "slice", "indices"})
"""Kinds that an exporter makes of a network that has none."""


def check(subject: Subject) -> Iterator[Finding]:
    """Name the node that ties the file to its size, in one finding."""
    found = subject.resolution
    if found is None or found.reach.pin is None:
        return
    pin, deeper = found.reach.pin, found.architecture
    nodes = tuple(dict.fromkeys(each.node for each in (pin, deeper) if each is not None and each.node))
    size = f"{written(found.base)} {found.scaling.unit}"
    message = f"works at {size} only: {sentence(pin)}"
    if found.base not in found.reach.takes:
        message = f"its input is declared open, and works at none of the sizes tried: {sentence(pin)}"
    elif found.scaling.assumed:
        message = f"its input is declared open, and works at {size} only: {sentence(pin)}"
    if deeper is not None and deeper.node != pin.node:
        message += f"; and were that free, {sentence(deeper)}"
    yield Finding(
        rule="pinned-resolution",
        severity="info",
        confidence="high" if pin.kind in WRITTEN_DOWN or pin.effect == "fails" else "medium",
        nodes=nodes,
        message=message,
        fix=cure(found, pin),
    )


def sentence(pin: Pin) -> str:
    """Say what a node has and what another size makes of it."""
    effect = "" if pin.effect == "fails" else " (it runs at other sizes, and is wrong)"
    return f"{pin.op} {pin.node} {pin.message}{effect}".strip()


def cure(found: Resolution, pin: Pin) -> str:
    """Say what frees the file."""
    if pin.kind in WRITTEN_DOWN and found.architecture is None and found.growth.macs is not None:
        return "export with dynamic input axes, or once for each size that is needed"
    return "export once for each size that is needed"


RULE = Rule("pinned-resolution", __doc__, check)
