"""TensorFlow Lite Micro: an operator without a kernel for its types ends the file; there is no host to fall back on.

The path is onnx2tf, for int8 ai-edge-quantizer, then the interpreter with all of its kernels and an ample arena.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from checker.probes.driven import Driven
from checker.probes.litert import simplify, stopped
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="tflite-micro",
    adapter="ask_tflite_micro",
    chips={"tflite-micro": "tflite-micro"},
    precisions=("int8", "fp32"),
    converts=("int8", "fp32"),
    licence_note="TFLM, onnx2tf and ai-edge-quantizer are open source (Apache-2.0, MIT); answers about our own models",
    options={
        "onnx2tf": "2.6.9, flatbuffer_direct, custom operators allowed, onnxsim before it for all but single operators",
        "ai-edge-quantizer": "0.5.1, static_wi8_ai8, one sample of U(0.05, 1), integers 1",
        "interpreter": "every kernel that the Python package registers, an arena of 1 GiB, one forward pass",
    },
    centred_weights=True,
)


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker; it is given the files that LiteRT is given."""
    return Driven(ABOUT, interpret, worker, simplify)


def interpret(_case: Case, raw: Raw) -> Observation:
    """Read an answer: the file runs, or it does not; which kernels it lacks is found by asking about each alone."""
    ended = stopped(raw)
    if ended is not None and raw.stage in {"allocate", "invoke"}:
        wrong = next((line for line in raw.log.splitlines() if line.startswith(REASONS)), "")
        return replace(ended, says=f"{ended.says}; {wrong}" if wrong else ended.says)
    if ended is not None:
        return ended
    into = tuple(dict.fromkeys(raw.answer["ops"]))
    return Observation("native" if len(into) <= 1 else "decomposed", f"{len(raw.answer['ops'])} operators run", into)


REASONS: Final = ("Didn't find", "Failed to get registration", "Input type", "Type ", "Node ")
"""How a line of the interpreter's begins that says why."""
