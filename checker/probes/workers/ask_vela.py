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
    answer["makes"] = {name: node.op_type for node in onnx.load(copy).graph.node for name in node.output}
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
    """Quantize to int8 with int8 weights, calibrated with one sample, uniform in 0.05 to 1."""
    random = np.random.default_rng(0)
    made.allocate_tensors()
    signature = next(iter(made.get_signature_list()))
    inputs = made.get_signature_runner(signature).get_input_details()
    sample = {name: random.uniform(0.05, 1, each["shape"]).astype(each["dtype"]) for name, each in inputs.items()}
    made_from = quantizer.Quantizer(str(path), recipe.static_wi8_ai8())
    calibrated = made_from.calibrate({signature: [sample]})
    return bytes(made_from.quantize(calibrated).quantized_model)
