"""Answers of LiteRT and TensorFlow Lite Micro as they were given, and facts of their tables."""

from __future__ import annotations

from checker.probes import litert, tflite_micro
from checker.probes.toolchain import Case
from checker.probes.worker import Raw

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
