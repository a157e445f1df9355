"""An activation cannot become part of the convolution before it, since something else reads the convolution's output.

Compilers run ReLU, ReLU6, SiLU or HardSwish in the same pass as the convolution that feeds it (rknn-toolkit2 lists
such layers as ConvRelu, ConvClip, ConvExSwish, ConvHardSwish), so that the activation costs nothing.  When a second
consumer wants the value before the activation, the intermediate result must be written out and the fusion is off; in an
int8 model both values need a quantization of their own.  The message names the second consumer.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.graph import Composite, Graph, Node, Value
from checker.rules.finding import Finding, Rule, Subject, listed

PRODUCERS = frozenset({"Conv", "ConvTranspose", "Gemm"})
OPERATORS = frozenset({"Relu", "LeakyRelu", "PRelu", "Clip", "HardSwish", "Sigmoid", "Tanh", "Mish", "Swish"})
"""Activations as one operator that compilers are seen to run inside a convolution."""
LAYERS = frozenset({"Swish", "HardSwish", "Relu6", "Mish", "QuickGelu"})
"""The same as recognised layers, whether written as one node or in parts."""


def check(subject: Subject) -> Iterator[Finding]:
    """Report every activation whose convolution has another consumer, in one finding."""
    graph = subject.graph
    blocked = [found for activation in _activations(subject) if (found := _second_consumer(graph, activation))]
    if blocked:
        pairs = [f"{node.name} also feeds {other}" for node, _, other in blocked]
        yield Finding(
            rule="activation-unfusible",
            severity="info",
            confidence="medium",
            nodes=tuple(name for _, names, _ in blocked for name in names),
            message=f"{len(blocked)} activation(s) cannot be fused into the convolution before: {listed(pairs)}",
            fix="let the other consumer read the value after the activation, if the network allows it",
        )


def _activations(subject: Subject) -> Iterator[tuple[Value, tuple[Node, ...]]]:
    """Yield the value that each activation reads and the nodes that compute it; a layer before the nodes inside it."""
    claimed: set[int] = set()
    for composite in subject.composites:
        value = _first_argument(composite)
        if composite.kind in LAYERS and value is not None:
            claimed.update(id(node) for node in composite.covers)
            yield value, composite.covers
    for node in subject.graph.nodes:
        if node.op in OPERATORS and not node.domain and id(node) not in claimed and node.inputs[0] is not None:
            yield node.inputs[0], (node,)


def _first_argument(composite: Composite) -> Value | None:
    return next((value for value in composite.node.inputs if value is not None and not value.constant), None)


def _second_consumer(
    graph: Graph, activation: tuple[Value, tuple[Node, ...]]
) -> tuple[Node, tuple[str, ...], str] | None:
    """Return the convolution, the activation's names and the other consumer; None when the fusion is possible."""
    value, nodes = activation
    producer = graph.producer_of(value)
    if producer is None or producer.op not in PRODUCERS:
        return None
    inside = {id(node) for node in nodes}
    others = [user.name for user in graph.users_of(value) if id(user) not in inside]
    if graph.is_output(value):
        others.append("the graph's output")
    return (producer, tuple(node.name for node in nodes), listed(others)) if others else None


RULE = Rule("activation-unfusible", __doc__, check)
