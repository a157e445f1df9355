"""Attributes with the defaults that the schema and the operator's text state."""

from __future__ import annotations

import pytest
from onnx import parser

from checker.graph import Node
from checker.load import load_model


def node(body: str, opset: int = 17, imports: str = "") -> Node:
    """Load a model of one node in ONNX text."""
    (found,) = load_model(parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}{imports}]> g {body}')).nodes
    return found


CONV = "(float[1, 3, 15, 16] x, float[8, 3, 3, 5] w) => (float[a, b, c, d] y) {{ y = Conv {} (x, w) }}"


def test_a_convolution_that_says_nothing() -> None:
    """Kernel from the weight, strides and dilations 1, no padding."""
    found = node(CONV.format(""))
    assert dict(found.attrs) == {
        "auto_pad": "NOTSET",
        "dilations": (1, 1),
        "group": 1,
        "kernel_shape": (3, 5),
        "pads": (0, 0, 0, 0),
        "strides": (1, 1),
    }
    assert found.given == frozenset()


@pytest.mark.parametrize(
    ("attributes", "pads"),
    [
        ('<auto_pad = "SAME_UPPER", strides = [2, 2]>', (1, 1, 1, 2)),
        ('<auto_pad = "SAME_LOWER", strides = [2, 2]>', (1, 2, 1, 1)),
        ('<auto_pad = "SAME_UPPER", dilations = [2, 2]>', (2, 4, 2, 4)),
        ('<auto_pad = "VALID">', (0, 0, 0, 0)),
        ("<pads = [1, 2, 3, 4]>", (1, 2, 3, 4)),
    ],
)
def test_auto_pad_becomes_pads(attributes: str, pads: tuple[int, ...]) -> None:
    """By the rule of the operator's text."""
    found = node(CONV.format(attributes))
    assert found.attrs["pads"] == pads
    assert "auto_pad" in found.given or "pads" in found.given


def test_auto_pad_that_depends_on_an_unknown_length_is_not_known() -> None:
    """Pads are None, which is: the model does not say."""
    found = node(
        "(float[1, 3, h, 16] x, float[8, 3, 3, 3] w) => (float[a, b, c, d] y)"
        ' { y = Conv <auto_pad = "SAME_UPPER", strides = [2, 2]> (x, w) }'
    )
    assert found.attrs["pads"] is None


@pytest.mark.parametrize(
    ("body", "opset", "name", "value"),
    [
        ("(float[2, 3, 4] x) => (float[a, b, c] y) { y = Transpose (x) }", 17, "perm", (2, 1, 0)),
        ("(float[2, 3, 4] x) => (float[a, b, c] y) { y = ReduceMean (x) }", 13, "axes", (0, 1, 2)),
        ("(float[2, 3, 4] x) => (float[a, b, c] y) { y = Softmax (x) }", 17, "axis", -1),
        ("(float[2, 3, 4] x) => (float[a, b, c] y) { y = Softmax (x) }", 11, "axis", 1),
        ("(float[1, 3, 4] x) => (float[a, b, c] y) { y = MaxPool <kernel_shape = [2]> (x) }", 17, "strides", (1,)),
        ("(float[2, 3] x) => (float[a, b] y) { y = LeakyRelu (x) }", 17, "alpha", pytest.approx(0.01)),
        ("(float[2, 1, 3] x) => (float[a, b] y) { y = Squeeze (x) }", 13, "axes", (1,)),
    ],
)
def test_other_defaults(body: str, opset: int, name: str, value: object) -> None:
    """Each by its own rule, and by version."""
    assert node(body, opset).attrs[name] == value


def test_arguments_have_formal_names() -> None:
    """Absent optional ones are None, variadic ones a tuple."""
    clip = node("(float[2] x) => (float[2] y) <float high = {6.0}> { y = Clip (x, , high) }")
    assert (clip.args["min"], clip.args["max"].const) == (None, 6.0)
    concat = node("(float[2] x, float[3] z) => (float[5] y) { y = Concat <axis = 0> (x, z) }")
    assert [value.name for value in concat.args["inputs"]] == ["x", "z"]


CONTRIBUTED = {
    "FusedConv (x, w)": ("float[1, 3, 8, 8] x, float[4, 3, 3, 3] w", (1, 4, 6, 6)),
    "FusedMatMul <transA = 1> (x, w)": ("float[2, 5, 3] x, float[2, 5, 7] w", (2, 3, 7)),
    "MatMulNBits <K = 8, N = 9, block_size = 16> (x, w, s)": ("float[2, 8] x, uint8[9, 1, 8] w, float[9] s", (2, 9)),
    "Attention <num_heads = 2> (x, w)": ("float[2, 5, 8] x, float[8, 24] w", (2, 5, 8)),
    "NhwcConv (x, w)": ("float[1, 8, 8, 3] x, float[4, 3, 3, 3] w", (1, 6, 6, 4)),
    "BiasGelu (x, w)": ("float[2, 5, 8] x, float[8] w", (2, 5, 8)),
}


@pytest.mark.parametrize("call", CONTRIBUTED)
def test_shapes_of_onnx_runtime_operators(call: str) -> None:
    """ONNX knows nothing of them; their shapes are known all the same."""
    inputs, shape = CONTRIBUTED[call]
    found = node(f"({inputs}) => (float[a] y) {{ y = com.microsoft.{call} }}", imports=', "com.microsoft" : 1')
    assert found.outputs[0].shape == shape
    assert found.since == 1
