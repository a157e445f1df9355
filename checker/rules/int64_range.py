"""A constant of 64-bit integers holds a number that 32 bits cannot.

Most accelerators compute with 32-bit integers at most, and their converters clamp or cut what is larger.  The end of a
Slice is meant to be clamped (the largest number stands for "to the end"); an index, a size or a factor is not.

Sources: microsoft/onnxruntime issue 3821 and onnx/tensorflow-onnx issue 883 (TensorRT: "One or more weights outside the
range of INT32 was clamped").
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Value
from checker.rules.finding import Finding, Rule, Subject, listed

LARGEST = 2**31 - 1
MEANT = frozenset({"Slice", "Clip", "Min", "Max"})
"""Operators for which a clamped number means the same."""


def check(subject: Subject) -> Iterator[Finding]:
    """Report nodes that take such a constant, in one finding."""
    found = [
        node
        for node in subject.graph.walk()
        if node.op not in MEANT and not node.shape_arithmetic and any(_beyond(value) for value in node.inputs)
    ]
    if found:
        names = [node.name for node in found]
        yield Finding(
            rule="int64-range",
            severity="info",
            confidence="high",
            nodes=tuple(names),
            message=f"constants of int64 beyond the range of int32 ({listed(names)})",
            fix="use numbers that 32 bits hold",
        )


def _beyond(value: Value | None) -> bool:
    if value is None or value.const is None or value.dtype not in {"int64", "uint64"}:
        return False
    return any(abs(int(each)) > LARGEST for each in value.const.ravel().tolist())


RULE = Rule("int64-range", __doc__, check)
