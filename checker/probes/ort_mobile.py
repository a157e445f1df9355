"""ONNX Runtime's mobile usability checker: another checker, asked like a compiler, of which no compiler answers here.

Every node supported takes all, otherwise the rest is left to the host.  It looks operators up in a list; the notes in
that list ("Only 2D Conv is supported.") it prints and does not check.
"""

from __future__ import annotations

from typing import Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="ort-mobile-usability",
    adapter="ask_ort_mobile",
    chips={"android-nnapi-ep": "NNAPI", "apple-coreml-ep-mlprogram": "CoreML ML Program"},
    precisions=("fp32", "fp16", "int8"),
    licence_note="MIT (onnxruntime)",
    options={"skip_optimize": False},
)


def toolchain(worker: Worker) -> Driven:
    """Return the checker behind a worker."""
    return Driven(ABOUT, interpret, worker)


def interpret(case: Case, raw: Raw) -> Observation:
    """Read how many nodes are supported."""
    del case
    if raw.error:
        return Observation("unknown", raw.error, stage=raw.stage)
    found = raw.answer
    told = f"{found['supported']} of {found['nodes']} nodes in {found['partitions']} partitions: {found['suitability']}"
    caveats = "; ".join(found["caveats"])
    if found["supported"] == found["nodes"]:
        return Observation("native", f"{told}; not checked: {caveats}" if caveats else told)
    named = [each.removeprefix("ai.onnx:").replace(":", ".") for each in (*found["unsupported"], *found["rank"])]
    dynamic = f"; {found['dynamic']} with a dynamic input" if found["dynamic"] else ""
    return Observation("host", f"{told}{dynamic}", culprits=dict.fromkeys(sorted(set(named)), 1), stage="check")
