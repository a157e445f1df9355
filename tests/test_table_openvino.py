"""The OpenVINO table says what its front end, its query and its compilation for the CPU said."""

from __future__ import annotations

import pytest

from checker.answer import Answer
from checker.answer import answer as answer_of
from checker.composites import raise_composites
from checker.load import load_model
from checker.place import place
from checker.probes.cases import build
from checker.target import Status, Target
from checker.targets import find


def target() -> Target:
    """Return the table under test."""
    return find(["openvino-cpu"])[0]


def answer(text: str, opset: int = 17, precision: str | None = None) -> Answer:
    """Return the verdict on a graph written in ONNX's text format, without changes."""
    head = f'<ir_version: {11 if opset >= 23 else 10 if opset >= 21 else 8}, opset_import: ["": {opset}]> g '
    graph = load_model(build({"text": head + text}))
    return answer_of(place(graph, raise_composites(graph), target(), precision))


def test_nothing_falls_back() -> None:
    """The CPU is the accelerator: no row sends a node anywhere else."""
    assert target().unlisted is target().rejected is Status.UNSUPPORTED
    assert not any(row.status is Status.FALLBACK for row in target().rows)


@pytest.mark.parametrize(
    ("text", "opset"),
    [
        ("(float[1,16,4] b, float[1,2,16] s) => (int64[N,3] y) { y = NonMaxSuppression (b, s) }", 17),
        ("(float[4,8] x) => (int64[2,N] y) { y = NonZero (x) }", 17),
        (
            (
                "(float[1,4,16,8] q, float[1,4,16,8] k, float[1,4,16,8] v, float[16,16] m) => (float[1,4,16,8] y) "
                "{ y = Attention (q, k, v, m) }"
            ),
            23,
        ),
        (
            (
                "(float[1,8] x) => (float[1,8] y) <float s = {0.1}, uint8 z = {128}> "
                "{ q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Relu (d) }"
            ),
            17,
        ),
    ],
)
def test_what_accelerators_often_refuse_is_taken(text: str, opset: int) -> None:
    """Results whose size depends on the data, masks in float32, asymmetric Q/DQ."""
    assert answer(text, opset) is Answer.READY


@pytest.mark.parametrize(("size", "expected"), [("4,4", Answer.READY), ("4,4,4", Answer.BLOCKED)])
def test_grid_sample_is_of_images_only(size: str, expected: Answer) -> None:
    """Volumes are refused by the front end."""
    grid = f"{size},{size.count(',') + 1}"
    text = f"(float[1,2,{size}] x, float[1,{grid}] g) => (float[1,2,{size}] y) {{ y = GridSample (x, g) }}"
    assert answer(text, 20) is expected


@pytest.mark.parametrize(("scale", "expected"), [("float16", Answer.READY), ("float", Answer.BLOCKED)])
def test_a_layer_normalization_has_one_type(scale: str, expected: Answer) -> None:
    """A half-precision activation with scales in float32, as some converters leave them, is refused."""
    text = f"(float16[1,4,8] x, {scale}[8] s) => (float16[1,4,8] y) {{ y = LayerNormalization (x, s) }}"
    assert answer(text, 17, "fp16") is expected


@pytest.mark.parametrize(("function", "expected"), [("Relu", Answer.READY), ("HardSigmoid", Answer.BLOCKED)])
def test_recurrent_layers_know_three_activations(function: str, expected: Answer) -> None:
    """Sigmoid, Tanh and Relu."""
    text = (
        "(float[8,2,16] x, float[1,24,16] w, float[1,24,8] r) => (float[8,1,2,8] y) "
        f'{{ y = GRU <hidden_size = 8, activations = ["{function}", "Tanh"]> (x, w, r) }}'
    )
    assert answer(text) is expected
