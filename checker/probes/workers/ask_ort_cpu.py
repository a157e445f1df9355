"""ONNX Runtime on the host CPU: build a session, run it once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

PROVIDER = ["CPUExecutionProvider"]


def version() -> str:
    """Return the version of the library."""
    return str(onnxruntime.__version__)


def options(level: Any = None, written: str = "") -> Any:
    """Make session options with one thread and no talk."""
    made = onnxruntime.SessionOptions()
    made.log_severity_level = 4
    made.intra_op_num_threads = made.inter_op_num_threads = 1
    if level is not None:
        made.graph_optimization_level = level
    if written:
        made.optimized_model_filepath = written
    return made


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Build a session; of a small model also list the nodes that are left unoptimised, and run it."""
    onnxruntime.set_default_logger_severity(4)
    stage("session")
    session = onnxruntime.InferenceSession(job["model"], options(), providers=PROVIDER)
    if not job["options"].get("run"):
        stage("")
        return {"says": "session built"}
    answer: dict[str, Any] = {"into": [], "says": "session built"}
    plain = str(Path(job["folder"]) / "plain.onnx")
    level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        onnxruntime.InferenceSession(job["model"], options(level, plain), providers=PROVIDER)
        nodes = onnx.load(plain).graph.node
        answer["into"] = [f"{n.domain}.{n.op_type}" if n.domain else n.op_type for n in nodes]
    except Exception as error:  # noqa: BLE001  some models are taken only when they are optimised
        answer["unoptimised"] = str(error)[:500]
    stage("run")
    feeds = {}
    for each in session.get_inputs():
        kind = each.type[len("tensor(") : -1]
        if kind in {"bfloat16", "string"} or "tensor" not in each.type or "seq" in each.type:
            stage("")
            return answer
        dtype = {"float": "float32", "double": "float64"}.get(kind, kind)
        feeds[each.name] = np.ones([d if isinstance(d, int) else 1 for d in each.shape], np.dtype(dtype))
    try:
        session.run(None, feeds)
    except RuntimeError as error:
        # An element type that numpy lacks (uint4) is our trouble, not the kernel's.
        if "ONNXRuntimeError" in str(error) or "Status Message" in str(error):
            raise
        stage("")
        return answer
    stage("")
    answer["says"] = "session built, ran once"
    return answer
