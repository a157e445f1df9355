"""OpenVINO's CPU plugin.  The accelerator is the host: what it does not compile is refused.

``OPENVINO`` is only asked through ``openvino.Core``; its converters, which send usage data, are never called.
"""

from __future__ import annotations

import re
from typing import Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation, Outcome
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="openvino",
    adapter="ask_openvino_cpu",
    chips={"openvino-cpu": "CPU"},
    precisions=("fp32", "fp16", "int8"),
    licence_note="OpenVINO is Apache-2.0; these are its answers about models of our own",
    options={"device": "CPU", "instruction set": "all of the host but AMX", "reference kernels": "named in says"},
)

_PLUMBING: Final = frozenset({"Parameter", "Result", "Constant", "Convert", "Input", "Output", "Const", "Reorder"})
_NO_RULE = re.compile(r"No conversion rule found for operations: ([\w., -]+)")
_FAILED = re.compile(r"-- ([\w.]+)-\d+ with a message")
_PREFACE = re.compile(r"\s*(?:RuntimeError: )?(?:Exception from|Check '.*' failed at|FrontEnd API failed)")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker)


def interpret(_case: Case, raw: Raw) -> Observation:
    """Read an answer: the front end refuses, ``query_model`` refuses, or the compiled model lists its kernels."""
    if raw.error:
        named = [op for listed in _NO_RULE.findall(raw.error) for op in listed.split(",")] + _FAILED.findall(raw.error)
        ops = [re.sub(r"-\d+$", "", op.strip()) for op in named]
        outcome: Outcome = "refused" if raw.stage in {"read", "query"} else "compiler-error"
        return Observation(outcome, _gist(raw.error), culprits=dict.fromkeys(ops, 1), stage=raw.stage)
    answer = raw.answer
    left = {kind: count for kind, count in answer["left"].items() if kind not in _PLUMBING}
    layers = dict.fromkeys(kernel.partition("/")[0] for kernel in answer["kernels"])
    into = tuple(kind for kind in layers if kind not in _PLUMBING)
    if left:
        return Observation("refused", f"query_model leaves out {_listed(left)}", into, left, "query")
    reference = [kernel for kernel in answer["kernels"] if "/ref" in kernel]
    says = "compiled" + (f"; reference kernels: {', '.join(sorted(reference))}" if reference else "")
    return Observation("native" if len(into) <= 1 else "decomposed", says, into)


def _gist(error: str) -> str:
    """Drop the source locations that OpenVINO's exceptions begin with."""
    lines = [line for line in error.splitlines() if not _PREFACE.match(line)]
    return " ".join(lines).strip() or error


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
