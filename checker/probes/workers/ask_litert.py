"""LiteRT with XNNPACK: onnx2tf writes a TFLite file, the interpreter gives XNNPACK what it takes and runs the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version as installed
from typing import Any

from ai_edge_litert.interpreter import Interpreter
from onnx_to_tflite import PLAIN, Made, Stage, fill, made

DELEGATE = "DELEGATE"
OPEN = 64
"""What a size beyond the batch is set to that the file leaves open; the interpreter itself begins with 1."""

NUMBER = re.compile(r"Node number (\d+) \(")


def version() -> str:
    """Return the version of LiteRT."""
    return installed("ai-edge-litert")


def ask(job: dict[str, Any], stage: Stage) -> dict[str, Any]:
    """Convert, load, allocate and run; ``host``: each operator that XNNPACK left, as TFLite and as ONNX name it.

    ``failing``: the operator that ended it, likewise.
    """
    file = made(job, stage)
    path = str(file.path)
    answer: dict[str, Any] = {"custom": [[code, file.maker(tensor)] for code, tensor in file.custom]}
    answer["ops"] = [each["op_name"] for each in details(Interpreter(path, experimental_op_resolver_type=PLAIN))]
    if file.custom:
        return answer
    stage("allocate")
    interpreter = Interpreter(path, num_threads=1)
    try:
        resize(interpreter)
        interpreter.allocate_tensors()
        operators = details(interpreter)
        answer["parts"] = sum(each["op_name"] == DELEGATE for each in operators)
        answer["host"] = [named(each, interpreter, file) for each in left(operators)]
        stage("invoke")
        fill(interpreter)
        interpreter.invoke()
    except (RuntimeError, ValueError) as error:
        number = NUMBER.search(str(error))
        answer["failing"] = [named(details(interpreter)[int(number[1])], interpreter, file)] if number else []
        return {**answer, "error": f"{type(error).__name__}: {error}"}
    stage("")
    return answer


def resize(interpreter: Interpreter) -> None:
    """Give open sizes beyond the batch a plausible value."""
    for each in interpreter.get_input_details():
        sizes = [int(size) for size in each["shape"]]
        wanted = [OPEN if axis and asked < 0 else sizes[axis] for axis, asked in enumerate(each["shape_signature"])]
        if wanted != sizes:
            interpreter.resize_tensor_input(each["index"], wanted)


def details(interpreter: Interpreter) -> list[dict[str, Any]]:
    """Return the operators of the first subgraph, those of delegates after the others."""
    return list(interpreter._get_ops_details())  # noqa: SLF001  there is no public way


def named(operator: dict[str, Any], interpreter: Interpreter, file: Made) -> list[str]:
    """Return an operator as TFLite and as ONNX name it."""
    names = {each["index"]: each["name"] for each in interpreter.get_tensor_details()}
    return [operator["op_name"], file.maker(names.get(next(iter(operator["outputs"]), -1), ""))]


def left(operators: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the operators outside of every delegate; a delegate's are all that lead from its inputs to its results."""
    plain = [each for each in operators if each["op_name"] != DELEGATE]
    maker_of = {int(out): each for each in plain for out in each["outputs"]}
    taken: set[int] = set()
    for delegate in operators:
        if delegate["op_name"] != DELEGATE:
            continue
        given = {int(each) for each in delegate["inputs"]}
        wanted = [int(each) for each in delegate["outputs"]]
        while wanted:
            each = maker_of.get(wanted.pop())
            if each is not None and each["index"] not in taken:
                taken.add(each["index"])
                wanted.extend(int(index) for index in each["inputs"] if int(index) not in given)
    yield from (each for each in plain if each["index"] not in taken)
