"""TVM's relax front end for ONNX, and LLVM for the host CPU.

Small models are imported, compiled and run.  Whole networks are simplified with onnxsim and imported, no more: a front
end's acceptance is not a running model, and the table's note says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="apache-tvm",
    adapter="ask_tvm",
    chips={"tvm": "llvm"},
    precisions=("fp32", "fp16", "int8"),
    licence_note="TVM is Apache-2.0; these are its answers about models of our own",
    options={
        "front end": "relax.frontend.onnx.from_onnx",
        "small models": "compiled for llvm and run once",
        "networks": "simplified with onnxsim but for fuse_attention, imported",
    },
)

_LACKING: Final = re.compile(r"not supported for frontend ONNX: (.*)")
_AT: Final = re.compile(r"Error converting operator (\w+), with inputs")
_DEEP: Final = re.compile(r"(?s)Traceback.*?\n(?=\S)")
_SOURCE: Final = re.compile(r"(?:/\S+/)(?=\w[\w.]*)")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, _options)


def _options(case: Case, _model: Any) -> Mapping[str, Any]:
    """Small models are compiled and run; networks are simplified first."""
    return {"simplify": True} if case.network else {"run": True}


def interpret(case: Case, raw: Raw) -> Observation:
    """Read an answer: what is not imported, or as a small model not compiled and run, is refused."""
    if raw.error:
        lacking = _LACKING.search(raw.error)
        names = re.findall(r"[\w.]+", lacking[1]) if lacking else _AT.findall(raw.log)[:1]
        said = " ".join(_SOURCE.sub("", _DEEP.sub("", raw.error)).split())
        return Observation("refused", said, (), dict.fromkeys(names, 1), raw.stage)
    into = tuple(raw.answer["into"])
    done = "imported, compiled, ran once" if raw.answer["ran"] else "imported"
    words = "; ".join(each for each in (done, raw.answer["differs"]) if each)
    return Observation("native" if case.network or len(into) <= 1 else "decomposed", words, into)
