"""Answers of ONNX Runtime's WebGPU provider as they were given, and facts of its table."""

from __future__ import annotations

import pytest

from checker.load import load_model
from checker.probes import evidence, ort_webgpu, replay
from checker.probes.cases import build
from checker.probes.toolchain import Case
from checker.probes.worker import Raw
from checker.targets import find
from checker.verdict import Answer

MIXED = """
[I:onnxruntime:, webgpu_execution_provider.cc:635 GetCapability] webgpu kernel not found in registries for Op type: IsNaN node name: n
[V:onnxruntime:, session_state.cc:1347 VerifyEachNodeIsAssignedToAnEp] Node placements
[V:onnxruntime:, session_state.cc:1353 VerifyEachNodeIsAssignedToAnEp]  Node(s) placed on [CPUExecutionProvider]. Number of nodes: 1
[V:onnxruntime:, session_state.cc:1355 VerifyEachNodeIsAssignedToAnEp]   IsNaN ()
[V:onnxruntime:, session_state.cc:1353 VerifyEachNodeIsAssignedToAnEp]  Node(s) placed on [WebGpuExecutionProvider]. Number of nodes: 4
[V:onnxruntime:, session_state.cc:1355 VerifyEachNodeIsAssignedToAnEp]   Relu ()
[V:onnxruntime:, session_state.cc:1355 VerifyEachNodeIsAssignedToAnEp]   Where ()
[V:onnxruntime:, session_state.cc:1355 VerifyEachNodeIsAssignedToAnEp]   MemcpyFromHost (Memcpy)
[V:onnxruntime:, session_state.cc:1355 VerifyEachNodeIsAssignedToAnEp]   MemcpyToHost (Memcpy_token_1)
"""  # noqa: E501  as ONNX Runtime prints it
WHOLE = (
    "[V:onnxruntime:, session_state.cc:1350 VerifyEachNodeIsAssignedToAnEp]"
    "  All nodes placed on [WebGpuExecutionProvider]. Number of nodes: 1\n"
)
NO_F16 = "Fail: [ONNXRuntimeError] : 1 : FAIL : Program Transpose requires f16 but the device does not support it."


def asked(op: str, opset: int, dtype: str = "float32", **attrs: object) -> dict[str, object]:
    """Describe a model of one operator of one input."""
    return {
        "op": op,
        "opset": opset,
        "inputs": [{"name": "X", "dtype": dtype, "shape": [1, 8, 16, 16]}],
        "attrs": attrs,
    }


def case(op: str) -> Case:
    """Make a case."""
    return Case("c", "onnxruntime-webgpu", "fp32", asked(op, 17))


def test_a_node_on_the_cpu_is_a_fallback_and_its_copies_are_none() -> None:
    """The copies are put around it, and do not count as nodes of the model."""
    found = ort_webgpu.interpret(case("IsNaN"), Raw("answered", {"host": [["IsNaN", "n", ""]]}, MIXED))
    assert (found.outcome, found.culprits, found.into) == ("host", {"IsNaN": 1}, ("Relu", "Where"))
    assert found.says == "2 nodes on WebGPU, 1 on the CPU; IsNaN: kernel not found in registries"


def test_a_model_whose_nodes_are_all_on_webgpu_is_taken() -> None:
    """The log names no operator then."""
    found = ort_webgpu.interpret(case("Asin"), Raw("answered", {"host": []}, WHOLE))
    assert (found.outcome, found.says) == ("native", "1 nodes on WebGPU, 0 on the CPU")


def test_an_operator_of_onnx_runtimes_own_keeps_its_domain() -> None:
    """Attention of ONNX is another operator."""
    raw = Raw("answered", {"host": [["Attention", "n", "com.microsoft"]]}, MIXED)
    assert ort_webgpu.interpret(case("Relu"), raw).culprits == {"com.microsoft.Attention": 1}


def test_a_device_without_half_precision_says_nothing_of_the_provider() -> None:
    """SwiftShader has no shader-f16: such an answer is listed and not scored."""
    found = ort_webgpu.interpret(case("Conv"), Raw("answered", {"error": NO_F16}, "", "session"))
    assert (found.outcome, found.stage) == ("crashed", "device")


def test_an_operator_without_any_kernel_is_refused_and_named() -> None:
    """Neither provider has one."""
    error = "NotImplemented: Could not find an implementation for RoiAlign(22) node with name 'node'"
    found = ort_webgpu.interpret(case("RoiAlign"), Raw("answered", {"error": error}, "", "session"))
    assert (found.outcome, found.culprits) == ("refused", {"RoiAlign": 1})


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (asked("AveragePool", 17, kernel_shape=[2, 2]), Answer.READY),
        (asked("AveragePool", 22, kernel_shape=[2, 2]), Answer.READY_WITH_FALLBACK),
        (asked("Add", 17, "int64"), Answer.READY_WITH_FALLBACK),
        (asked("IsNaN", 17), Answer.READY_WITH_FALLBACK),
        (asked("Acos", 22, "bfloat16"), Answer.BLOCKED),
    ],
)
def test_a_kernel_serves_its_schema_versions_and_types(question: dict[str, object], expected: Answer) -> None:
    """What it does not serve runs on the CPU, or nowhere."""
    if question["op"] == "Add":
        question = {**question, "inputs": [{"name": n, "dtype": "int64", "shape": [2, 3]} for n in "AB"]}
    (target,) = find(["onnxruntime-webgpu"])
    record = {"record": "op", "case": "c", "precision": "fp32", "asked": question, "answer": "host"}
    graph = load_model(build(question).SerializeToString())
    assert replay.replay(graph, record, target).answer is expected


def test_attention_of_opset_23_runs_on_the_cpu() -> None:
    """No answer says otherwise; the type that the CPU lacks is refused."""
    (path,) = replay.evidence_of(find(["onnxruntime-webgpu"])[0])
    answers = {
        r["answer"]
        for r in evidence.read(path).ops
        if r["asked"].get("op") == "Attention" and "domain" not in r["asked"]
    }
    assert answers == {"host", "refused"}
