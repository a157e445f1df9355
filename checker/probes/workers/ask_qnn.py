"""ONNX Runtime's QNN provider: compile for a Hexagon with the vendor's offline backend; the log holds the reasons."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import onnxruntime_qnn

PROVIDER = "QNNExecutionProvider"
SAMPLES = 2
"""Number of calibration inputs."""

# Once, before any job is forked: it takes half a second.
onnxruntime.register_execution_provider_library(PROVIDER, onnxruntime_qnn.get_library_path())


def version() -> str:
    """Return the version of the provider's package."""
    from importlib.metadata import version as installed

    return installed("onnxruntime-qnn")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Compile one model; ``target`` is ``SOC:ARCH``, for example ``43:73``."""
    path = job["model"]
    if job["options"].get("quantize"):
        stage("quantize")
        path = quantized(path, Path(job["folder"]), job["precision"])
    stage("session")
    devices = [device for device in onnxruntime.get_ep_devices() if device.ep_name == PROVIDER]
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 0
    settings.intra_op_num_threads = 1
    settings.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    soc, arch = job["target"].split(":")
    given = {"backend_type": "htp", "soc_model": soc, "htp_arch": arch, "enable_htp_fp16_precision": "1"}
    settings.add_provider_for_devices(devices, given)
    session = onnxruntime.InferenceSession(path, settings)
    placed: dict[str, list[list[list[str]]]] = {}
    for part in session.get_provider_graph_assignment_info():
        nodes = [[node.op_type, node.name, node.domain] for node in part.get_nodes()]
        placed.setdefault(part.ep_name.removesuffix("ExecutionProvider"), []).append(nodes)
    stage("")
    return {"placed": placed}


def quantized(path: str, folder: Path, precision: str) -> str:
    """Quantise with the vendor's own recipe, so that it is the compiler that is asked and not the quantiser."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize
    from onnxruntime.quantization.execution_providers.qnn import get_qnn_qdq_config, qnn_preprocess_model

    class Samples(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is untyped
        """Calibration inputs, uniform in 0.05 to 1."""

        def __init__(self, model: onnx.ModelProto) -> None:
            constants = {tensor.name for tensor in model.graph.initializer}
            inputs = [each for each in model.graph.input if each.name not in constants]
            self.random = np.random.default_rng(0)
            self.rows = iter([{each.name: self.value(each) for each in inputs} for _ in range(SAMPLES)])

        def value(self, each: onnx.ValueInfoProto) -> Any:
            """Make one input."""
            kind = each.type.tensor_type
            dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
            shape = [d.dim_value for d in kind.shape.dim]
            if dtype.kind == "f":
                return self.random.uniform(0.05, 1, shape).astype(dtype)
            return np.ones(shape, bool) if dtype.kind == "b" else np.zeros(shape, dtype)

        def get_next(self) -> Any:
            """Give one, None after the last."""
            return next(self.rows, None)

        def set_range(self, start_index: int, end_index: int) -> None:
            """Do nothing: there are few samples."""

        def __len__(self) -> int:
            return SAMPLES

    logging.disable(logging.CRITICAL)
    ready, written = str(folder / "ready.onnx"), str(folder / "quantized.onnx")
    source = ready if qnn_preprocess_model(path, ready, fuse_layernorm=True) else path
    activation, weight, per_channel = {
        "int8": (QuantType.QUInt8, QuantType.QUInt8, False),
        "a16w8": (QuantType.QUInt16, QuantType.QUInt8, False),
    }[precision]
    config = get_qnn_qdq_config(
        source, Samples(onnx.load(source)), activation_type=activation, weight_type=weight, per_channel=per_channel
    )
    quantize(source, written, config)
    return written
