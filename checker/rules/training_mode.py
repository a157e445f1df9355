"""The file was exported in training mode: BatchNormalization computes its statistics from the batch, Dropout drops.

rknn-toolkit2 refuses such a file with a clear sentence, tpu-mlir says nothing, and the Hexagon compiler makes dozens of
partitions of it; whatever builds gives other results than the trained network.  Export after `model.eval()`.
Weight-standardised convolutions (NFNets) leave such BatchNormalizations behind on purpose; fold them before export.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Node, Value
from checker.rules.finding import Finding, Rule, Subject, listed


def trains(node: Node) -> bool:
    """Tell whether a node behaves as in training (by attribute, by its number of outputs, or by a constant input)."""
    if node.op == "BatchNormalization":
        if node.since >= 14:
            return node.attrs.get("training_mode") == 1
        return sum(value is not None for value in node.outputs) > 1
    if node.op == "Dropout":
        mode = node.args.get("training_mode")
        return isinstance(mode, Value) and mode.const is not None and bool(mode.const.any())
    return False


def check(subject: Subject) -> Iterator[Finding]:
    """Report every node in training mode, in one finding."""
    nodes = [node for node in subject.graph.walk() if trains(node)]
    if nodes:
        yield Finding(
            rule="training-mode",
            severity="error",
            confidence="high",
            nodes=tuple(node.name for node in nodes),
            message=f"{len(nodes)} node(s) in training mode ({listed(node.name for node in nodes)})",
            fix="call model.eval() before the export, and do not pass training=TrainingMode.TRAINING",
        )


RULE = Rule("training-mode", __doc__, check)
