"""An attention with a mask carries the exporter's guard against rows that are masked whole: Softmax, IsNaN, Where.

torch's scaled_dot_product_attention defines the softmax of a row of minus infinities as zeros, so exporters write
`Where(IsNaN(p), 0, p)` behind each masked Softmax.  IsNaN is the operator that costs most on accelerators:
rknn-toolkit2 puts it on the CPU, tpu-mlir and MNN refuse the network, ncnn cannot load it, WebGPU copies to the host
for it.  Where no row of the mask is blank (every token sees at least itself) the guard does nothing and can be removed.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Node
from checker.rules.finding import Finding, Rule, Subject, listed


def check(subject: Subject) -> Iterator[Finding]:
    """Report every Softmax-IsNaN-Where, in one finding."""
    graph = subject.graph
    guards: list[Node] = []
    for node in graph.nodes:
        if node.op == "IsNaN" and node.inputs and node.inputs[0] is not None:
            source = graph.producer_of(node.inputs[0])
            output = node.outputs[0]
            if source is not None and source.op == "Softmax" and output is not None:
                guards += [node] if any(user.op == "Where" for user in graph.users_of(output)) else []
    if guards:
        yield Finding(
            rule="nan-guard",
            severity="info",
            confidence="medium",
            nodes=tuple(node.name for node in guards),
            message=f"{len(guards)} masked Softmax with an IsNaN guard ({listed(node.name for node in guards)})",
            fix="where no row of the mask is blank, export eager attention or remove IsNaN and Where",
        )


RULE = Rule("nan-guard", __doc__, check)
