"""What Vela says, as it said it, and what the probe makes of it."""

from __future__ import annotations

from checker.probes import vela
from checker.probes.toolchain import Case
from checker.probes.worker import Raw

CASE = Case("x", "arm-ethos-u55-128", "int8", {})

ON_THE_CPU = """
Warning (supported operators) operator: CONV_2D, ofm: 'y0'
Reason: Unsupported kernel stride: 4, 4
Stride>3 is only supported IF (dilation = 1 AND padding = VALID)

Network summary for q
CPU operators = 1 (100.0%)
   CPU: Passthrough = y0 (outputs [1, 7, 7, 24])
NPU operators = 0 (0.0%)
"""

LEFT_BY_THE_QUANTIZER = """
Warning (supported operators) operator: LEAKY_RELU, ofm: 'a'
Reason: Operation has tensor with unsupported DataType Float32

Warning (supported operators) operator: LEAKY_RELU, ofm: 'b'
Reason: Operation has tensor with unsupported DataType Float32

CPU operators = 2 (50.0%)
NPU operators = 2 (50.0%)
"""


def test_an_operator_on_the_cpu_is_named_by_the_onnx_node_that_makes_its_output() -> None:
    """The TFLite name stands only where no ONNX node bears the tensor's name."""
    answer = {"ops": ["CONV_2D"], "custom": [], "makes": {"y0": "Conv"}}
    found = vela.interpret(CASE, Raw("answered", answer, ON_THE_CPU))
    assert (found.outcome, found.culprits) == ("host", {"Conv": 1})
    assert found.says.startswith("CONV_2D: Unsupported kernel stride: 4, 4 Stride>3 is only supported IF")
    answer["makes"] = {}
    assert vela.interpret(CASE, Raw("answered", answer, ON_THE_CPU)).culprits == {"CONV_2D": 1}


def test_what_the_quantizer_skips_is_no_refusal_of_the_npu() -> None:
    """Float32 among the reasons says that the quantizer left the operator; it is said once, with how often."""
    answer = {"ops": ["LEAKY_RELU", "CONV_2D"], "custom": [], "makes": {"a": "LeakyRelu", "b": "LeakyRelu"}}
    found = vela.interpret(CASE, Raw("answered", answer, LEFT_BY_THE_QUANTIZER))
    assert (found.outcome, found.culprits) == ("host", {"LeakyRelu": 2})
    assert found.says.startswith("quantizer leaves LEAKY_RELU in float32; LEAKY_RELU: Operation has tensor with")
    assert "(x2)" in found.says


def test_activations_that_outgrow_every_scale_are_no_answer_about_a_network() -> None:
    """Vela names no operator then; a small model with such a number in it is answered."""
    log = "Quantization scale of any tensor must be positive.\n\nCPU operators = 39 (7.7%)\n"
    answer = {"ops": ["CONV_2D", "ADD"], "custom": [], "makes": {}}
    assert vela.interpret(CASE, Raw("answered", answer, log)).outcome == "host"
    network = Case("net", "arm-ethos-u55-128", "int8")
    assert vela.interpret(network, Raw("answered", answer, log)).outcome == "not-asked"


def test_an_operator_on_the_cpu_without_a_reason_is_named_too() -> None:
    """Vela's list of what runs on the CPU has it; what the quantizer added bears no ONNX name."""
    log = "CPU operators = 2 (50.0%)\n   CPU: Passthrough = a (outputs [3])\n   CPU: Passthrough = q (outputs [3])\n"
    answer = {"ops": ["GATHER", "RELU"], "custom": [], "makes": {"a": "Gather"}}
    assert vela.interpret(CASE, Raw("answered", answer, log)).culprits == {"Gather": 1}


INNER_TENSORS = """
Warning (supported operators) operator: SQRT, ofm: '/n/InstanceNormalization_instnorm_std'
Reason: Unsupported opType

Warning (supported operators) operator: LEAKY_RELU, ofm: '/c/Conv_input_nhwc'
Reason: Operation has tensor with unsupported DataType Float32

Warning (supported operators) operator: DEQUANTIZE, ofm: '/c/Conv_input_nhwc_dequant'
Reason: Unsupported opType

Warning (supported operators) operator: ABS, ofm: 'val_6_erf_abs'
Reason: Operation has tensor with unsupported DataType Float32

CPU operators = 4 (50.0%)
NPU operators = 4 (50.0%)
"""


def test_inner_results_belong_to_the_operator_that_they_are_named_after() -> None:
    """By node, by output or as the input of the next; what the quantizer puts around a skipped operator is none."""
    makes = {"/n/InstanceNormalization": "InstanceNormalization", "val_6": "Erf", "/c/Conv": "Conv"}
    makes["/c/Conv_input_nhwc"] = "LeakyRelu"
    found = vela.interpret(CASE, Raw("answered", {"ops": ["CONV_2D"], "custom": [], "makes": makes}, INNER_TENSORS))
    assert found.culprits == {"InstanceNormalization": 1, "LeakyRelu": 1, "Erf": 1}


def test_a_custom_operator_is_spelled_as_in_onnx() -> None:
    """The converter writes names in capitals."""
    answer = {"ops": ["CUSTOM"], "custom": ["ONNX_MAXPOOL"], "makes": {"y": "MaxPool"}}
    assert vela.interpret(CASE, Raw("answered", answer, "")).culprits == {"MaxPool": 1}


def test_a_custom_operator_means_that_nothing_can_run_it() -> None:
    """onnx2tf converts what it does not know into custom operators and reports success."""
    found = vela.interpret(CASE, Raw("answered", {"ops": ["CUSTOM"], "custom": ["ONNX_DET"], "makes": {}}, ""))
    assert (found.outcome, found.culprits, found.stage) == ("refused", {"DET": 1}, "custom")


def test_the_tool_that_failed_is_named() -> None:
    """A refusal of the converter, an error of the quantizer and one of Vela are three things."""
    for stage, tool, outcome in (
        ("convert", "onnx2tf", "refused"),
        ("quantize", "ai-edge-quantizer", "compiler-error"),
        ("vela", "vela", "compiler-error"),
    ):
        found = vela.interpret(CASE, Raw("answered", {"error": "ValueError: no"}, "", stage))
        assert (found.outcome, found.says, found.stage) == (outcome, f"{tool}: ValueError: no", stage)


def test_everything_on_the_npu_is_native_or_in_parts() -> None:
    """One operator is native, several are what the case became."""
    log = "CPU operators = 0 (0.0%)\nNPU operators = 2 (100.0%)\n"
    assert vela.interpret(CASE, Raw("answered", {"ops": ["CONV_2D"], "custom": []}, log)).outcome == "native"
    assert vela.interpret(CASE, Raw("answered", {"ops": ["PAD", "CONV_2D"], "custom": []}, log)).outcome == "decomposed"
