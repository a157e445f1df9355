"""winml-cli: what `winml analyze` looks up in its rules for one execution provider and device.

The analyzer is called, not the command line, which would collect usage data.  Nothing is compiled or run.  It is given
the file after ONNX Runtime's basic optimisation, which every provider is asked after: constants are folded by then, and
without that most files hold operators of shape arithmetic that it does not know.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import onnxruntime
from winml.modelkit.analyze import ONNXStaticAnalyzer


def version() -> str:
    """Return the version of the package."""
    return metadata.version("winml-cli")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Return the patterns (operators, and layers of several) at each level of support."""
    logging.disable(logging.CRITICAL)
    provider, device = job["target"].split("/")
    stage("optimize")
    model = optimised(job["model"], str(Path(job["folder"]) / "optimised.onnx"))
    stage("analyze")
    result = ONNXStaticAnalyzer().analyze(model, ep=provider, device=device, enable_information=False)
    (found,) = result.to_dict()["results"]
    stage("")
    return {str(level): [str(each) for each in patterns] for level, patterns in found["classification"].items()}


def optimised(path: str, target: str) -> str:
    """Return the path of the file after basic optimisation; that of the file itself where no session can be built."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = target
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception:  # noqa: BLE001  the analyzer may know more than this release of the runtime
        return path
    return target
