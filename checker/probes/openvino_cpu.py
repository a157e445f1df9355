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
    options={"device": "CPU", "reference kernels": "named in says"},
)

_PLUMBING: Final = frozenset({"Parameter", "Result", "Constant", "Convert"})
_TROUBLE = re.compile(r"(?:No conversion rule found for operations|not supported operations?)[^:]*:\s*([\w., -]+)")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker)


def interpret(case: Case, raw: Raw) -> Observation:
    """Read an answer: the front end refuses, ``query_model`` refuses, or the compiled model lists its kernels."""
    if raw.error:
        named = _TROUBLE.search(raw.error)
        ops = [op.strip().rpartition(".")[2] for op in named[1].split(",")] if named else []
        if case.asked and "op" in case.asked and not ops:
            ops = [str(case.asked["op"])]
        outcome: Outcome = "refused" if raw.stage in {"read", "query"} else "compiler-error"
        return Observation(outcome, _gist(raw.error), culprits=dict.fromkeys(filter(None, ops), 1), stage=raw.stage)
    answer = raw.answer
    left = {kind: count for kind, count in answer["left"].items() if kind not in _PLUMBING}
    into = tuple(kind for kind in answer["ops"] if kind not in _PLUMBING)
    if left:
        return Observation("refused", f"query_model leaves out {_listed(left)}", into, left, "query")
    reference = [kernel for kernel in answer["kernels"] if "/ref" in kernel]
    says = "compiled" + (f"; reference kernels: {', '.join(sorted(reference))}" if reference else "")
    return Observation("native" if len(into) <= 1 else "decomposed", says, into)


def _gist(error: str) -> str:
    """Drop the source locations that OpenVINO's exceptions begin with."""
    lines = [line for line in error.splitlines() if not re.match(r"\s*(Exception from|RuntimeError: Exception)", line)]
    return " ".join(lines).strip() or error


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
