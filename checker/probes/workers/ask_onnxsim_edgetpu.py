"""onnxsim's static check for the Edge TPU, on the simplified model as its documentation advises."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

import onnx
import onnxsim


def version() -> str:
    """Return the version of the package."""
    return metadata.version("onnxsim")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Return the findings: level, operator, words; what cannot be simplified is checked as it is."""
    model = onnx.load(job["model"])
    stage("simplify")
    try:
        model, _ = onnxsim.simplify(model)
    except Exception as error:  # noqa: BLE001  the check itself needs no simplified model
        simplified = f"{type(error).__name__}: {error}"[:200]
    else:
        simplified = ""
    stage("check")
    report = onnxsim.check_onnx_for_edgetpu(model)
    stage("")
    findings = [[each.level, each.op_type, each.message] for each in report.findings]
    return {"findings": findings, "unsimplified": simplified}
