"""ONNX Runtime's WebGPU provider on SwiftShader, a Vulkan device in software: which provider each node is given to."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

# The Vulkan loader reads it once.  Debian's chromium package brings SwiftShader here.
os.environ.setdefault("VK_ICD_FILENAMES", "/usr/lib/chromium/vk_swiftshader_icd.json")

import onnxruntime

PROVIDERS = ["WebGpuExecutionProvider", "CPUExecutionProvider"]


def version() -> str:
    """Return the version of the package.

    Raises:
        RuntimeError: the package has no WebGPU provider.
    """
    if PROVIDERS[0] not in onnxruntime.get_available_providers():
        raise RuntimeError("this onnxruntime has no WebGPU provider: install onnxruntime-webgpu")
    return str(onnxruntime.__version__)


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Build a session; ``host`` is the operator, name and domain of each node that is given to the CPU provider.

    What is on WebGPU is told by the log only: the record lacks nodes that are assigned before the layout pass.
    """
    stage("session")
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 0
    settings.intra_op_num_threads = 1
    settings.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    session = onnxruntime.InferenceSession(job["model"], settings, providers=PROVIDERS)
    # Without a device the session is built all the same, on the CPU alone.
    if PROVIDERS[0] not in session.get_providers():
        raise RuntimeError("no WebGPU device: is SwiftShader installed, and VK_ICD_FILENAMES set?")
    host = [
        [node.op_type, node.name, node.domain]
        for part in session.get_provider_graph_assignment_info()
        if part.ep_name == PROVIDERS[1]
        for node in part.get_nodes()
    ]
    stage("")
    return {"host": host}
