"""An input has dimensions without a number.

Most accelerators compile for fixed shapes: the Hexagon compiler took none of 14 networks with dynamic dimensions whole,
and 13 of them once the dimensions were pinned.  Rockchip, Ethos-U and the Orin DLA want fixed shapes too.  Pin them at
export time, or in the file with ONNX Runtime's `make_dynamic_shape_fixed` tool.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Value
from checker.rules.finding import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Name the inputs and their open dimensions, in one finding."""
    open_inputs = [value for value in subject.graph.inputs if value.shape is None or not _fixed(value)]
    if open_inputs:
        shown = "; ".join(f"{value.name} {describe(value)}" for value in open_inputs)
        symbols = sorted({dim for value in open_inputs for dim in value.shape or () if isinstance(dim, str)})
        pins = " ".join(f"--dim_param {symbol} --dim_value N" for symbol in symbols)
        tool = f"python -m onnxruntime.tools.make_dynamic_shape_fixed {pins} IN OUT" if pins else "at export time"
        yield Finding(
            rule="dynamic-shape",
            severity="warning",
            confidence="high",
            message=f"dynamic input dimensions: {shown}",
            fix=f"pin them: {tool}",
        )


def describe(value: Value) -> str:
    """Write a shape as `[batch, 3, ?, ?]`; `?` is a dimension that the file leaves open."""
    if value.shape is None:
        return "of unknown rank"
    return "[" + ", ".join("?" if dim is None else str(dim) for dim in value.shape) + "]"


def _fixed(value: Value) -> bool:
    return value.shape is not None and all(isinstance(dim, int) for dim in value.shape)


RULE = Rule("dynamic-shape", __doc__, check)
