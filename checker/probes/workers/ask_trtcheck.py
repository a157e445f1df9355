"""trtcheck: its static analysis, for one of the TensorRT releases that it knows."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

from trtcheck.analyzer import AnalyzerConfig, analyze


def version() -> str:
    """Return the version of the package."""
    return metadata.version("trtcheck")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Return its verdict and what it found."""
    stage("analyze")
    report = analyze(job["model"], config=AnalyzerConfig(target_trt=job["target"])).to_dict()
    stage("")
    return {"verdict": report["verdict"], "issues": report["issues"]}
