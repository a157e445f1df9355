"""Arm's Vela: onnx2tf writes a TFLite file, ai-edge-quantizer makes it int8, Vela decides operator by operator."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx2tf
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe
from ethosu.vela import vela

CUSTOM = "CUSTOM"


def version() -> str:
    """Return the version of Vela."""
    from importlib.metadata import version as installed

    return installed("ethos-u-vela")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Convert, quantize and compile one model; ``options``: ``simplify`` runs onnxsim first, as for whole networks."""
    folder = Path(job["folder"])
    answer: dict[str, Any] = {}
    stage("convert")
    copy = folder / "converted" / "model.onnx"  # onnx2tf overwrites its input
    copy.parent.mkdir()
    shutil.copy(job["model"], copy)
    if job["options"].get("simplify"):
        copy.write_bytes(simplified(job["model"]))
    answer["makes"] = makers(onnx.load(copy).graph)
    onnx2tf.convert(
        input_onnx_file_path=str(copy),
        output_folder_path=str(copy.parent),
        not_use_onnxsim=True,
        flatbuffer_direct_allow_custom_ops=True,
        verbosity="error",
    )
    (written,) = copy.parent.glob("*_float32.tflite")
    answer["custom"] = custom(written.read_bytes())
    converted = Interpreter(str(written))
    answer["ops"] = names(converted)
    if answer["custom"]:
        return answer
    stage("quantize")
    quantized = folder / "quantized.tflite"
    quantized.write_bytes(int8(written, converted))
    answer["ops"] = names(Interpreter(str(quantized)))
    stage("vela")
    options = ["--accelerator-config", job["target"], "--show-cpu-operations", "--output-dir", str(folder)]
    code = vela.main([str(quantized), *options])
    if code:
        return {**answer, "error": f"vela returned {code}"}
    stage("")
    return answer


def simplified(path: str) -> bytes:
    """Return the model after onnxsim, which takes out the shape arithmetic that exporters leave."""
    import onnxsim

    model, _ = onnxsim.simplify(onnx.load(path))
    data: bytes = model.SerializeToString()
    return data


def makers(graph: onnx.GraphProto) -> dict[str, str]:
    """Return the operator behind each name that the converter may give a tensor: of a node, its outputs, its input."""
    found = {name: node.op_type for node in graph.node for name in (node.name, *node.output) if name}
    handed = {
        f"{node.name}_input_nhwc": found[node.input[0]] for node in graph.node if found.get(next(iter(node.input), ""))
    }
    return {**found, **handed}


def names(made: Interpreter) -> list[str]:
    """Return the names of the operators in a TFLite file, in order."""
    return [str(each["op_name"]) for each in made._get_ops_details()]  # noqa: SLF001  there is no public way


def custom(data: bytes) -> list[str]:
    """Return the custom operators that a TFLite file wants."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    found: Iterable[Any] = model.operatorCodes or ()
    return sorted(code.customCode.decode() for code in found if code.customCode)


def int8(path: Path, made: Interpreter) -> bytes:
    """Quantize to int8 with int8 weights, calibrated with one sample.

    Floats are uniform in 0.05 to 1.  Integers and truth values are 1: a mask of 0 would leave nothing to attend to, and
    the quantizer, which leaves out values beyond 3e38, would find no range for scores that are all the lowest float.
    """
    random = np.random.default_rng(0)
    made.allocate_tensors()
    signature = next(iter(made.get_signature_list()))
    inputs = made.get_signature_runner(signature).get_input_details()
    sample = {name: values(random, each["shape"], each["dtype"]) for name, each in inputs.items()}
    made_from = quantizer.Quantizer(str(path), recipe.static_wi8_ai8())
    calibrated = made_from.calibrate({signature: [sample]})
    return bytes(made_from.quantize(calibrated).quantized_model)


def values(random: np.random.Generator, shape: Any, dtype: Any) -> Any:
    """Return a sample of one input."""
    if np.dtype(dtype).kind != "f":
        return np.ones(shape, dtype)
    return random.uniform(0.05, 1, shape).astype(dtype)
