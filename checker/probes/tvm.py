"""TVM's relax front end for ONNX, and LLVM for the host CPU.

Small models are imported, compiled and run.  Whole networks are simplified with onnxsim, imported and compiled, and
not run: code that no one tuned takes minutes for some.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from checker.probes.driven import Driven
from checker.probes.own_host import joined, lacked, once, refused, taken
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
        "networks": "simplified with onnxsim but for fuse_attention and fuse_lp_normalization, imported, compiled",
    },
)

_LACKING: Final = re.compile(r"not supported for frontend ONNX: (.*)")
_NAMED: Final = re.compile(r"[\w.]+")
_AT: Final = re.compile(
    r"Error converting operator (\w+), with inputs|^AssertionError: Missing outputs .* in (\w+)\.", re.MULTILINE
)
_DEEP: Final = re.compile(r"(?s)Traceback.*?\n(?=\S)")
_SOURCE: Final = re.compile(r"(?:/\S+/)(?=\w[\w.]*)")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, _options)


def _options(case: Case, _model: Any) -> Mapping[str, Any]:
    """Small models are run; networks are simplified first."""
    return {"simplify": True} if case.network else {"run": True}


def interpret(_: Case, raw: Raw) -> Observation:
    """Read an answer: what is not imported and compiled, or as a small model not run, is refused."""
    if raw.error:
        listed, lacking = lacked(raw.error, _LACKING, _NAMED)
        said = " ".join(_SOURCE.sub("", _DEEP.sub("", raw.error)).split())
        return refused(said, raw.stage, lacking if listed else once(_failed(f"{raw.log}\n{raw.error}")))
    done = "imported, compiled, ran once" if raw.answer["ran"] else "imported, compiled"
    return taken(joined(done, raw.answer["differs"]), tuple(raw.answer["into"]))


def _failed(text: str) -> list[str]:
    """Return the operator whose conversion raised, or gave fewer outputs than the file asks for."""
    found = _AT.search(text)
    return [found[1] or found[2]] if found else []
