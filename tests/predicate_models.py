"""Small models in ONNX's text format, and what a predicate says of their nodes."""

from __future__ import annotations

from onnx import parser

from checker.graph import Graph, Node
from checker.load import load_model
from checker.predicates import PREDICATES

HEAD = '<ir_version: 8, opset_import: ["" : 17]> case '


def graph(text: str) -> Graph:
    """Read a model in ONNX's text format; a weight without elements is fed."""
    return load_model(parser.parse_model(HEAD + text).SerializeToString())


def told(name: str, net: Graph) -> dict[str, bool | None]:
    """Return what a predicate says of each node, by the name of its first output."""
    return {_output(node): PREDICATES[name](node, net) for node in net.nodes}


def _output(node: Node) -> str:
    (first, *_) = node.outputs
    assert first is not None
    return first.name
