"""A sample for a model's inputs, and whether what a compiler makes of it is what ONNX Runtime makes of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
import onnxruntime

MOST = 0.01
"""Share of the range by which numbers may differ: more than rounding."""


def sample(kind: Any) -> Any:
    """Return an input for a type: a batch of one where only that is open; None where other sizes are."""
    sizes = [each.dim_value if each.HasField("dim_value") else 0 for each in kind.shape.dim]
    if any(size <= 0 for size in sizes[1:]):
        return None
    shape = tuple(size or 1 for size in sizes)
    random = np.random.default_rng(math.prod(shape) if shape else 1)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    floats = np.issubdtype(dtype, np.floating) or dtype.name == "bfloat16"
    drawn = random.uniform(0.05, 1, shape) if floats else random.integers(0, 2, shape)
    return np.asarray(drawn).astype(dtype)


def reference(path: str, inputs: list[Any], samples: list[Any]) -> list[Any] | None:
    """Return what ONNX Runtime makes of the same sample; None where it cannot."""
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        return list(session.run(None, {each.name: sample for each, sample in zip(inputs, samples, strict=True)}))
    except Exception:  # noqa: BLE001  no reference, then
        return None


def differs(values: list[Any], expected: list[Any] | None) -> str:
    """Say where the outputs are not those of ONNX Runtime."""
    for index, (made, other) in enumerate(zip(values, expected or (), strict=False)):
        if made is None:
            continue
        right = np.asarray(other)
        if list(made.shape) != list(right.shape):
            return f"output {index} has shape {list(made.shape)}, and ONNX Runtime's {list(right.shape)}"
        try:
            wanted, found = right.astype(np.float64).ravel(), made.astype(np.float64).ravel()
        except (ValueError, TypeError):
            continue
        finite = np.isfinite(wanted)
        if not finite.any():
            continue
        apart = np.abs(np.where(np.isfinite(found), found, np.inf)[finite] - wanted[finite]).max()
        share = float(apart / max(float(np.abs(wanted[finite]).max()), 1e-3))
        if not share <= MOST:
            return f"output {index} differs from ONNX Runtime's by {share:.2g} of its range"
    return ""
