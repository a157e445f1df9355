"""The limits that DEEPX's manual states, on both sides; no answer of its compiler is here."""

from __future__ import annotations

from typing import Any

import pytest

from checker.composites import raise_composites
from checker.load import load_model
from checker.place import place
from checker.probes.cases import build
from checker.targets import find
from checker.verdict import Answer, verdict

PICTURE = [1, 8, 32, 32]


def answer(op: str, shapes: list[list[int]], opset: int = 17, **attrs: Any) -> Answer:
    """Ask about a model of one operator; the second and later tensors of a convolution are weights."""
    weights = op in {"Conv", "ConvTranspose"}
    inputs = [
        {"name": f"x{at}", "dtype": "float32", "shape": shape, **({"const": "random"} if weights and at else {})}
        for at, shape in enumerate(shapes)
    ]
    asked = {"op": op, "opset": opset, "inputs": inputs, "attrs": attrs}
    graph = load_model(build(asked).SerializeToString())
    return verdict(place(graph, raise_composites(graph), find(["deepx-dx-m1"])[0])).answer


@pytest.mark.parametrize(
    ("op", "shapes", "attrs", "expected"),
    [
        ("Conv", [PICTURE, [8, 8, 15, 15]], {"kernel_shape": [15, 15]}, Answer.READY),
        ("Conv", [PICTURE, [8, 8, 16, 16]], {"kernel_shape": [16, 16]}, Answer.UNKNOWN),
        ("Conv", [PICTURE, [8, 1, 5, 5]], {"kernel_shape": [5, 5], "group": 8}, Answer.READY),
        ("Conv", [PICTURE, [8, 1, 7, 7]], {"kernel_shape": [7, 7], "group": 8}, Answer.UNKNOWN),
        ("Conv", [PICTURE, [8, 4, 7, 7]], {"kernel_shape": [7, 7], "group": 2}, Answer.READY),
        ("Conv", [PICTURE, [8, 8, 3, 3]], {"kernel_shape": [3, 3], "pads": [0, 0, 1, 1]}, Answer.UNKNOWN),
        ("ConvTranspose", [PICTURE, [8, 8, 2, 2]], {"kernel_shape": [2, 2], "strides": [2, 2]}, Answer.READY),
        ("ConvTranspose", [PICTURE, [8, 8, 2, 2]], {"kernel_shape": [2, 2], "strides": [1, 1]}, Answer.UNKNOWN),
        ("MaxPool", [PICTURE], {"kernel_shape": [15, 15]}, Answer.READY),
        ("MaxPool", [PICTURE], {"kernel_shape": [16, 16]}, Answer.UNKNOWN),
        ("AveragePool", [PICTURE], {"kernel_shape": [31, 31]}, Answer.READY),
        ("AveragePool", [PICTURE], {"kernel_shape": [32, 32]}, Answer.UNKNOWN),
        ("ReduceMean", [PICTURE], {"axes": [2, 3]}, Answer.READY),
        ("ReduceMean", [PICTURE], {"axes": [3]}, Answer.UNKNOWN),
        ("Softmax", [[1, 4080]], {"axis": -1}, Answer.READY),
        ("Softmax", [[1, 4081]], {"axis": -1}, Answer.UNKNOWN),
        ("Mul", [PICTURE, [1, 8, 1, 1]], {}, Answer.READY),
        ("Mul", [PICTURE, [1, 1, 32, 32]], {}, Answer.UNKNOWN),
        ("Div", [PICTURE, PICTURE], {}, Answer.UNKNOWN),
        ("ArgMax", [PICTURE], {"axis": 1}, Answer.READY),
        ("ArgMax", [PICTURE], {"axis": 3}, Answer.UNKNOWN),
        ("Relu", [[1, 8, 8191, 1]], {}, Answer.READY),
        ("Relu", [[1, 8, 8192, 1]], {}, Answer.UNKNOWN),
    ],
)
def test_a_stated_limit_decides(op: str, shapes: list[list[int]], attrs: dict[str, Any], expected: Answer) -> None:
    """Inside it the operator is taken; outside, the manual does not say what becomes of it."""
    assert answer(op, shapes, **attrs) is expected


@pytest.mark.parametrize("opset", [10, 22])
def test_opsets_outside_of_11_to_21_are_refused(opset: int) -> None:
    """The manual states the window in two places."""
    assert answer("Relu", [PICTURE], opset) in {Answer.BLOCKED, Answer.NEEDS_CHANGES}


def test_a_batch_is_one() -> None:
    """The manual demands it of every input."""
    assert answer("Relu", [[2, 8, 32, 32]]) in {Answer.BLOCKED, Answer.NEEDS_CHANGES}


def test_files_that_the_manual_does_not_speak_of_are_unknown() -> None:
    """Half precision and Q/DQ: it exports and calibrates in float32, and lists no QuantizeLinear."""
    node = "y = Relu (x)"
    half = f'<ir_version: 8, opset_import: ["" : 17]> g (float16[1,8,4,4] x) => (float16[1,8,4,4] y) {{ {node} }}'
    quantized = """<ir_version: 8, opset_import: ["" : 17]> g (float[1,8,4,4] x) => (float[1,8,4,4] y)
        <float s = {0.1}, int8 z = {0}> { q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Relu (d) }"""
    for text in (half, quantized):
        graph = load_model(build({"text": text}).SerializeToString())
        assert verdict(place(graph, raise_composites(graph), find(["deepx-dx-m1"])[0])).answer is Answer.UNKNOWN


@pytest.mark.parametrize("op", ["Exp", "Unsqueeze", "LayerNormalization", "InstanceNormalization"])
def test_no_row_claims_an_operator_that_the_list_lacks(op: str) -> None:
    """What becomes of those is unknown, unless the list takes them within another layer."""
    rows = find(["deepx-dx-m1"])[0].by_op.get(op, ())
    assert all(row.form == "decomposed" for row in rows)
