"""trtcheck: another checker, asked like a compiler.  It predicts for TensorRT, and builds nothing.

``blocked`` (a known incompatibility) is a refusal by the operators of its critical issues; ``likely`` (every static
check passed) takes all; ``unverified`` (no known blocker, conditions that it cannot settle) is no answer.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="trtcheck",
    adapter="ask_trtcheck",
    chips={"nvidia-rtx-sm86": "10.3"},
    precisions=("fp32", "fp16", "int8"),
    licence_note="MIT",
    options={"target_trt": "10.3, the newest that it models; TensorRT-RTX is none of them"},
)


def toolchain(worker: Worker) -> Driven:
    """Return the checker behind a worker."""
    return Driven(ABOUT, interpret, worker)


def interpret(case: Case, raw: Raw) -> Observation:
    """Read a verdict."""
    del case
    if raw.error:
        return Observation("unknown", raw.error, stage=raw.stage)
    issues = raw.answer["issues"]
    if raw.answer["verdict"] == "blocked":
        critical = [each for each in issues if each["severity"] == "critical"]
        culprits = Counter(each["operator"] for each in critical)
        return Observation("refused", _told(critical), culprits=culprits, stage="analyze")
    if raw.answer["verdict"] == "unverified":
        return Observation("unknown", _told(each for each in issues if each["verify_required"]), stage="analyze")
    return Observation("native", raw.answer["verdict"])


def _told(issues: object) -> str:
    found = Counter(f"{each['rule_id']} {each['operator']}" for each in issues)  # type: ignore[attr-defined]
    return "; ".join(f"{count} x {what}" for what, count in sorted(found.items()))
