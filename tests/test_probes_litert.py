"""Answers of LiteRT and TensorFlow Lite Micro as they were given, and facts of their tables."""

from __future__ import annotations

import pytest

from checker.load import load_model
from checker.place import place
from checker.predicates.simplified import joined_products
from checker.probes import litert, tflite_micro
from checker.probes.cases import build
from checker.probes.toolchain import Case
from checker.probes.worker import Raw
from checker.targets import find
from checker.verdict import Answer, verdict

ANSWER = {
    "custom": [],
    "ops": ["CONV_2D", "RESIZE_NEAREST_NEIGHBOR", "CONV_2D"],
    "parts": 2,
    "host": [["RESIZE_NEAREST_NEIGHBOR", "Resize"]],
}
NO_KERNEL = "Didn't find op for builtin opcode 'GELU'\nFailed to get registration from op code 150\n"


def case(target: str) -> Case:
    """Make a case."""
    return Case("c", target, "fp32", {"op": "Resize"})


def test_what_xnnpack_leaves_is_on_the_host_under_its_onnx_name() -> None:
    """The operators around it are in parts of the delegate."""
    found = litert.interpret(case("litert-xnnpack"), Raw("answered", ANSWER))
    assert (found.outcome, found.culprits) == ("host", {"Resize": 1})
    assert found.says == "2 operators in 2 parts of XNNPACK, 1 outside: RESIZE_NEAREST_NEIGHBOR"
    assert found.into == ("CONV_2D", "RESIZE_NEAREST_NEIGHBOR")


def test_a_file_that_xnnpack_takes_whole_is_taken() -> None:
    """One operator stays one; several are what it was decomposed into."""
    whole = {**ANSWER, "ops": ["GELU"], "host": []}
    assert litert.interpret(case("litert-xnnpack"), Raw("answered", whole)).outcome == "native"
    parts = {**ANSWER, "ops": ["TRANSPOSE", "ELU"], "host": []}
    assert litert.interpret(case("litert-xnnpack"), Raw("answered", parts)).outcome == "decomposed"


def test_an_operator_whose_onnx_name_is_lost_keeps_that_of_tflite() -> None:
    """A layer of the converter's own, say."""
    answer = {**ANSWER, "host": [["CAST", ""]]}
    assert litert.interpret(case("litert-xnnpack"), Raw("answered", answer)).culprits == {"CAST": 1}


def test_a_custom_operator_is_a_refusal_though_the_conversion_succeeds() -> None:
    """The file is there, and no interpreter has a kernel for it."""
    answer = {"custom": [["ONNX_ATTENTION", "Attention"]], "ops": ["TRANSPOSE", "ONNX_ATTENTION"]}
    for module in (litert, tflite_micro):
        found = module.interpret(case("any"), Raw("answered", answer, "", "convert"))
        assert (found.outcome, found.stage, found.culprits) == ("refused", "custom", {"Attention": 1})


def test_the_stage_tells_converter_quantizer_and_interpreter_apart() -> None:
    """A quantizer that fails is no refusal of the runtime's."""
    raw = Raw("answered", {"error": "ValueError: Ranks of scales"}, "", "quantize")
    found = tflite_micro.interpret(case("tflite-micro"), raw)
    assert (found.outcome, found.says) == ("compiler-error", "ai-edge-quantizer: ValueError: Ranks of scales")
    raw = Raw("answered", {"error": "NotImplementedError: auto_pad"}, "", "convert")
    assert litert.interpret(case("litert-xnnpack"), raw).says == "onnx2tf: NotImplementedError: auto_pad"


def test_kernels_that_tflm_lacks_are_all_named() -> None:
    """The interpreter says the first only; each operator was asked about alone."""
    answer = {
        "custom": [],
        "ops": ["GATHER", "GELU", "GELU"],
        "failing": [["GATHER", "Squeeze"], ["GELU", "Gelu"], ["GELU", "Gelu"]],
        "error": "RuntimeError: TFLM failed to allocate tensors",
    }
    found = tflite_micro.interpret(case("tflite-micro"), Raw("answered", answer, NO_KERNEL, "allocate"))
    assert (found.outcome, found.stage, found.culprits) == ("refused", "allocate", {"Squeeze": 1, "Gelu": 2})
    assert found.says.startswith("GATHER, GELU x 2: RuntimeError")
    assert found.says.endswith("; Didn't find op for builtin opcode 'GELU'")


def asked(op: str, opset: int, shape: list[int], dtype: str = "float32", **attrs: object) -> dict[str, object]:
    """Describe a model of one operator of one input."""
    return {"op": op, "opset": opset, "inputs": [{"name": "X", "dtype": dtype, "shape": shape}], "attrs": attrs}


@pytest.mark.parametrize(
    ("target", "precision", "question", "expected"),
    [
        ("litert-xnnpack", "fp32", asked("MaxPool", 12, [1, 8, 16, 16], kernel_shape=[2, 2]), Answer.READY),
        ("litert-xnnpack", "fp32", asked("HardSigmoid", 6, [1, 8, 16, 16]), Answer.READY_WITH_FALLBACK),
        ("litert-xnnpack", "fp32", asked("Swish", 24, [1, 8, 16, 16]), Answer.NEEDS_CHANGES),
        ("tflite-micro", "int8", asked("Sqrt", 13, [1, 8, 16, 16]), Answer.BLOCKED),
        ("tflite-micro", "fp32", asked("Sqrt", 13, [1, 8, 16, 16]), Answer.READY),
        ("tflite-micro", "fp32", asked("HardSigmoid", 6, [1, 8, 16, 16]), Answer.BLOCKED),
    ],
)
def test_what_has_a_kernel_and_what_has_none(
    target: str, precision: str, question: dict[str, object], expected: Answer
) -> None:
    """LiteRT has kernels of its own beside XNNPACK; TFLM has nothing to fall back on."""
    graph = load_model(build(question).SerializeToString())
    assert verdict(place(graph, (), find([target])[0], precision)).answer is expected


def test_an_operator_that_the_quantizer_skips_runs_in_single_precision() -> None:
    """It is no refusal, and no int8 either."""
    graph = load_model(build(asked("LeakyRelu", 16, [1, 8, 16, 16])).SerializeToString())
    target = find(["tflite-micro"])[0]
    assert [each.runs_as for each in place(graph, (), target, "int8").compute] == ["fp32"]
    assert [each.runs_as for each in place(graph, (), target, "fp32").compute] == [""]


PRODUCTS = """
<ir_version: 8, opset_import: ["" : 17]> case (float[1,4,2] x) => (float[1,4,2] y)
<float[2,2] a = {1, 2, 3, 4}, float[2,2] b = {1, 2, 3, 4}, float[2,2] c = {1, 2, 3, 4}, float[2] bias = BIAS>
{ n = Relu(x) p = MatMul(n, a) q = MatMul(n, b) r = MatMul(n, c) s = Add(p, bias) t = Add(s, q) y = Add(t, r) }
"""


@pytest.mark.parametrize(
    ("bias", "batch", "joined"), [("{1, 2}", "1", True), ("{0, 0}", "1", False), ("{0, 0}", "n", True)]
)
def test_three_products_of_a_tensor_are_joined_but_not_before_a_bias_of_zeros(
    bias: str, batch: str, joined: bool
) -> None:
    """As onnxsim does it, which another pass forestalls where all sizes are known."""
    text = PRODUCTS.replace("BIAS", bias).replace("[1,4,2]", f"[{batch},4,2]")
    graph = load_model(build({"text": text}).SerializeToString())
    found = [joined_products(node, graph) for node in graph.nodes if node.op == "MatMul"]
    assert found == [joined] * 3
