"""What vanishes when a graph is looked through, and what is known afterwards."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, parser

from checker.graph import Graph
from checker.load import load_model


def graph(body: str, opset: int = 17, ir: int = 8) -> Graph:
    """Load a model in ONNX text."""
    return load_model(parser.parse_model(f'<ir_version: {ir}, opset_import: ["" : {opset}]> g {body}'))


def ops(found: Graph) -> list[str]:
    """Return the operators that are left."""
    return [node.op for node in found.nodes]


def reasons(found: Graph) -> dict[str, str]:
    """Return why each operator vanished."""
    return {folded.op: folded.reason for folded in found.folded}


FLATTENED = """(float[{n}, 4, 6] x) => (float[a, b] y)
<int64 zero = {{0}}, int64[1] rest = {{-1}}, int64[1] first = {{0}}> {{
  s = Shape (x)
  n = Gather (s, zero)
  u = Unsqueeze (n, first)
  t = Concat <axis = 0> (u, rest)
  y = Reshape (x, t)
}}"""


def test_shape_arithmetic_on_known_shapes_vanishes() -> None:
    """Shape, Gather, Unsqueeze, Concat become one constant target of the Reshape."""
    found = graph(FLATTENED.format(n=2))
    assert ops(found) == ["Reshape"]
    assert found.nodes[0].args["shape"].const.tolist() == [2, -1]
    assert found.nodes[0].outputs[0].shape == (2, 24)
    assert set(reasons(found).values()) == {"shape"}
    assert found.file_nodes == 5


def test_shape_arithmetic_on_symbols_stays_and_is_marked() -> None:
    """The batch is a symbol: its arithmetic stays, marked, and the shape is known all the same."""
    found = graph(FLATTENED.format(n="batch"))
    assert ops(found) == ["Shape", "Gather", "Unsqueeze", "Concat", "Reshape"]
    assert [node.shape_arithmetic for node in found.nodes] == [True, True, True, True, False]
    assert found.nodes[-1].outputs[0].shape == ("batch", 24)


def test_the_known_part_of_a_symbolic_shape_folds() -> None:
    """Channels are known although the batch is not; the Shape that nobody needs any more goes too."""
    found = graph(
        """(float[batch, 4, 6] x) => (float[a, 4, 6] y) <int64 one = {1}> {
          s = Shape (x)
          c = Gather (s, one)
          f = Cast <to = 1> (c)
          r = Sqrt (f)
          y = Div (x, r)
        }"""
    )
    assert ops(found) == ["Div"]
    assert found.nodes[0].args["B"].const == pytest.approx(2.0)


def test_products_of_symbols_cancel_out() -> None:
    """Batch times 64 windows, divided again, is the batch."""
    found = graph(
        """(float[batch, 64, 3] x) => (float[a, 64, 3] y) <int64[2] flat = {-1, 3}, int64[3] back = {-1, 64, 3}> {
          f = Reshape (x, flat)
          y = Reshape (f, back)
        }"""
    )
    assert found.nodes[0].outputs[0].shape == (None, 3)
    assert found.nodes[1].outputs[0].shape == ("batch", 64, 3)


def test_constants_are_computed() -> None:
    """A node on constants only is no work for a device."""
    found = graph(
        """(float[3] x) => (float[3] y) <float[3] w = {1.0, 2.0, 3.0}, int64[1] three = {3}> {
          z = ConstantOfShape (three)
          a = Add (w, z)
          b = Mul (a, a)
          y = Add (x, b)
        }"""
    )
    assert ops(found) == ["Add"]
    assert found.nodes[0].args["B"].const.tolist() == [1.0, 4.0, 9.0]
    assert reasons(found)["Mul"] == "constant"


def test_large_constants_are_known_to_be_constant() -> None:
    """A transposed weight is a weight; its elements are not computed, those of a reshaped one lie where they lay."""
    weight = numpy_helper.from_array(np.arange(20000, dtype="f4").reshape(100, 200), "w")
    info = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
        helper.make_node("Unsqueeze", ["w", "axis"], ["u"]),
        helper.make_node("Add", ["y", "u"], ["z"]),
    ]
    axis = numpy_helper.from_array(np.array([0]), "axis")
    body = helper.make_graph(nodes, "g", [info("x", 1, [1, 200])], [info("z", 1, None)], [weight, axis])
    found = load_model(helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)]))
    transposed, reshaped = found.nodes[0].inputs[1], found.nodes[1].inputs[1]
    assert (transposed.constant, transposed.const, transposed.shape) == (True, None, (200, 100))
    assert transposed.payload is None
    assert reshaped.shape == (1, 100, 200)
    assert reshaped.payload == found.initializers[0].payload


def test_random_numbers_are_not_folded() -> None:
    """Two runs would give two results."""
    found = graph("(float[2] x) => (float[2] y) <float[2] w = {1.0, 2.0}> { r = RandomNormalLike (w) y = Add (x, r) }")
    assert ops(found) == ["RandomNormalLike", "Add"]


def test_identity_dropout_and_casts_to_the_same_type_are_aliases() -> None:
    """They compute nothing; nodes refer to the value before them, and outputs keep their names."""
    found = graph(
        """(float[2] x) => (float[2] y, float[2] z) <float ratio = {0.5}> {
          a = Identity (x)
          b, mask = Dropout (a, ratio)
          c = Cast <to = 1> (b)
          d = CastLike (c, x)
          y = Relu (d)
          z = Identity (y)
        }"""
    )
    assert ops(found) == ["Relu"]
    assert found.nodes[0].args["X"].name == "x"
    assert found.aliases["d"] == "x"
    assert [value.name for value in found.outputs] == ["y", "z"]
    assert found.is_output(found.nodes[0].outputs[0])
    assert set(reasons(found).values()) == {"identity"}


def test_a_dropout_that_trains_stays() -> None:
    """Training mode drops elements."""
    body = "(float[2] x) => (float[2] y) <float ratio = {0.5}, bool train = {1}> { y = Dropout (x, ratio, train) }"
    assert ops(graph(body)) == ["Dropout"]
    assert ops(graph("(float[2] x) => (float[2] y) { y = Dropout (x) }", opset=9)) == []
    assert ops(graph("(float[2] x) => (float[2] y, bool[2] m) { y, m = Dropout (x) }", opset=13)) == ["Dropout"]


def test_batch_norm_statistics_behind_expand_chains_are_constants() -> None:
    """The dynamo exporter sends them through CastLike, Shape and Expand."""
    found = graph(
        """(float[1, 2, 4, 4] x) => (float[1, 2, 4, 4] y)
        <float[2] w = {1.0, 2.0}, float[2] m = {0.0, 0.5}, float[2] v = {1.0, 4.0}, float one = {1.0}> {
          s = Shape (m)
          o = CastLike (one, m)
          scale = Expand (o, s)
          bias = CastLike (w, x)
          y = BatchNormalization (x, scale, bias, m, v)
        }"""
    )
    (node,) = found.nodes
    assert node.op == "BatchNormalization"
    assert node.args["scale"].const.tolist() == [1.0, 1.0]
    assert node.args["B"].const.tolist() == [1.0, 2.0]


def test_an_open_axis_of_a_graph_input_is_dynamic() -> None:
    """No length, no name, or a name that shape inference made up: the caller chooses, so it is a symbol."""
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node("Relu", ["x"], ["y"])],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, "unk__7", "n", 3])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    found = load_model(model)
    assert found.inputs[0].shape == ("x[0]", "x[1]", "n", 3)
    assert found.nodes[0].outputs[0].shape == ("x[0]", "x[1]", "n", 3)


def test_a_deprecated_operator_with_a_function_body_exists_and_one_without_is_gone() -> None:
    """GroupNormalization came deprecated with opset 18 and is computed all the same; Upsample left with opset 10."""
    norm = """(float[1, 4, 2] x) => (float[1, 4, 2] y) <float[2] s = {1.0, 1.0}, float[2] b = {0.0, 0.0}> {
          y = GroupNormalization <num_groups = 2> (x, s, b)
        }"""
    for opset, since in ((18, 18), (20, 18)):
        found = graph(norm, opset=opset)
        assert ([node.since for node in found.nodes], found.problems) == ([since], ())
    upsample = "(float[1, 4, 2] x) => (float[1, 4, 4] y) <float[3] s = {1.0, 1.0, 2.0}> { y = Upsample (x, s) }"
    gone = graph(upsample, opset=10)
    assert gone.nodes[0].since == 0
    assert [problem.rule for problem in gone.problems] == ["operator-not-in-opset"]


def test_a_batch_norm_in_training_mode_is_no_constant_whatever_its_inputs_are() -> None:
    """Weight standardisation: before opset 14 further outputs say training mode, then an attribute."""
    head = """(float[2] x) => (float[1, 2, 2] y)
        <float[1, 2, 2] w = {1.0, 2.0, 3.0, 4.0}, float[2] s = {1.0, 1.0}, float[2] b = {0.0, 0.0}> """
    five = head + "{ y, m, v, sm, sv = BatchNormalization (w, s, b, b, s) }"
    stated = head + "{ y, m, v = BatchNormalization <training_mode = 1> (w, s, b, b, s) }"
    inference = head + "{ y = BatchNormalization (w, s, b, b, s) }"
    assert ops(graph(five, opset=9)) == ["BatchNormalization"]
    assert ops(graph(stated)) == ["BatchNormalization"]
    assert ops(graph(inference, opset=9)) == ops(graph(inference)) == []


def test_the_version_in_force_follows_the_import_and_missing_operators_are_problems() -> None:
    """Gelu came with opset 20: at 18 it is a finding, and its arguments still have names."""
    found = graph("(float[2] x) => (float[2] y) { a = Softmax (x) y = Gelu (a) }", opset=18)
    softmax, gelu = found.nodes
    assert (softmax.since, gelu.since) == (13, 0)
    assert gelu.args["X"].name == "a"
    assert gelu.outputs[0].shape == (2,)
    (problem,) = found.problems
    assert problem.rule == "operator-not-in-opset"
    assert "opset 20" in problem.message
    assert not problem.invalid


def test_unknown_operators_and_domains_load() -> None:
    """A custom operator has arguments by position; an operator that no opset has is a finding."""
    model = parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17, "acme" : 1]> g (float[2] x) => (float[2] y)'
        " { a = acme.Magic (x, x) y = Nonsense (a) }"
    )
    found = load_model(model)
    assert list(found.nodes[0].args) == ["input_0", "input_1"]
    assert found.nodes[0].qualified == "acme.Magic"
    assert [problem.nodes for problem in found.problems] == [("Nonsense_1",)]


@pytest.mark.parametrize(
    "body",
    [
        "(float[2, 3] x, float[4, 5] w) => (float[2, 5] y) { y = MatMul (x, w) }",
        "(float[2, 3] x, int64[2, 3] w) => (float[2, 3] y) { y = Add (x, w) }",
        "(float[1, 3, 8, 8] x, float[4, 3, 3] w) => (float[1, 4, 6, 6] y) { y = Conv (x, w) }",
        "(float[1, 3, 8, 8] x, float[4, 2, 3, 3] w) => (float[1, 4, 6, 6] y) { y = Conv (x, w) }",
        "(float[1, 3, 8, 8] x, float[2, 4, 3, 3] w) => (float[1, 4, 10, 10] y) { y = ConvTranspose (x, w) }",
        "(float[2, 3] x, float[4] w) => (float[2, 3] y) { y = Add (x, w) }",
        "(float[2, 3] x) => (float[4] y) <int64[1] s = {4}> { y = Reshape (x, s) }",
    ],
)
def test_contradictions_make_the_model_invalid(body: str) -> None:
    """Shapes and types that cannot be are said to be so, with the node."""
    problems = [problem for problem in graph(body).problems if problem.invalid]
    assert [problem.rule for problem in problems] == ["invalid-model"]
    assert problems[0].nodes


def test_a_wrong_output_declaration_is_only_a_warning() -> None:
    """What inference says is right; the declaration is a finding."""
    (problem,) = graph("(float[2, 3] x) => (float[2, 4] y) { y = Relu (x) }").problems
    assert (problem.rule, problem.invalid) == ("declared-shape-differs", False)


def test_names_are_unique_whatever_the_file_says() -> None:
    """Shipped files repeat names and leave them empty; that is no error."""
    nodes = [helper.make_node("Relu", [f"v{place}"], [f"v{place + 1}"], name="same") for place in range(2)]
    nodes += [helper.make_node("Abs", ["v2"], ["v3"]), helper.make_node("Exp", ["v3"], ["v4"], name="own")]
    info = helper.make_tensor_value_info
    body = helper.make_graph(nodes, "g", [info("v0", 1, [2])], [info("v4", 1, [2])])
    found = load_model(helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)]))
    assert [node.name for node in found.nodes] == ["Relu_0", "Relu_1", "Abs_2", "own"]


@pytest.mark.parametrize(
    ("name", "metadata", "scope"),
    [
        ("/m/encoder/layer.0/attention/MatMul", {}, "m.encoder.layer.0.attention"),
        ("/blocks/blocks.3/norm1/Add", {}, "blocks.3.norm1"),
        ("node_1", {"pkg.torch.onnx.name_scopes": "['', 'a.0', 'gelu']"}, "a.0"),
        ("node_1", {"namespace": ": models.Acts/a.0: torch.nn.GELU/gelu: aten.gelu.default"}, "a.0"),
        ("plain", {}, ""),
    ],
)
def test_the_module_path_is_a_label(name: str, metadata: dict[str, str], scope: str) -> None:
    """Both exporters leave it, in different places."""
    node = helper.make_node("Relu", ["x"], ["y"], name=name)
    for key, value in metadata.items():
        entry = node.metadata_props.add()
        entry.key, entry.value = key, value
    info = helper.make_tensor_value_info
    body = helper.make_graph([node], "g", [info("x", 1, [2])], [info("y", 1, [2])])
    found = load_model(helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)]))
    assert found.nodes[0].scope == scope


def test_weights_that_are_repeated_as_inputs_are_weights() -> None:
    """Files of IR version 3 list every weight as an input too."""
    found = graph("(float[2] x, float[2] w) => (float[2] y) <float[2] w = {1.0, 2.0}> { y = Add (x, w) }", 9, 3)
    assert [value.name for value in found.inputs] == ["x"]
    assert found.nodes[0].args["B"].constant


STORED = {
    TensorProto.BFLOAT16: ("bfloat16", [1.5, -2.0]),
    TensorProto.FLOAT8E4M3FN: ("float8_e4m3fn", [1.5, -2.0]),
    TensorProto.INT4: ("int4", [-8, 7]),
    TensorProto.UINT4: ("uint4", [0, 15]),
    TensorProto.FLOAT4E2M1: ("float4_e2m1fn", [1.5, -2.0]),
    TensorProto.FLOAT16: ("float16", [1.5, -2.0]),
    TensorProto.BOOL: ("bool", [True, False]),
    TensorProto.STRING: ("string", ["a", "b"]),
}


@pytest.mark.parametrize("element", STORED)
@pytest.mark.parametrize("raw", [False, True])
def test_every_element_type_loads(element: int, raw: bool) -> None:
    """With its elements, in whichever field they are stored."""
    dtype, values = STORED[element]
    tensor = helper.make_tensor("w", element, [2], [each.encode() for each in values] if dtype == "string" else values)
    if raw and dtype != "string":
        tensor = numpy_helper.from_array(numpy_helper.to_array(tensor), "w")
        assert tensor.raw_data
    out = helper.make_tensor_value_info("y", element, [2])
    body = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [out], [tensor])
    found = load_model(helper.make_model(body, opset_imports=[helper.make_opsetid("", 23)], ir_version=11))
    (value,) = found.initializers
    assert value.dtype == dtype
    assert value.const.tolist() == values


def test_local_functions_are_inlined() -> None:
    """Their nodes are nodes of the graph."""
    model = parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
        g (float[2] x) => (float[2] y) { y = local.twice (x) }
        <domain: "local", opset_import: ["" : 17]> twice (a) => (b) { t = Relu (a) b = Add (t, t) }"""
    )
    found = load_model(model)
    assert ops(found) == ["Relu", "Add"]
    assert found.outputs[0].shape == (2,)


def test_old_models_without_opset_import_load() -> None:
    """Before IR version 3 there was nothing to declare; later it is a finding."""
    info = helper.make_tensor_value_info
    body = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [info("x", 1, [2])], [info("y", 1, [2])])
    model = onnx.ModelProto(ir_version=8, graph=body)
    found = load_model(model)
    assert dict(found.opsets) == {"": 1}
    assert [problem.rule for problem in found.problems] == ["opset-missing"]


def test_weights_in_constant_nodes_are_weights_of_the_file() -> None:
    """Paddle writes all of them so; scalars and the scales of a Resize are none."""
    found = graph(
        """(float[1, 8] x) => (float[1, 8] y) {
          w = Constant <value = float[8] {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0}> ()
          s = Constant <value = float[1] {1.0}> ()
          a = Add (x, w)
          y = Add (a, s)
        }"""
    )
    assert [value.name for value in found.initializers] == ["w"]
