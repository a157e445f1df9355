"""rknn-toolkit2: load and build for a chip; the layer table is in the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from rknn.api import RKNN

SAMPLES = 2
"""Number of calibration inputs."""


def version() -> str:
    """Return the version of the package."""
    from importlib.metadata import version as installed

    return installed("rknn-toolkit2")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Load and build one model; ``options``: ``disable_rules``; ``inputs`` and ``input_size_list`` pin sizes."""
    options = job["options"]
    stage("load")
    rknn = RKNN(verbose=True)
    rules = options.get("disable_rules")
    rknn.config(target_platform=job["target"], **({"disable_rules": rules} if rules else {}))
    pinned = {key: options[key] for key in ("inputs", "input_size_list") if key in options}
    code = rknn.load_onnx(model=job["model"], **pinned)
    if code != 0:
        return {"code": code}
    stage("build")
    if job["precision"] == "int8" and not is_quantized(job["model"]):
        code = rknn.build(do_quantization=True, dataset=calibration(job["model"], Path(job["folder"])))
    else:
        code = rknn.build(do_quantization=False)
    if code == 0:
        stage("")
    return {"code": code}


def is_quantized(path: str) -> bool:
    """Tell whether a file brings its own scales; the toolkit then wants ``do_quantization=False``."""
    model = onnx.load(path, load_external_data=False)
    return any(node.op_type in {"QuantizeLinear", "DequantizeLinear", "QLinearConv"} for node in model.graph.node)


def calibration(path: str, folder: Path) -> str:
    """Write calibration inputs, uniform in 0.05 to 1: negative ones give false answers about some layers."""
    model = onnx.load(path, load_external_data=False)
    constants = {tensor.name for tensor in model.graph.initializer}
    random = np.random.default_rng(1)
    lines = []
    for sample in range(SAMPLES):
        files = []
        for number, each in enumerate(v for v in model.graph.input if v.name not in constants):
            kind = each.type.tensor_type
            values = random.uniform(0.05, 1, [d.dim_value or 1 for d in kind.shape.dim])
            dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
            file = folder / f"sample{sample}_{number}.npy"
            np.save(file, (values if dtype.kind == "f" else values * 5).astype(dtype))
            files.append(str(file))
        lines.append(" ".join(files))
    listed = folder / "dataset.txt"
    listed.write_text("\n".join(lines) + "\n")
    return str(listed)
