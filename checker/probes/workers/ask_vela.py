"""Arm's Vela: onnx2tf writes a TFLite file, ai-edge-quantizer makes it int8, Vela decides operator by operator."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Any

from ai_edge_litert.interpreter import Interpreter
from ethosu.vela import vela
from onnx_to_tflite import Stage, made


def version() -> str:
    """Return the version of Vela."""
    return installed("ethos-u-vela")


def ask(job: dict[str, Any], stage: Stage) -> dict[str, Any]:
    """Convert, quantize and compile one model; ``options``: ``simplify`` runs onnxsim first, as for whole networks.

    ``makes``: each name that the converter may give a tensor (of a node, of its outputs, of its input) to the operator
    that makes it; the padding of its input is its own.
    """
    file = made(job, stage)
    handed = {f"{node}_input_nhwc": op for node, op in file.handed.items()}
    handed |= {f"{node}_input_nhwc_padded": file.named[node] for node in file.handed if node}
    answer: dict[str, Any] = {"makes": {**file.named, **handed}, "custom": sorted({code for code, _ in file.custom})}
    answer["ops"] = [str(each["op_name"]) for each in Interpreter(str(file.path))._get_ops_details()]  # noqa: SLF001  there is no public way
    if file.custom:
        return answer
    stage("vela")
    options = ["--accelerator-config", job["target"], "--show-cpu-operations", "--output-dir", job["folder"]]
    code = vela.main([str(file.path), *options])
    if code:
        return {**answer, "error": f"vela returned {code}"}
    stage("")
    return answer
