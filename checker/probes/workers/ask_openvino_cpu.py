"""OpenVINO's CPU plugin: front end, ``query_model``, and the kernels of the compiled model."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE_FP16"  # all but AMX; read when oneDNN is loaded

import openvino


def version() -> str:
    """Return the release, without the build."""
    return str(openvino.__version__).split("-", 1)[0]


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Read, query and compile one model."""
    device = job["target"]
    stage("read")
    core = openvino.Core()
    core.set_property(device, {"INFERENCE_NUM_THREADS": 1})
    model = core.read_model(job["model"])
    ops = {op.get_friendly_name(): op.get_type_name() for op in model.get_ordered_ops()}
    answer: dict[str, Any] = {"kernels": {}, "left": {}}
    stage("query")
    taken = core.query_model(model, device)
    answer["left"] = _counts(kind for name, kind in ops.items() if name not in taken)
    stage("compile")
    compiled = core.compile_model(model, device)
    runtime = [op.get_rt_info() for op in compiled.get_runtime_model().get_ordered_ops()]
    answer["kernels"] = _counts(f"{_text(info, 'layerType')}/{_text(info, 'primitiveType')}" for info in runtime)
    stage("")
    return answer


def _text(info: Any, key: str) -> str:
    value = info[key] if key in info else ""  # noqa: SIM401  no dict: it has no `get`
    return str(getattr(value, "astype", lambda _kind: value)(str))


def _counts(kinds: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for kind in kinds:
        found[kind] = found.get(kind, 0) + 1
    return found
