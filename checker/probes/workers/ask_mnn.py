"""MNN on the host CPU: convert the file, load what was written, run it once.

The converter is called inside the package: its console scripts install packages and send usage data.  It converts
files that are not valid, and returns the same whatever happened, so what it printed is read, and the module is run.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _tools  # type: ignore[import-not-found]
import compared  # type: ignore[import-not-found]
import MNN.nn
import numpy as np
import onnx
import onnx.numpy_helper
from MNN import expr

STORED, WRITTEN, LISTED = Path("stored.onnx"), Path("model.mnn"), Path("model.json")


def version() -> str:
    """Return the version of the package."""
    return importlib.metadata.version("mnn")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Convert, load and run one model.

    ``written``: the converter wrote a file; its log names the operators that it lacks, without their domain:
    ``contrib`` are those that only ONNX Runtime's domain has in this file.  ``layers``: types of the layers, of small
    models only.  ``ran``: what went wrong, empty where nothing did, None where sizes are open and it was not run.
    ``differs``: where the numbers are not ONNX Runtime's.
    """
    small = bool(job["options"].get("small"))
    source = _stored(job["model"])
    stage("convert")
    _convert("-f", "ONNX", "--modelFile", source, "--MNNModel", str(WRITTEN))
    model = onnx.load(source)
    answer: dict[str, Any] = {"written": WRITTEN.exists(), "layers": [], "ran": None, "differs": ""}
    answer["contrib"] = _contrib(model)
    if not answer["written"]:
        return answer
    if small:
        stage("list")
        _convert("-f", "MNN", "--modelFile", str(WRITTEN), "--JsonFile", str(LISTED))
        answer["layers"] = _layers()
    given = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in given]
    outputs = [each.name for each in model.graph.output]
    stage("load")
    net = MNN.nn.load_module_from_file(str(WRITTEN), [each.name for each in inputs], outputs)
    if net is None:
        raise RuntimeError("the module is not loaded")
    samples = [compared.sample(each.type.tensor_type) for each in inputs]
    # The Python interface has no 8-bit signed variables.
    if any(sample is None or sample.dtype.name == "int8" for sample in samples):
        stage("")
        return answer
    stage("run")
    made = net.forward([_variable(sample) for sample in samples])
    made = list(made) if isinstance(made, (list, tuple)) else [made]
    values = [_read(each) for each in made]
    expected = compared.reference(source, inputs, samples) if small else None
    none = len(values) < len(outputs) or any(each is None for each in values)
    if none and expected is not None and any(np.size(each) == 0 for each in expected):
        none = False  # an empty result is right
    answer["ran"] = "the module gives no output" if none else _other_size(values, expected, model.graph.output)
    answer["differs"] = "" if answer["ran"] else compared.differs(values, expected)
    stage("")
    return answer


def _other_size(values: list[Any], expected: list[Any] | None, declared: Any) -> str:
    """Say which output has more or fewer elements than ONNX Runtime's, or than the file says where all is fixed.

    Its axes may be others: MNN leaves a convolution over one axis with a fourth one of size 1.
    """
    for index, (made, output) in enumerate(zip(values, declared, strict=False)):
        sizes = [each.dim_value for each in output.type.tensor_type.shape.dim]
        right = np.size(expected[index]) if expected is not None else math.prod(sizes)
        fixed = output.type.tensor_type.HasField("shape") and all(sizes)
        if made is not None and (fixed or expected is not None) and np.size(made) != right:
            return f"output {index} has shape {list(np.shape(made))}: {np.size(made)} elements where {right} are right"
    return ""


def _stored(path: str) -> str:
    """Store all weights as exporters do, as bytes inside the file, and return the file.

    MNN falls over bytes and half precision in lists of numbers, or in a file of their own.
    """
    model = onnx.load(path)
    for each in model.graph.initializer:
        if each.data_type != onnx.TensorProto.STRING and not each.HasField("raw_data"):
            values = onnx.numpy_helper.to_array(each)
            if values.dtype.itemsize > 1 or values.dtype.name in {"int8", "uint8", "bool"}:
                each.CopyFrom(onnx.numpy_helper.from_array(values, each.name))
    onnx.save(model, STORED)
    return str(STORED)


def _contrib(model: Any) -> list[str]:
    """Return the operators of ONNX Runtime's domain that ONNX's does not have in the file, too."""
    by_domain: dict[str, set[str]] = {}
    for node in model.graph.node:
        by_domain.setdefault(node.domain, set()).add(node.op_type)
    return sorted(by_domain.get("com.microsoft", set()) - by_domain.get("", set()))


def _convert(*arguments: str) -> None:
    """Call the converter as a command line would."""
    _tools.mnnconvert(["mnnconvert", *arguments, "--bizCode", "probe"])


def _layers() -> list[str]:
    """Return the types of the layers, an elementwise one by its function; of what cannot be listed, none."""
    try:
        net = json.loads(LISTED.read_text(errors="replace"))
    except (OSError, ValueError):  # a NaN that is written without quotes, an infinity
        return []
    found = []
    for each in net.get("oplists", ()):
        main = each.get("main") or {}
        kind = {"BinaryOp": "opType", "UnaryOp": "opType", "Reduction": "operation"}.get(each["type"], "")
        found.append(f"{each['type']}.{main[kind]}" if kind in main else each["type"])
    return [kind for kind in found if kind not in {"Input", "Const"}]


def _variable(sample: Any) -> Any:
    """Return what the module is given: 32 bits, except bytes."""
    if sample.dtype.name == "uint8":
        kind, stored = expr.uint8, sample
    elif np.issubdtype(sample.dtype, np.floating) or sample.dtype.name == "bfloat16":
        kind, stored = expr.float, sample.astype(np.float32)
    else:
        kind, stored = expr.int, sample.astype(np.int32)
    return expr.const(np.ascontiguousarray(stored), list(sample.shape), expr.NCHW, kind)


def _read(variable: Any) -> Any:
    """Return the numbers; None where there are none."""
    try:
        read = (expr.convert(variable, expr.NCHW) if len(list(variable.shape)) > 1 else variable).read()
    except (RuntimeError, ValueError, TypeError, SystemError):
        return None
    return np.asarray(read) if read is not None else None
