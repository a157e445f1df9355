"""The tables of TensorRT-RTX say what its parser and builder said, told apart by compute capability."""

from __future__ import annotations

import pytest

from checker.answer import Answer
from checker.answer import answer as answer_of
from checker.composites import raise_composites
from checker.load import load_model
from checker.place import place
from checker.probes.cases import build
from checker.targets import find

SIBLINGS = ("nvidia-rtx-sm75", "nvidia-rtx-sm86", "nvidia-rtx-sm89", "nvidia-rtx-sm120")
AMPERE = "nvidia-rtx-sm86"

SCALES = "float s = {0.1}, int8 z = {0}"
PAIR = "q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z)"


def answer(text: str, opset: int, name: str = AMPERE, precision: str | None = None) -> Answer:
    """Return the verdict on a graph written in ONNX's text format, without changes."""
    head = f'<ir_version: {11 if opset >= 23 else 10 if opset >= 21 else 8}, opset_import: ["": {opset}]> g '
    graph = load_model(build({"text": head + text}))
    (target,) = find([name])
    return answer_of(place(graph, raise_composites(graph), target, precision))


def attention(dtype: str, queries: int, size: int, extra: str = "") -> str:
    """Write one Attention operator of four heads over sixteen keys."""
    rows = f"{dtype}[1,4,16,{size}]"
    mask = ", bool[1,1,16,16] m" if "m" in extra else ""
    used = "q, k, v, m" if mask else "q, k, v"
    causal = "<is_causal = 1>" if "c" in extra else ""
    y = f"{dtype}[1,4,{queries},{size}]"
    return f"({y} q, {rows} k, {rows} v{mask}) => ({y} y) {{ y = Attention {causal} ({used}) }}"


@pytest.mark.parametrize(
    ("dtype", "queries", "size", "extra", "expected"),
    [
        ("float", 16, 64, "", Answer.BLOCKED),
        ("float16", 16, 64, "", Answer.READY),
        ("float16", 16, 64, "m", Answer.READY),
        ("float16", 16, 64, "c", Answer.READY),
        ("float16", 16, 8, "", Answer.BLOCKED),
        ("float16", 16, 257, "", Answer.BLOCKED),
        ("float", 1, 64, "", Answer.READY),
        ("float", 1, 12, "", Answer.BLOCKED),
    ],
)
def test_attention_needs_a_kernel(dtype: str, queries: int, size: int, extra: str, expected: Answer) -> None:
    """In half precision with heads of 9 to 256; a single query also in float32, with heads that eight divides."""
    assert answer(attention(dtype, queries, size, extra), 23) is expected


@pytest.mark.parametrize("name", SIBLINGS)
def test_what_parses_may_have_no_kernel(name: str) -> None:
    """NonMaxSuppression has none on any of these chips."""
    text = "(float[1,16,4] b, float[1,2,16] s) => (int64[N,3] y) { y = NonMaxSuppression (b, s) }"
    assert answer(text, 17, name) is Answer.BLOCKED


@pytest.mark.parametrize(
    ("body", "init", "expected"),
    [
        (f"{PAIR} y = Relu (d)", SCALES, Answer.READY),
        (f"{PAIR} y = Relu (d)", "float s = {0.1}, int8 z = {3}", Answer.BLOCKED),
        (f"{PAIR} y = Relu (d)", "float s = {0.1}, uint8 z = {0}", Answer.READY),
        (f"{PAIR} y = Relu (d)", "float s = {0.1}, uint8 z = {128}", Answer.BLOCKED),
        (
            "d = DequantizeLinear (w, s) y = Mul (x, d)",
            "float s = {0.1}, uint8[8] w = {1,1,1,1,1,1,1,1}",
            Answer.BLOCKED,
        ),
        (
            "d = DequantizeLinear (w, s) y = Add (x, d)",
            "float s = {0.1}, int32[8] w = {1,1,1,1,1,1,1,1}",
            Answer.BLOCKED,
        ),
    ],
)
def test_quantized_files_are_symmetric_and_signed(body: str, init: str, expected: Answer) -> None:
    """No zero points, no unsigned weights, no int32 biases."""
    assert answer(f"(float[1,8] x) => (float[1,8] y) <{init}> {{ {body} }}", 17) is expected


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ("a = Constant <value_ints = [2]> ()", Answer.READY),
        ("b = Constant <value_int = 2> () a = Reshape (b, u)", Answer.BLOCKED),
    ],
)
def test_axes_that_nodes_compute_are_no_constant_of_the_parser(axes: str, expected: Answer) -> None:
    """torch.onnx without its optimizer writes them so, and the parser does not fold."""
    text = f"(float[1,8,16] x) => (float[1,8,1] y) <int64[1] u = {{-1}}> {{ {axes} y = ReduceMean (x, a) }}"
    assert answer(text, 18) is expected
    assert answer(text, 18, "openvino-cpu") is Answer.READY


@pytest.mark.parametrize(
    ("name", "matrices", "volumes", "bfloat", "float8"),
    [
        ("nvidia-rtx-sm75", Answer.BLOCKED, Answer.BLOCKED, Answer.BLOCKED, Answer.BLOCKED),
        ("nvidia-rtx-sm86", Answer.READY, Answer.READY, Answer.READY, Answer.BLOCKED),
        ("nvidia-rtx-sm89", Answer.READY, Answer.READY, Answer.READY, Answer.READY),
        ("nvidia-rtx-sm120", Answer.READY, Answer.READY, Answer.READY, Answer.READY),
    ],
)
def test_what_tells_the_generations_apart(
    name: str, matrices: Answer, volumes: Answer, bfloat: Answer, float8: Answer
) -> None:
    """Turing has no float32 products and no bfloat16; float8 came with Ada Lovelace."""
    product = "(float[4,8] x, float[8,4] w) => (float[4,4] y) { y = MatMul (x, w) }"
    half = product.replace("float", "float16")
    volume = "(float[1,4,8,8,8] x, float[4,4,1,1,1] w) => (float[1,4,8,8,8] y) { y = Conv (x, w) }"
    image = "(float[1,4,8,8] x, float[4,4,1,1] w) => (float[1,4,8,8] y) { y = Conv (x, w) }"
    eight = f"(float[1,8] x) => (float[1,8] y) <float s = {{0.1}}, float8e4m3fn z = {{0}}> {{ {PAIR} y = Relu (d) }}"
    assert answer(product, 17, name) is matrices
    assert answer(half, 17, name, "fp16") is Answer.READY
    assert answer(volume, 17, name) is volumes
    assert answer(image, 17, name) is Answer.READY
    assert answer("(bfloat16[4] x) => (bfloat16[4] y) { y = Sigmoid (x) }", 17, name) is bfloat
    assert answer(eight, 21, name) is float8
