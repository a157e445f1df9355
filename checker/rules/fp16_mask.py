"""A mask holds a number that fp16 does not have: it becomes minus infinity, and a row that is masked whole NaN.

Exporters mask attention with the lowest number of fp32, -3.4e38 (or with -1e9).  fp16 ends at -65504, so a build in it
turns the number into minus infinity.  Softmax of a row of minus infinities is 0 / 0.  A sum with a score does the same
to -65504 itself.

Sources: huggingface/transformers pull request 17306 (finfo(float16).min plus a score below -16 is minus infinity; rows
of padding become NaN) and apple/coremltools pull request 2669 (decoder models that silently return NaN in fp16).

Mask with a number such as -1e4, or with Where behind the Softmax; where no row is masked whole nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Node, Value
from checker.rules.finding import Finding, Rule, Subject, listed
from checker.rules.near import LAYOUT, reaches

LOWEST = -65504.0
MASKING = frozenset({"Where", "Add", "Sub", "Mul", "Max", "Min"})


def check(subject: Subject) -> Iterator[Finding]:
    """Report masks beyond the range of fp16 on their way to a Softmax, in one finding."""
    if not subject.in_precision("fp16"):
        return
    graph = subject.graph
    found: list[Node] = []
    lowest = 0.0
    for node in graph.nodes:
        beyond = [least for value in node.inputs if (least := _least(value)) is not None and least < LOWEST]
        if node.op in MASKING and beyond and _masks(subject, node):
            found.append(node)
            lowest = min(lowest, *beyond)
    if found:
        names = [node.name for node in found]
        yield Finding(
            rule="fp16-mask",
            severity="info",
            confidence="medium",
            nodes=tuple(names),
            message=f"masks of {lowest:.3g} before a Softmax: minus infinity in fp16 ({listed(names)})",
            fix="mask with -1e4, or see that no row is masked whole",
        )


def _masks(subject: Subject, node: Node) -> bool:
    output = node.outputs[0] if node.outputs else None
    return reaches(subject.graph, output, {"Softmax"}, LAYOUT | MASKING | {"Div"})


def _least(value: Value | None) -> float | None:
    """Return the least element of a small constant of floats."""
    if value is None or value.const is None or "float" not in (value.dtype or "") or not value.const.size:
        return None
    return min(float(each) for each in value.const.ravel().tolist())


RULE = Rule("fp16-mask", __doc__, check)
