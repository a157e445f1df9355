"""ONNX Runtime's mobile usability checker: the partitions that it counts for NNAPI or CoreML."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.tools.mobile_helpers import usability_checker
from onnxruntime.tools.onnx_model_utils import ModelProtoWithShapeInfo, optimize_model

PROVIDERS = {
    "NNAPI": partial(usability_checker.check_nnapi_partitions, require_fixed_input_sizes=True),
    "CoreML ML Program": partial(
        usability_checker.check_coreml_partitions,
        require_fixed_input_sizes=True,
        config_filename="coreml_supported_mlprogram_ops.md",
    ),
}


def version() -> str:
    """Return the version of the package."""
    return str(onnxruntime.__version__)


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Optimise as the checker does, then count; ``caveats`` are those that it prints and does not check."""
    logging.disable(logging.CRITICAL)
    onnxruntime.set_default_logger_severity(4)
    stage("optimize")
    optimised = Path(job["folder"]) / "optimised.onnx"
    optimize_model(Path(job["model"]), optimised, use_external_initializers=True)
    stage("check")
    model = ModelProtoWithShapeInfo(optimised).model_with_shape_info
    found = PROVIDERS[job["target"]](model)
    stage("")
    return {
        "nodes": found.num_nodes,
        "supported": found.num_supported_nodes,
        "partitions": found.num_partitions,
        "unsupported": sorted(found.unsupported_ops),
        "rank": sorted(found.ops_with_unsupported_rank),
        "dynamic": found.nodes_unsupported_due_to_dynamic_input,
        "suitability": found.suitability().name,
        "caveats": found.supported_ops_checker.get_caveats(),
    }
