"""TensorFlow Lite Micro: onnx2tf writes a TFLite file, the interpreter for microcontrollers allocates and runs it."""

from __future__ import annotations

import os
from importlib.metadata import version as installed
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from onnx_to_tflite import Made, Stage, made, parsed, sample
from tflite_micro import runtime

ARENA = 1 << 30
"""Bytes, more than a microcontroller has: what is asked is which kernels there are."""

OPERATORS = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
TYPES: dict[int, Any] = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.UINT8: np.uint8,
    schema.TensorType.INT64: np.int64,
    schema.TensorType.BOOL: np.bool_,
    schema.TensorType.INT16: np.int16,
    schema.TensorType.INT8: np.int8,
}


def version() -> str:
    """Return the version of the package."""
    return installed("tflite-micro")


def ask(job: dict[str, Any], stage: Stage) -> dict[str, Any]:
    """Convert, allocate and run; ``failing``: each operator that does not run, as TFLite and as ONNX name it.

    The interpreter ends at the first kernel that is missing.  Each operator is then asked about alone.
    """
    file = made(job, stage)
    answer: dict[str, Any] = {"custom": [[code, file.maker(tensor)] for code, tensor in file.custom]}
    data = file.path.read_bytes()
    model = parsed(data)
    answer["ops"] = [name_of(model, each) for each in model.subgraphs[0].operators or ()]
    if file.custom:  # which is not quantized, so the others are asked about as floats
        answer["failing"] = failing(model, file)
        return answer
    stage("convert")
    for tensor in unmade(model.subgraphs[0], model.buffers):
        return {**answer, "error": f"{tensor} is read, and nothing makes it"}
    try:
        run(data, model, stage)
    except Exception as error:  # noqa: BLE001  a RuntimeError today
        answer["failing"] = failing(model, file)
        answer["error"] = f"{type(error).__name__}: {error}"
        return answer
    stage("")
    return answer


def run(data: bytes, model: Any, stage: Stage) -> None:
    """Load a file, allocate it and run it once."""
    stage("allocate")
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=ARENA)
    stage("invoke")
    graph = model.subgraphs[0]
    for position, index in enumerate(graph.inputs):
        tensor = graph.tensors[index]
        shape = () if tensor.shape is None else tuple(tensor.shape)
        interpreter.set_input(sample(shape, TYPES[tensor.type], position), position)
    interpreter.invoke()


def unmade(graph: Any, buffers: Any) -> list[str]:
    """Return the tensors that are read or returned and that come from nowhere; TFLM runs such a file all the same.

    State that is kept between runs begins at zero, and a tensor of no elements needs none.
    """
    operators = graph.operators or ()
    there = {-1, *map(int, graph.inputs), *(int(each) for operator in operators for each in operator.outputs)}
    read = [int(each) for operator in operators for each in operator.inputs] + [int(each) for each in graph.outputs]
    held = [
        buffers[tensor.buffer].data is not None or tensor.isVariable or (tensor.shape is not None and 0 in tensor.shape)
        for tensor in graph.tensors
    ]
    return [graph.tensors[each].name.decode() for each in dict.fromkeys(read) if each not in there and not held[each]]


def name_of(model: Any, operator: Any) -> str:
    """Return TFLite's name of an operator."""
    code = model.operatorCodes[operator.opcodeIndex]
    return str(OPERATORS[max(code.builtinCode, code.deprecatedBuiltinCode)])


def failing(model: Any, file: Made) -> list[list[str]]:
    """Return the operators of a file that do not run alone, but for custom ones."""
    found, known = [], {}
    graph = model.subgraphs[0]
    for operator in graph.operators or ():
        if model.operatorCodes[operator.opcodeIndex].customCode:
            continue
        data = alone(model, operator)
        if data not in known:
            known[data] = runs(data)
        if not known[data]:
            tensor = graph.tensors[operator.outputs[0]].name.decode() if len(operator.outputs) else ""
            found.append([name_of(model, operator), file.maker(tensor)])
    return found


def alone(model: Any, operator: Any) -> bytes:
    """Return a file of one operator with its tensors, unnamed."""
    whole = model.subgraphs[0]
    wanted = [int(each) for each in (*operator.inputs, *operator.outputs) if each >= 0]
    kept = list(dict.fromkeys(wanted))
    place = {old: new for new, old in enumerate(kept)} | {-1: -1}
    made_of, graph = schema.ModelT(), schema.SubGraphT()
    made_of.version, made_of.operatorCodes = model.version, model.operatorCodes
    made_of.buffers, graph.tensors = [schema.BufferT()], []
    stored = set()
    for old in kept:
        tensor, copy = whole.tensors[old], schema.TensorT()
        vars(copy).update({**vars(tensor), "name": b"", "buffer": 0})
        content = model.buffers[tensor.buffer]
        if content.data is not None and len(content.data):
            copy.buffer = len(made_of.buffers)
            made_of.buffers.append(content)
            stored.add(old)
        graph.tensors.append(copy)
    single = schema.OperatorT()
    vars(single).update(vars(operator))
    single.inputs = [place[int(each)] for each in operator.inputs]
    single.outputs = [place[int(each)] for each in operator.outputs]
    given = dict.fromkeys(int(each) for each in operator.inputs if each >= 0 and each not in stored)
    graph.inputs = [place[each] for each in given]
    graph.outputs, graph.operators, graph.name = single.outputs, [single], b""
    made_of.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(made_of.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def runs(data: bytes) -> bool:
    """Tell whether a file runs, in a process of its own: a failed assertion would end this one."""
    pid = os.fork()
    if pid == 0:
        try:
            run(data, parsed(data), lambda _: None)
        except BaseException:  # noqa: BLE001  whatever it is
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0
