"""Raw answers of real compilers, as they were given, and what is read from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checker.probes import openvino_cpu, ort_cpu, qnn, rknn, tensorrt_rtx
from checker.probes.toolchain import Case
from checker.probes.worker import Raw

ERF = {"op": "Erf", "opset": 17, "inputs": [{"name": "X", "dtype": "float32", "shape": [1, 8, 16, 16]}]}
OWN = {"op": "FastGelu", "domain": "com.microsoft", "opset": 17, "inputs": []}


def small(asked: dict[str, Any] = ERF, precision: str = "fp16") -> Case:
    """Make a case of one operator."""
    return Case("c", "t", precision, asked)


RKNN_TABLE = """
D RKNN: [05:45:23.526] >>>>>> start: rknn
D RKNN: [05:45:23.526]                   Network Layer Information Table
D RKNN: [05:45:23.526] ---------------------------------------------
D RKNN: [05:45:23.526] ID   OpType           DataType Target InputShape      OutputShape     Cycles   RW(KB)   FullName
D RKNN: [05:45:23.526] 0    InputOperator    FLOAT16  CPU    \\               (1,8,16,16)     0/0/0    0        InputOperator:X
D RKNN: [05:45:23.526] 1    Conv             FLOAT16  NPU    (1,8,16,16)     (1,8,16,16)     1/2/3    4        Conv:node
D RKNN: [05:45:23.526] 2    Erf              FLOAT16  CPU    (1,8,16,16)     (1,8,16,16)     0/0/0    4        Erf:node
D RKNN: [05:45:23.526] 3    OutputOperator   FLOAT16  CPU    (1,8,16,16)     \\               0/0/0    4        OutputOperator:y0
D RKNN: [05:45:23.526] <<<<<<<< end: rknn
"""  # noqa: E501  as the toolkit prints it
RKNN_CUSTOM = (
    "W RKNN: [05:29:20.496] Meet RKNN unsupport Operator: name = 'node', type = QuickGelu, it will be treated as a"
    " custom operator. Please call rknn_register_custom_ops in the RKNN C API to register the operator.\n"
)


class TestRockchip:
    """The layer table and the refusals of rknn-toolkit2."""

    def test_a_layer_on_the_cpu_is_a_fallback(self) -> None:
        """Inputs and outputs are always there and count for nothing."""
        found = rknn.interpret(small(), Raw("answered", {"code": 0}, RKNN_TABLE))
        assert (found.outcome, found.into, found.culprits) == ("host", ("Conv", "Erf"), {"Erf": 1})
        assert found.says.startswith("Erf FLOAT16 CPU (1,8,16,16) (1,8,16,16)")

    def test_layers_on_the_npu_are_taken(self) -> None:
        """One is native, several are a decomposition."""
        table = RKNN_TABLE.replace("Erf              FLOAT16  CPU", "Erf              FLOAT16  NPU")
        assert rknn.interpret(small(), Raw("answered", {"code": 0}, table)).outcome == "decomposed"
        one = "".join(line + "\n" for line in table.splitlines() if " 1    Conv" not in line)
        assert rknn.interpret(small(), Raw("answered", {"code": 0}, one)).outcome == "native"

    def test_only_the_last_table_counts(self) -> None:
        """Every stage of a build prints one."""
        done = RKNN_TABLE.replace("Erf              FLOAT16  CPU", "Erf              FLOAT16  NPU")
        assert rknn.interpret(small(), Raw("answered", {"code": 0}, RKNN_TABLE + done)).outcome == "decomposed"

    def test_a_custom_operator_is_a_refusal(self) -> None:
        """The build succeeds, and nobody has a kernel."""
        found = rknn.interpret(small(), Raw("answered", {"code": 0}, RKNN_CUSTOM + RKNN_TABLE))
        assert (found.outcome, found.culprits) == ("refused", {"QuickGelu": 1})

    def test_an_opset_that_is_too_new_names_no_operator(self) -> None:
        """It is the file that is refused."""
        log = "\x1b[1;31mE\x1b[0m load_onnx: Traceback\nValueError: Unsupport onnx opset 20, need <= 19!\n"
        found = rknn.interpret(small(), Raw("answered", {"error": "ValueError: ..."}, log, "load"))
        assert (found.outcome, found.stage, found.culprits) == ("refused", "load", {})
        assert found.says == "ValueError: Unsupport onnx opset 20, need <= 19!"

    def test_a_pass_that_fails_is_named(self) -> None:
        """It can be disabled, which is the cure."""
        log = (
            "IndexError: list index out of range\n"
            "W You can add disable_rules=['seperate_conv_rs_split'] in rknn.config() to temporarily disable the error\n"
        )
        found = rknn.interpret(small(), Raw("answered", {"error": "IndexError"}, log, "build"))
        assert found.says == "compiler pass seperate_conv_rs_split failed: IndexError: list index out of range"

    def test_an_operator_in_training_mode_is_named(self) -> None:
        """As the toolkit says it."""
        log = "ValueError: The '/bn1/BatchNormalization' of type BatchNormalization is in Training mode!\n"
        found = rknn.interpret(small(), Raw("answered", {"code": -1}, log, "build"))
        assert (found.outcome, found.culprits) == ("compiler-error", {"BatchNormalization": 1})


QNN_LOG = """
[V:onnxruntime:, base_op_builder.cc:40 AddToModelBuilder] QNN node builder is trying to add node. Onnx node name: [node] onnx node type: [Gelu].
[V:onnxruntime:, qnn_model_wrapper.cc:557 CreateQnnNode] Qnn_OpConfig node name: node package_name: qti.aisw QNN_op_type: Gelu num_of_inputs: 1
[V:onnxruntime:, qnn_execution_provider.cc:1713 LogNodeSupport] Validation PASSED for 1 nodes in OrtNodeUnit (Gelu) :
[V:onnxruntime:, base_op_builder.cc:40 AddToModelBuilder] QNN node builder is trying to add node. Onnx node name: [Transpose_token_1] onnx node type: [Transpose].
[V:onnxruntime:, qnn_model_wrapper.cc:557 CreateQnnNode] Qnn_OpConfig node name: t package_name: qti.aisw QNN_op_type: Transpose num_of_inputs: 1
[V:onnxruntime:, qnn_execution_provider.cc:1713 LogNodeSupport] Validation FAILED for 1 nodes in OrtNodeUnit (Erf) :
\tREASON : Operators of type `Erf` are not supported by QNN EP.
[V:onnxruntime:, qnn_execution_provider.cc:1713 LogNodeSupport] Validation FAILED for 1 nodes in OrtNodeUnit (QuantizeLinear) :
\tREASON : QNN EP is configured to not take Q nodes that consume a graph input.
"""  # noqa: E501  as the provider prints it


class TestQualcomm:
    """Assignments and the verbose log of the QNN provider."""

    def test_nodes_on_the_cpu_are_a_fallback_with_reasons(self) -> None:
        """Quantization at the graph's edge is none."""
        placed = {"QNN": [[["Gelu", "a", ""]]], "CPU": [[["Erf", "b", ""]], [["QuantizeLinear", "q", ""]]]}
        found = qnn.interpret(small(), Raw("answered", {"placed": placed}, QNN_LOG))
        assert (found.outcome, found.into, found.culprits) == ("host", ("Gelu",), {"Erf": 1})
        assert found.says == "Erf: Operators of type `Erf` are not supported by QNN EP."
        placed = {"QNN": [[["Gelu", "a", ""]]], "CPU": [[["QuantizeLinear", "q", ""]]]}
        assert qnn.interpret(small(), Raw("answered", {"placed": placed}, QNN_LOG)).outcome == "native"

    def test_a_file_that_cannot_be_finalized_is_the_compilers_error(self) -> None:
        """It passes every validation and then dies as a whole."""
        error = "Fail: [ONNXRuntimeError] : 1 : FAIL : Failed to finalize QNN graph. Error code: 1002"
        found = qnn.interpret(small(), Raw("answered", {"error": error}, QNN_LOG, "session"))
        assert (found.outcome, found.stage) == ("compiler-error", "finalize")
        other = qnn.interpret(small(), Raw("answered", {"error": "NOT_IMPLEMENTED"}, "", "session"))
        assert other.outcome == "refused"

    def test_what_the_quantizer_does_not_do_is_kept_apart(self) -> None:
        """It is not the compiler that was asked."""
        found = qnn.interpret(small(), Raw("answered", {"error": "KeyError"}, "", "quantize"))
        assert found.stage == "quantize"

    def test_a_float_model_is_quantized_and_one_with_qdq_is_not(self) -> None:
        """An int8 question about a float model needs a recipe."""
        from checker.probes.cases import build

        scale = {"name": "s", "dtype": "float32", "shape": [], "const": True, "value": [0.1]}
        edge = {"op": "QuantizeLinear", "opset": 17, "inputs": [*ERF["inputs"], scale]}
        assert qnn._options(small(precision="int8"), build(ERF)) == {"quantize": True}
        assert qnn._options(small(precision="int8"), build(edge)) == {}
        assert qnn._options(small(precision="fp16"), build(ERF)) == {}
        assert qnn._options(Case("net", "t", "int8", path=Path("x")), None) == {}


class TestTensorRT:
    """Parser errors and builds of TensorRT-RTX."""

    def test_a_parser_error_names_its_node(self) -> None:
        """All of them are counted."""
        errors = [["Det", "node", "UNSUPPORTED_NODE", "no importer registered"]] * 2
        answer = {"parsed": False, "errors": errors, "layers": {}, "built": False, "said": ["E more"]}
        found = tensorrt_rtx.interpret(small(), Raw("answered", answer))
        assert (found.outcome, found.culprits, found.stage) == ("refused", {"Det": 2}, "parse")
        assert found.says.startswith("Det: UNSUPPORTED_NODE: no importer registered")

    def test_what_parses_may_still_not_build(self) -> None:
        """A network's culprit is found by the operator or the node that the error names."""
        said = ["W a warning", "E CHECK failed. Attention operation was not supported by a dedicated kernel."]
        answer = {"parsed": True, "errors": [], "layers": {"MATMUL": 2}, "built": False, "said": said}
        found = tensorrt_rtx.interpret(Case("net", "t", "fp32"), Raw("answered", answer, stage="build"))
        assert (found.outcome, found.culprits, found.stage) == ("compiler-error", {"Attention": 1}, "build")
        assert found.says.startswith("CHECK failed")

    def test_an_input_that_is_a_shape_is_not_asked_about(self) -> None:
        """It would need a range of values, which no case states."""
        said = ["E (Network has dynamic or shape inputs, but no optimization profile has been defined. In validate)"]
        answer = {"parsed": True, "errors": [], "layers": {}, "built": False, "said": said}
        assert tensorrt_rtx.interpret(small(), Raw("answered", answer, stage="build")).outcome == "not-asked"
        network = Case("net", "t", "fp32")
        assert tensorrt_rtx.interpret(network, Raw("answered", answer, stage="build")).outcome == "compiler-error"

    def test_a_node_that_has_no_kernel_is_looked_up(self, tmp_path: Path) -> None:
        """TensorRT names the node, the file knows its operator."""
        from checker.probes.cases import build

        path = tmp_path / "net.onnx"
        path.write_bytes(build(ERF).SerializeToString())
        said = ["E Assertion !layerImpls.empty() failed. node_0 has no runners that implement it"]
        answer = {"parsed": True, "errors": [], "layers": {}, "built": False, "said": said}
        found = tensorrt_rtx.interpret(Case("net", "t", "fp32", path=path), Raw("answered", answer, stage="build"))
        assert found.culprits == {"Erf": 1}

    def test_a_plug_in_that_wants_a_gpu_is_not_asked(self) -> None:
        """The parser then says that there is no such plug-in, which is true of this host only."""
        errors = [["RoiAlign", "node", "UNSUPPORTED_NODE", "ROIAlign plugin was not found in the plugin registry!"]]
        said = ["E roiAlignPlugin.cpp (161) - Cuda Error in ROIAlignV3: 35 (CUDA driver version is insufficient)"]
        answer = {"parsed": False, "errors": errors, "layers": {}, "built": False, "said": said}
        assert tensorrt_rtx.interpret(small(), Raw("answered", answer)).outcome == "not-asked"
        assert tensorrt_rtx.interpret(Case("net", "t", "fp32"), Raw("answered", answer)).outcome == "crashed"

    def test_an_operator_that_the_parser_names_has_the_domain_that_it_has_in_the_file(self, tmp_path: Path) -> None:
        """The parser leaves domains out."""
        import onnx

        nodes = [onnx.helper.make_node("Attention", ["x", "w"], ["y"], domain="com.microsoft")]
        path = tmp_path / "net.onnx"
        path.write_bytes(onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [], [])).SerializeToString())
        answer = {"parsed": False, "errors": [["Attention", "", "INVALID_NODE", "scale"]], "layers": {}, "built": False}
        found = tensorrt_rtx.interpret(Case("net", "t", "fp32", path=path), Raw("answered", answer))
        assert found.culprits == {"com.microsoft.Attention": 1}

    def test_an_engine_is_acceptance(self) -> None:
        """One layer is native."""
        answer = {"parsed": True, "errors": [], "layers": {"UNARY": 1}, "built": True, "said": [], "bytes": 9}
        assert tensorrt_rtx.interpret(small(), Raw("answered", answer)).outcome == "native"


class TestHosts:
    """ONNX Runtime and OpenVINO on the host."""

    def test_a_missing_kernel_is_a_refusal_that_names_the_operator(self) -> None:
        """Source paths of the library are taken out."""
        error = (
            "NotImplemented: [ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : /onnxruntime_src/core/x.cc:1 Could not find an"
            " implementation for Erf(13) node with name 'node'"
        )
        found = ort_cpu.interpret(small(), Raw("answered", {"error": error}, stage="session"))
        assert (found.outcome, found.culprits, found.stage) == ("refused", {"Erf": 1}, "parse")
        assert "onnxruntime_src" not in found.says

    def test_a_kernel_that_fails_when_it_is_run_is_a_refusal(self) -> None:
        """A session alone over-reports."""
        error = "Fail: [ONNXRuntimeError] : 1 : FAIL : Status Message: only float is supported"
        found = ort_cpu.interpret(small(), Raw("answered", {"error": error}, stage="run"))
        assert (found.outcome, found.says) == ("refused", "session built, run failed:  only float is supported")

    @pytest.mark.parametrize(
        ("asked", "into", "outcome", "kept"),
        [
            (ERF, ["Erf"], "native", ()),
            (ERF, ["Cast", "Erf", "Cast"], "native", ("Cast", "Erf")),
            (ERF, ["Mul", "Exp"], "decomposed", ("Mul", "Exp")),
            (OWN, ["com.microsoft.FastGelu"], "native", ()),
            (ERF, [], "native", ()),
        ],
    )
    def test_nodes_that_are_left_tell_a_decomposition(
        self, asked: dict[str, Any], into: list[str], outcome: str, kept: tuple[str, ...]
    ) -> None:
        """An operator that is still there has a kernel."""
        found = ort_cpu.interpret(small(asked), Raw("answered", {"into": into, "says": "session built"}))
        assert (found.outcome, found.into) == (outcome, kept)

    def test_openvino_names_reference_kernels_and_what_it_leaves_out(self) -> None:
        """Constants and conversions are plumbing."""
        answer = {"kernels": {"Input/unknown_f32": 1, "Math/ref_any_f32": 1, "Output/unknown_f32": 1}, "left": {}}
        found = openvino_cpu.interpret(small(), Raw("answered", answer))
        assert (found.outcome, found.into) == ("native", ("Math",))
        assert found.says == "compiled; reference kernels: Math/ref_any_f32"
        found = openvino_cpu.interpret(small(), Raw("answered", {**answer, "left": {"Erf": 1, "Constant": 3}}))
        assert (found.outcome, found.culprits) == ("refused", {"Erf": 1})

    def test_openvinos_front_end_refuses_by_name(self) -> None:
        """Its exceptions begin with places in its own source."""
        error = (
            "RuntimeError: Exception from src/inference/src/cpp/core.cpp:97:\nException from src/frontends/onnx:32:\n"
            "Check 'false' failed at src/frontends/common_translators/src/unconverted_ops_report.cpp:151:\n"
            "FrontEnd API failed with OpConversionFailure: \nModel wasn't fully converted. Summary:\n"
            "-- No conversion rule found for operations: Det-17, com.microsoft.QAttention\n"
        )
        found = openvino_cpu.interpret(Case("net", "t", "fp32"), Raw("answered", {"error": error}, stage="read"))
        assert (found.outcome, found.culprits, found.stage) == (
            "refused",
            {"Det": 1, "com.microsoft.QAttention": 1},
            "read",
        )
        assert found.says.startswith("Model wasn't fully converted")
