"""QuantizeLinear and DequantizeLinear become facts."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper, numpy_helper, parser

from checker.graph import Graph
from checker.load import load_bytes, load_model, read_tensor

SCALES = "float s = {0.5}, uint8 z = {128}"


def graph(body: str, opset: int = 17) -> Graph:
    """Load a model in ONNX text."""
    return load_model(parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]> g {body}'))


def test_a_pair_on_an_activation_is_a_fact() -> None:
    """The node refers to the value before the pair, which carries scale and zero point."""
    found = graph(
        f"""(float[1, 4] x) => (float[1, 4] y) <{SCALES}> {{
          a = Sigmoid (x)
          q = QuantizeLinear (a, s, z)
          d = DequantizeLinear (q, s, z)
          y = Relu (d)
        }}"""
    )
    sigmoid, relu = found.nodes
    value = relu.args["X"]
    assert (value.name, value.dtype, value.shape) == ("a", "float32", (1, 4))
    assert (value.quant.dtype, value.quant.scale, value.quant.zero_point, value.quant.axis) == ("uint8", 0.5, 128, None)
    assert sigmoid.results["Y"].quant is not None
    assert found.users_of(sigmoid.outputs[0]) == (relu,)
    assert {folded.reason for folded in found.folded} == {"quantization"}


def test_the_producer_carries_no_scale_where_others_read_the_float_value() -> None:
    """Only what everybody sees quantized is quantized."""
    found = graph(
        f"""(float[1, 4] x) => (float[1, 4] y, float[1, 4] w) <{SCALES}> {{
          a = Sigmoid (x)
          q = QuantizeLinear (a, s, z)
          d = DequantizeLinear (q, s, z)
          y = Relu (d)
          w = Abs (a)
        }}"""
    )
    assert found.nodes[0].outputs[0].quant is None
    assert found.nodes[1].inputs[0].quant is not None
    assert found.nodes[2].inputs[0].quant is None


def test_graph_borders_in_integers() -> None:
    """A lone DequantizeLinear of an input and a lone QuantizeLinear of an output are facts too."""
    found = graph(
        f"""(uint8[1, 4] x) => (uint8[1, 4] y) <{SCALES}> {{
          d = DequantizeLinear (x, s, z)
          a = Relu (d)
          y = QuantizeLinear (a, s, z)
        }}"""
    )
    (relu,) = found.nodes
    assert (relu.args["X"].name, relu.args["X"].dtype, relu.args["X"].quant.dtype) == ("x", "float32", "uint8")
    assert (found.inputs[0].dtype, found.outputs[0].dtype) == ("uint8", "uint8")
    assert found.outputs[0].name == "y"
    assert found.is_output(relu.outputs[0])


def test_weights_behind_dequantize_are_constants_of_float_type() -> None:
    """Small ones with their elements; the scale is per channel."""
    found = graph(
        """(float[1, 2] x) => (float[1, 3] y)
        <int8[2, 3] w = {1, 2, 3, 4, 5, 6}, float[3] s = {1.0, 2.0, 0.5}, int8[3] z = {0, 0, 1}> {
          d = DequantizeLinear <axis = -1> (w, s, z)
          y = MatMul (x, d)
        }"""
    )
    (node,) = found.nodes
    weight = node.args["B"]
    assert (weight.name, weight.dtype, weight.constant) == ("w", "float32", True)
    assert (weight.quant.dtype, weight.quant.axis) == ("int8", 1)
    assert weight.quant.scale.tolist() == [1.0, 2.0, 0.5]
    assert weight.const.tolist() == [[1.0, 4.0, 1.0], [4.0, 10.0, 2.5]]
    assert found.initializers[0].dtype == "int8"


def test_large_quantized_weights_are_read_and_dequantized_on_demand() -> None:
    """The bytes stay in the file; the stored type is that of the file."""
    weight = np.arange(-20000, 20000, dtype="i4").astype("i1").reshape(200, 200)
    scale = np.linspace(0.1, 1.0, 200, dtype="f4")
    info = helper.make_tensor_value_info
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s"], ["d"], axis=1),
        helper.make_node("MatMul", ["x", "d"], ["y"]),
    ]
    stored = [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(scale, "s")]
    body = helper.make_graph(nodes, "g", [info("x", 1, [1, 200])], [info("y", 1, [1, 200])], stored)
    loaded = load_bytes(helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)]))
    value = loaded.graph.nodes[0].args["B"]
    assert value.const is None
    assert value.payload.dtype == "int8"
    assert np.allclose(read_tensor(value, loaded), weight.astype("f4") * scale)


def test_a_scale_that_is_computed_keeps_its_nodes() -> None:
    """Dynamic quantization is work at run time."""
    found = graph(
        """(float[1, 4] x) => (float[1, 4] y) {
          q, s, z = DynamicQuantizeLinear (x)
          y = DequantizeLinear (q, s, z)
        }"""
    )
    assert [node.op for node in found.nodes] == ["DynamicQuantizeLinear", "DequantizeLinear"]


@pytest.mark.parametrize("zero", ["", ", z"])
def test_operators_on_integers_see_integers(zero: str) -> None:
    """A QLinearConv's input is the quantized value."""
    found = graph(
        f"""(float[1, 1, 4, 4] x) => (float[1, 1, 4, 4] y) <float s = {{0.5}}, uint8 z = {{3}},
            uint8[1, 1, 1, 1] w = {{2}}> {{
          q = QuantizeLinear (x, s{zero})
          c = QLinearConv (q, s, z, w, s, z, s, z)
          y = DequantizeLinear (c, s, z)
        }}"""
    )
    (node,) = found.nodes
    assert node.op == "QLinearConv"
    assert node.args["x"].name == "x"
    assert node.args["x"].dtype == "uint8"
    assert node.args["x"].quant.zero_point == (3 if zero else 0)
    assert found.outputs[0].quant.dtype == "uint8"


def test_a_constant_that_nodes_quantize_once_more_says_so() -> None:
    """Dequantized and quantized again its integers are not in the file; quantized once, or read as it is, they are."""
    found = graph(
        f"""(float[1, 4] x) => (float[1, 4] y, float[1, 4] w)
        <{SCALES}, uint8[4] c = {{1, 2, 3, 4}}, float[4] f = {{1, 2, 3, 4}}> {{
          once = DequantizeLinear (c, s, z)
          again = QuantizeLinear (once, s, z)
          twice = DequantizeLinear (again, s, z)
          own = QuantizeLinear (f, s, z)
          floats = DequantizeLinear (own, s, z)
          a = Add (x, once)
          b = Mul (a, twice)
          y = Sub (b, floats)
          w = Identity (b)
        }}"""
    )
    assert [node.inputs[1].quant.again for node in found.nodes] == [False, True, False]
