"""tpu-mlir for Sophgo's chips: import, lower to the chip's operators at one precision, divide in parts, generate code.

The wheel's own libc, libm, libpthread, libgcc_s, libstdc++ and libz have to be out of ``tpu_mlir/lib/third_party``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime_extensions  # noqa: F401  it looks for the true torch, so it comes before ours

# Imported by the importer's optimizer for the input of custom operators of its own, which no model here has.
sys.modules.setdefault("torch", types.SimpleNamespace(tensor=np.asarray))  # type: ignore[arg-type]

import tpu_mlir  # noqa: E402
from tpu_mlir.python.utils import mlir_shell  # noqa: E402
from transform.OnnxConverter import OnnxConverter  # noqa: E402

MODES = {"fp16": "F16", "bf16": "BF16", "int8": "INT8"}
CVIMODEL = frozenset({"cv183x", "cv182x", "cv181x", "cv180x"})
"""Chips whose code goes into another container."""

LINE = re.compile(r'^\s*(%[\w:#%, ]+) = "(top|tpu)\.(\w+)"\((.*?)\)(.*) -> (.*?) loc\((.*)\)$')
LOCATION = re.compile(r"^(#loc\d*) = loc\((.*)\)$")
ELEMENT = re.compile(r"tensor<(?:[\d?]+x)*((?:!quant[^>]*<)?[a-z]\w*)")
CPU_NAME = re.compile(r'cpu_op_name = "(\w+)"')
PART = re.compile(r"@(subfunc_\d+)\(.*run_mode (\w+)>")
NOT_NEGATIVE = frozenset({"Relu", "Sigmoid", "Softmax", "Abs", "Exp", "Sqrt", "HardSigmoid", "Compare", "CompareConst"})
KEEPS_SIGN = frozenset(
    {"Add", "Arg", "AvgPool", "Concat", "Depth2Space", "Expand", "Flatten", "Gather", "Interp", "Max", "MaxPool", "Min"}
    | {
        "Mul",
        "Pad",
        "Permute",
        "Reduce",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "Tile",
        "TopK",
        "Unsqueeze",
        "Upsample",
    }
)
"""Operators that give nothing negative where they are given nothing negative."""

FLOATS = frozenset({1, 10, 11})
"""float32, float16 and float64, as onnx numbers them."""

LEAST_THRESHOLD = 1e-5
"""That of the toolchain's own calibration."""


@dataclass(frozen=True)
class Line:
    """One operation of an MLIR text: its result, dialect, name, operands, the rest, result types, location."""

    result: str
    dialect: str
    op: str
    operands: tuple[str, ...]
    rest: str
    types: str
    names: tuple[str, ...]


def version() -> str:
    """Return the version of the package.

    Raises:
        RuntimeError: the compiler cannot be started.
    """
    from importlib.metadata import version as installed

    program = Path(tpu_mlir.__file__).parent / "bin" / "tpuc-opt"
    started = subprocess.run([program, "--version"], capture_output=True, check=False)  # noqa: S603  the package's own
    if started.returncode:
        raise RuntimeError("tpuc-opt does not start: are the wheel's own libc and libm out of lib/third_party?")
    return installed("tpu-mlir")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Compile one model; ``options``: ``quick`` tries it without the search for groups of layers first.

    That search takes minutes.  Some layers are taken in groups only, so what fails without is asked again with them.

    ``at``: the operator that the importer raised at.  ``lost``: whose result it missed there.  ``top``: operators after
    the import.  ``operators``: the chip's operators, each with the type of its first result, in order.  ``cpu``:
    functions that the host's library computes.  ``modes``: how each part runs.
    """
    answer: dict[str, Any] = {}
    try:
        build(job, stage, answer)
    except Exception as error:  # noqa: BLE001  whatever the toolchain raises is its answer, beside how far it came
        answer |= {"error": f"{type(error).__name__}: {error}"[-4000:], "at": where(error)}
        answer["memory"] = isinstance(error, MemoryError)
    return answer


def build(job: dict[str, Any], stage: Callable[[str], object], answer: dict[str, Any]) -> None:
    """Compile one model, and note in ``answer`` what is made of it.

    Raises:
        Exception: whatever the toolchain raises.
    """
    chip, mode = job["target"], MODES[job["precision"]]
    stage("transform")
    converter = OnnxConverter("m", job["model"], [], [], "", dump_final_opt=False)
    inputs = converter.get_inputs(converter.model)
    integers = frozenset(each.name for each in inputs if each.type.tensor_type.elem_type not in FLOATS)
    try:
        converter.generate_mlir("m_origin.mlir")
    except KeyError as error:
        answer["lost"] = maker(converter, error)
        raise
    mlir_shell.mlir_opt_for_top("m_origin.mlir", "m.mlir")
    top = list(lines(Path("m.mlir")))
    answer["top"] = [line.op for line in top if line.op not in {"None", "Input", "Weight"}]
    if mode == "INT8":
        stage("calibrate")
    table = calibration(top, integers) if mode == "INT8" else None
    stage("lower")
    mlir_shell.mlir_lowering("m.mlir", "m_tpu.mlir", mode, chip, cali_table=table)
    lowered = [line for line in lines(Path("m_tpu.mlir")) if line.dialect == "tpu"]
    answer["operators"] = [f"{line.op}:{element(line.types)}" for line in lowered]
    answer["cpu"] = [name for line in lowered for name in CPU_NAME.findall(line.rest)]
    stage("compile")
    path = Path("m.cvimodel" if chip in CVIMODEL else "m.bmodel")
    for ungrouped in [True, False] if job["options"].get("quick") else [False]:
        try:
            mlir_shell.mlir_to_model(
                tpu_mlir="m_tpu.mlir", bmodel_path=str(path), final_mlir="m_final.mlir", disable_layer_group=ungrouped
            )
            break
        except RuntimeError:
            if not ungrouped:
                raise
    answer["modes"] = [mode for _, mode in PART.findall(Path("m_final.mlir").read_text())]
    if not path.stat().st_size:
        raise RuntimeError("no code was written")
    stage("")


def maker(converter: Any, error: KeyError) -> str:
    """Return the operator whose result the importer lost ("operand x not found"); empty for none."""
    lost = re.search(r"operand (.*) not found", str(error))
    made = (node.op_type for node in converter.model.graph.node if lost and lost[1] in node.output)
    return str(next(made, ""))


def where(error: BaseException) -> str:
    """Return the operator that the importer was at when it raised; empty for none."""
    trace, found = error.__traceback__, ""
    while trace:
        node = trace.tb_frame.f_locals.get("onnx_node")
        found = str(getattr(node, "op_type", found))
        trace = trace.tb_next
    return found


def lines(path: Path) -> Iterator[Line]:
    """Yield the operations of an MLIR text."""
    text = path.read_text().splitlines()
    places = {found[1]: found[2] for line in text if (found := LOCATION.match(line))}
    for line in text:
        if found := LINE.match(line):
            result, dialect, op, operands, rest, types_, place = found.groups()
            names = re.findall(
                r'"([^"]*)"', re.sub(r"#loc\d+", lambda ref: places.get(ref[0], ""), places.get(place, place))
            )
            used = tuple(each.strip().split("#")[0] for each in operands.split(",")) if operands else ()
            yield Line(re.split("[:,]", result)[0], dialect, op, used, rest, types_, tuple(names))


def element(types_: str) -> str:
    """Return the element type of the first result, a quantized one as what it is stored in."""
    found = ELEMENT.search(types_)
    return found[1].rpartition("<")[2] if found else ""


def calibration(top: list[Line], integers: frozenset[str]) -> str:
    """Write a calibration table: ranges that the toolchain's own interpreter gives for one random sample.

    Where it gives none, they are made up to suit what each operator can give: -1 to 1, or 0 to 1.

    Args:
        top: the operators of ``m.mlir``.
        integers: inputs of the file that are no floating point.

    Raises:
        RuntimeError: the interpreter is killed by a signal.
    """
    found, positive, none = interpreted(integers), set[str](), set[str]()
    written = ["# name threshold min max"]
    for line in top:
        if line.op in {"None", "Weight"}:
            none |= {line.result} if line.op == "None" else set()
            continue
        kept = line.op in KEEPS_SIGN and line.operands and all(each in {*positive, *none} for each in line.operands)
        if line.op in NOT_NEGATIVE or "do_relu = true" in line.rest or kept:
            positive.add(line.result)
        made_up = (0.0 if line.result in positive else -1.0, 1.0)
        for name in line.names:
            low, high = found.get(name, made_up)
            written.append(f"{name} {max(abs(low), abs(high), LEAST_THRESHOLD):.7f} {low:.7f} {high:.7f}")
    Path("table").write_text("\n".join(written) + "\n")
    return "table"


def interpreted(integers: frozenset[str]) -> dict[str, tuple[float, float]]:
    """Run ``m.mlir`` once in a process of its own; return each tensor's finite least and largest value.

    Samples are normal about 0, and 0 or 1 where the file wants integers: these may be indices.

    Raises:
        RuntimeError: it was killed by a signal, as the toolchain's calibration, which runs the same, would be.
    """
    path, at = Path("ranges.json"), Path("at")
    path.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            path.write_text(json.dumps(sample(integers, at)))
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        raise RuntimeError(
            f"the interpreter of the calibration ends by signal {os.WTERMSIG(status)} at {at.read_text()}"
        )
    found = json.loads(path.read_text()) if path.exists() else {}
    return {name: (low, high) for name, (low, high) in found.items() if np.isfinite([low, high]).all()}


def sample(integers: frozenset[str], at: Path) -> dict[str, tuple[float, float]]:
    """Run ``m.mlir`` operator by operator and return the least and the largest value of each tensor.

    ``at`` is told the operator that comes next.
    """
    import pymlir  # type: ignore[import-not-found]

    pymlir.set_mem_mode("force_value_mem")
    module = pymlir.module()
    module.load("m.mlir")
    random = np.random.default_rng(0)
    for name in module.input_names:
        shape = module.get_tensor(name).shape
        drawn = random.integers(0, 2, shape) if name in integers else random.standard_normal(shape)
        module.set_tensor(name, drawn.astype(np.float32), shape)
    for line in lines(Path("m.mlir")):
        if line.op not in {"None", "Input", "Weight"} and line.names:
            at.write_text(f"top.{line.op}")
            module.invoke_at(line.names[0])
    values = {name: module.get_tensor(name) for name in module.all_tensor_names}
    return {name: (float(value.min()), float(value.max())) for name, value in values.items() if value.size}
