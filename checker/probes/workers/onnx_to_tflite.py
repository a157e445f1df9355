"""From ONNX to a TFLite file, float or int8: what the workers of TFLite's users begin with; no adapter itself.

Two runtimes and three chips are asked about the same files.  Where ``EDGELINT_TFLITE_CACHE`` names a folder, what was
made of a model is kept there, and so are the converter's refusals.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx2tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_quantizer import quantizer, recipe

Stage = Callable[[str], object]
PLAIN = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


@dataclass(frozen=True)
class Made:
    """A TFLite file.

    ``makes``: tensor to the ONNX operator whose result it is; ``named``: what the converter begins the names of further
    tensors with, to the ONNX operator that they belong to; ``custom``: each custom operator that the file wants, and
    its first result; ``handed``: name of a node to the operator that makes its first input.
    """

    path: Path
    makes: dict[str, str]
    named: dict[str, str]
    custom: list[list[str]]
    handed: dict[str, str]

    def maker(self, tensor: str) -> str:
        """Return the ONNX operator that a TFLite tensor belongs to; empty where none is found."""
        if tensor in self.makes:
            return self.makes[tensor]
        cuts = (at for at in range(len(tensor) - 1, 0, -1) if tensor[at] in "_/:;")
        return next((self.named[tensor[:at]] for at in cuts if tensor[:at] in self.named), "")


def made(job: dict[str, Any], stage: Stage) -> Made:
    """Convert a model, and quantize it where int8 is asked for; ``options``: ``simplify`` runs onnxsim first.

    Raises:
        Exception: it is refused, or was before, in the words of then.
    """
    kept = _kept(job)
    stage("convert")
    path = kept / "float.tflite"
    _once(path, lambda to: _convert(job, to))
    facts = json.loads((kept / "facts.json").read_text())
    if job["precision"] == "int8" and not facts["custom"]:
        stage("quantize")
        _once(kept / "int8.tflite", lambda to: to.write_bytes(int8(kept / "float.tflite")))
        path = kept / "int8.tflite"
    return Made(path, facts["makes"], facts["named"], facts["custom"], facts.get("handed", {}))


def _kept(job: dict[str, Any]) -> Path:
    """Return the folder of what is made of a model: named after its bytes, or the job's own."""
    model = Path(job["model"])
    cache = os.environ.get("EDGELINT_TFLITE_CACHE", "")
    digest = hashlib.sha256(json.dumps(job["options"], sort_keys=True).encode())
    for each in (model, model.with_suffix(".weights")):
        digest.update(each.read_bytes() if cache and each.exists() else b"")
    kept = Path(cache) / digest.hexdigest()[:24] if cache else Path(job["folder"]) / "made"
    kept.mkdir(parents=True, exist_ok=True)
    return kept


def _once(path: Path, make: Callable[[Path], object]) -> None:
    failed = path.with_suffix(".refused")
    if failed.exists():
        raise _again(failed.read_text())
    if path.exists():
        return
    try:
        make(path.with_suffix(".part"))
    except Exception as error:
        failed.write_text(f"{type(error).__name__}: {error}")
        raise
    path.with_suffix(".part").rename(path)


def _again(words: str) -> Exception:
    """Return an exception as it was raised before: a type of its own becomes a RuntimeError that names it."""
    kind, _, text = words.partition(": ")
    same = getattr(builtins, kind, None)
    return same(text) if same in {RuntimeError, TypeError, ValueError, NotImplementedError} else RuntimeError(words)


def _convert(job: dict[str, Any], to: Path) -> None:
    copy = Path(job["folder"]) / "converted" / "model.onnx"  # onnx2tf overwrites its input
    copy.parent.mkdir()
    model = onnx.load(job["model"])
    if job["options"].get("simplify"):
        model = simplified(model)
    nodes = model.graph.node
    named = {name: node.op_type for node in nodes for name in (*node.output, node.name) if name}
    handed = {node.name: named[node.input[0]] for node in nodes if named.get(next(iter(node.input), ""))}
    onnx.save(model, copy)
    onnx2tf.convert(
        input_onnx_file_path=str(copy),
        output_folder_path=str(copy.parent),
        not_use_onnxsim=True,
        flatbuffer_direct_allow_custom_ops=True,
        verbosity="error",
    )
    (written,) = copy.parent.glob("*_float32.tflite")
    (report,) = copy.parent.glob("*_tensor_correspondence_report.json")
    told = json.loads(report.read_text())["records"]
    makes = {each["resolved_tflite_tensor_name"] or each["onnx_output_name"]: each["onnx_op_type"] for each in told}
    wanted = custom(written.read_bytes())
    facts = {"makes": {**named, **makes}, "named": named, "handed": handed, "custom": wanted}
    (to.parent / "facts.json").write_text(json.dumps(facts))
    shutil.move(written, to)


def simplified(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model after onnxsim, which takes out the shape arithmetic that exporters leave."""
    import onnxsim

    made_simple: onnx.ModelProto = onnxsim.simplify(model)[0]
    return made_simple


def parsed(data: bytes) -> Any:
    """Return a TFLite file as an object."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))


def custom(data: bytes) -> list[list[str]]:
    """Return the custom operators that a TFLite file wants, with their first results."""
    model = parsed(data)
    codes = [code.customCode.decode() if code.customCode else "" for code in model.operatorCodes or ()]
    return [
        [codes[each.opcodeIndex], graph.tensors[each.outputs[0]].name.decode()]
        for graph in model.subgraphs
        for each in graph.operators or ()
        if codes[each.opcodeIndex]
    ]


def int8(path: Path) -> bytes:
    """Quantize to int8 with int8 weights, calibrated with one sample."""
    interpreter = Interpreter(str(path), experimental_op_resolver_type=PLAIN)
    interpreter.allocate_tensors()
    signature = next(iter(interpreter.get_signature_list()))
    inputs = interpreter.get_signature_runner(signature).get_input_details()
    samples = {name: sample(each["shape"], each["dtype"], number) for number, (name, each) in enumerate(inputs.items())}
    made_from = quantizer.Quantizer(str(path), recipe.static_wi8_ai8())
    calibrated = made_from.calibrate({signature: [samples]})
    return bytes(made_from.quantize(calibrated).quantized_model)


def fill(interpreter: Any) -> None:
    """Give each input of an interpreter a sample."""
    for number, each in enumerate(interpreter.get_input_details()):
        interpreter.set_tensor(each["index"], sample(each["shape"], each["dtype"], number))


def sample(shape: Any, dtype: Any, number: int) -> Any:
    """Return values for an input, uniform in 0.05 to 1 where they are real; integers are 1.

    A mask of zeros would hide all behind it from the calibration, and 1 is legal as an index but for an axis of 1.
    ``number``: position of the input; two inputs that are alike would give a difference of zero, which has no scale.
    """
    if np.dtype(dtype).kind in "iub":
        return np.ones(shape, dtype)
    return np.random.default_rng(number).uniform(0.05, 1, shape).astype(dtype)
