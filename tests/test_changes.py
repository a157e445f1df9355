"""Changes that are tried in memory: they compute the same, and fit where they are put."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import onnx.reference
import pytest

from checker.composites import raise_composites
from checker.expand import body_of
from checker.graph import Graph
from checker.load import load_model
from checker.lowering import _WRITERS, lowered
from checker.rewire import at_opset, missing_at, pinned, with_operator, with_parts

OPERATORS = {
    "gelu": ("float[2,8] x", "y = Gelu (x)", "float[2,8]"),
    "gelu_tanh": ("float[2,8] x", 'y = Gelu <approximate = "tanh"> (x)', "float[2,8]"),
    "layer_norm": (
        "float[2,3,8] x, float[3,8] s, float[3,8] b",
        "y = LayerNormalization <axis = 1, epsilon = 0.01> (x, s, b)",
        "float[2,3,8]",
    ),
    "layer_norm_plain": ("float[2,8] x, float[8] s", "y = LayerNormalization (x, s)", "float[2,8]"),
    "rms_norm": ("float[2,8] x, float[8] s", "y = RMSNormalization (x, s)", "float[2,8]"),
    "swish": ("float[2,8] x", "y = Swish (x)", "float[2,8]"),
    "attention": (
        "float[1,2,4,8] q, float[1,2,6,8] k, float[1,2,6,5] v",
        "y = Attention (q, k, v)",
        "float[1,2,4,5]",
    ),
    "attention_masked": (
        "float[1,2,4,8] q, float[1,2,6,8] k, float[1,2,6,5] v, float[4,6] m",
        "y = Attention <scale = 0.7> (q, k, v, m)",
        "float[1,2,4,5]",
    ),
}


def model(name: str, opset: int = 24) -> onnx.ModelProto:
    """Return a model of one operator."""
    inputs, call, output = OPERATORS[name]
    return onnx.parser.parse_model(
        f'<ir_version: 10, opset_import: ["" : {opset}]> g ({inputs}) => ({output} y) {{ {call} }}'
    )


@pytest.mark.parametrize("opset", [17, 18])
@pytest.mark.parametrize("name", list(OPERATORS))
def test_an_operator_in_parts_computes_the_same(name: str, opset: int) -> None:
    """The parts, run at an opset that lacks the operator, give what the operator gives."""
    proto = model(name)
    node = load_model(proto).nodes[0]
    function = onnx.parser.parse_function(_WRITERS[node.op](node, opset))
    call = onnx.helper.make_node(node.op, proto.graph.node[0].input, ["y"], domain=function.domain)
    graph = onnx.helper.make_graph([call], "g", proto.graph.input, proto.graph.output)
    imports = [onnx.helper.make_opsetid("", opset), onnx.helper.make_opsetid(function.domain, 1)]
    parts = onnx.helper.make_model(graph, functions=[function], opset_imports=imports)
    rng = np.random.default_rng(0)
    shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in proto.graph.input}
    feed = {key: rng.standard_normal(shape).astype(np.float32) for key, shape in shapes.items()}
    (expected,) = onnx.reference.ReferenceEvaluator(proto).run(None, feed)
    (found,) = onnx.reference.ReferenceEvaluator(parts).run(None, feed)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list(OPERATORS))
def test_parts_are_put_in_the_place_of_the_operator(name: str) -> None:
    """The changed graph is whole: every input is produced before, the output has its name, the composite is found."""
    graph = load_model(model(name))
    node = graph.nodes[0]
    body = lowered(node, 17, 24)
    assert body is not None
    changed = with_parts(graph, {id(node): body})
    assert changed is not None
    known = {value.name for value in graph.inputs}
    for each in changed.nodes:
        for value in each.inputs:
            assert value is None or value.constant or value.name in known
        known |= {value.name for value in each.outputs if value is not None}
    assert "y" in known
    assert len({each.name for each in changed.nodes}) == len(changed.nodes)
    assert [each.index for each in changed.nodes] == list(range(len(changed.nodes)))
    assert node.op in {composite.kind for composite in raise_composites(changed)}


def test_another_opset_changes_the_versions_in_force() -> None:
    """The schema version of each node follows the opset; an operator that does not exist there makes it impossible."""
    graph = load_model(model("gelu_tanh", 20))
    assert at_opset(graph, 19) is None
    assert [node.op for node in missing_at(graph, 19)] == ["Gelu"]
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Relu (x) }'
    older = at_opset(load_model(onnx.parser.parse_model(text)), 12)
    assert older is not None
    assert (older.nodes[0].since, older.opsets[""]) == (6, 12)


def test_parts_written_as_one_operator() -> None:
    """A decomposed layer becomes the operator that it is named after, with the same result."""
    text = """<ir_version: 10, opset_import: ["" : 24]> g (float[2, 4] x) => (float[2, 4] y)
    <float[4] s = {1, 2, 3, 4}> { y = RMSNormalization (x, s) }"""
    graph = load_model(onnx.parser.parse_model(text))
    body = lowered(graph.nodes[0], 18, 24)
    assert body is not None
    parts = with_parts(graph, {id(graph.nodes[0]): body})
    assert parts is not None
    (composite,) = [each for each in raise_composites(parts) if each.kind == "RMSNormalization"]
    again = with_operator(parts, composite, 23)
    assert [(node.op, node.since) for node in again.nodes] == [("RMSNormalization", 23)]
    assert again.nodes[0].outputs[0] is not None
    assert again.nodes[0].outputs[0].name == "y"


def test_a_symbol_is_pinned_wherever_it_occurs() -> None:
    """Inputs and inner values have the length, other symbols stay."""
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float[N, M] x) => (float[N, M] y) { a = Relu (x) y = Relu (a) }'
    graph: Graph = pinned(load_model(onnx.parser.parse_model(text)), {"N": 1})
    assert graph.inputs[0].shape == (1, "M")
    assert [node.outputs[0].shape for node in graph.nodes if node.outputs[0]] == [(1, "M"), (1, "M")]


def test_the_function_body_keeps_what_the_file_says_of_its_arguments() -> None:
    """A constant weight is constant within the body too, and nothing is computed that nobody asked for."""
    text = """<ir_version: 10, opset_import: ["" : 18]> g (float[2, 4] x) => (float[2, 4] y)
    <float[4] s = {1, 2, 3, 4}> { y = LayerNormalization (x, s) }"""
    graph = load_model(onnx.parser.parse_model(text))
    body = body_of(graph.nodes[0], 18)
    assert body is not None
    used = {value.name: value.constant for node in body.nodes for value in node.inputs if value is not None}
    assert used["x"] is False
    assert "Reciprocal" not in [node.op for node in body.nodes]
    assert body_of(load_model(model("swish")).nodes[0], 23) is None
