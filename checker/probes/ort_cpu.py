"""ONNX Runtime on the host CPU.  The accelerator is the host: what no kernel serves is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="onnxruntime",
    adapter="ask_ort_cpu",
    chips={"onnxruntime-cpu": "CPU"},
    precisions=("fp32", "fp16", "int8"),
    licence_note="ONNX Runtime is MIT-licensed; these are its answers about models of our own",
    options={
        "providers": ["CPUExecutionProvider"],
        "into": "nodes with graph optimisation disabled",
        "run": "once, inputs of ones",
    },
)

_NO_KERNEL = re.compile(r"Could not find an implementation for ([\w.]+)\(")
_NO_OPERATOR = re.compile(r"(?:Fatal error: |: )([\w.]+)(?::\w+)?\(-?\d+\) is not a registered function/op")
_SOURCE = re.compile(r"/onnxruntime_src/\S+")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, _options)


def _options(case: Case, _model: Any) -> Mapping[str, Any]:
    """Run small models too: some kernels refuse only when they are run."""
    return {"run": not case.network}


def interpret(case: Case, raw: Raw) -> Observation:
    """Read an answer: a session that is built, and for small models also run, is taken."""
    into = tuple(dict.fromkeys(raw.answer.get("into", ())))
    if raw.error:
        named = _NO_KERNEL.search(raw.error) or _NO_OPERATOR.search(raw.error)
        culprits = {named[1]: 1} if named else {}
        says = _SOURCE.sub("<src>", raw.error)
        if raw.stage == "run":
            says = "session built, run failed: " + says.split("Status Message:")[-1]
        stage = {"session": "parse"}.get(raw.stage, raw.stage)
        return Observation("refused", says, into, culprits, stage)
    says = str(raw.answer["says"])
    asked = case.asked or {}
    own = f"{asked['domain']}.{asked['op']}" if asked.get("domain") else str(asked.get("op", ""))
    if not own or own in into or not into:
        return Observation("native", says, () if into == (own,) else into)
    return Observation("decomposed", says, into)
