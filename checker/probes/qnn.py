"""ONNX Runtime's QNN provider for Qualcomm's Hexagon: the vendor's offline backend compiles, its log gives reasons.

Three failures are kept apart: nodes that the provider leaves to the CPU, a file that no session can be made of, and a
graph that passes every validation and then cannot be finalized (no fallback: the whole file dies).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation, Outcome
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="onnxruntime-qnn",
    adapter="ask_qnn",
    chips={
        "qualcomm-hexagon-v68": "30:68",
        "qualcomm-hexagon-v69": "36:69",
        "qualcomm-hexagon-v73": "43:73",
        "qualcomm-hexagon-v75": "57:75",
        "qualcomm-hexagon-v79": "69:79",
        "qualcomm-hexagon-v81": "87:81",
    },
    precisions=("fp16", "int8", "a16w8"),
    converts=("fp16", "int8", "a16w8"),
    licence_note="the provider is MIT-licensed, the QNN library is Qualcomm's; its answers about models of our own",
    options={"backend": "htp", "enable_htp_fp16_precision": "1", "int8": "quantized with get_qnn_qdq_config"},
)

EDGE: Final = frozenset({"QuantizeLinear", "DequantizeLinear"})
"""Left to the CPU at the graph's edge by default; no fallback."""

_UNIT = re.compile(r"Validation (PASSED|FAILED) for \d+ nodes in \w+ \(([^)]*)\) ?:(.*)")
_NODE = re.compile(r"trying to add node. Onnx node name: \[(.*?)\] onnx node type: \[(.*?)\]")
_QNN = re.compile(r"Qnn_OpConfig node name: .*? package_name: \S+ QNN_op_type: (\S+)")
_REASON = re.compile(r"REASON ?:\s*(.*)")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, _options)


def _options(case: Case, model: Any) -> Mapping[str, Any]:
    """Have a float case quantized where int8 is asked about; a Q/DQ model is asked as it is."""
    if case.precision == "fp16" or model is None or any(node.op_type in EDGE for node in model.graph.node):
        return {}
    return {"quantize": True}


def interpret(_case: Case, raw: Raw) -> Observation:
    """Read an answer and the verbose log."""
    refusals, into = _log(raw.log)
    if raw.error:
        if raw.stage == "quantize":
            return Observation("compiler-error", f"quantizer: {raw.error}", stage="quantize")
        dead = "finalize" in raw.error.lower()
        outcome: Outcome = "compiler-error" if dead else "refused"
        return Observation(outcome, raw.error, into, stage="finalize" if dead else "session")
    placed = raw.answer["placed"]
    taken = [node for part in placed.get("QNN", ()) for node in part]
    left = [op for part in placed.get("CPU", ()) for op, *_ in part]
    host = Counter(op for op in left if op not in EDGE) or (Counter(left) if left and not taken else Counter())
    if host:
        return Observation("host", "; ".join(refusals), into, dict(host), "")
    return Observation("native" if len(into) <= 1 else "decomposed", f"{len(taken)} nodes on QNN", into)


def _log(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Return why units were refused, and the QNN operators that nodes became."""
    refusals: dict[str, None] = {}
    into: dict[str, None] = {}
    current, refused = "", ""
    for line in text.splitlines():
        if unit := _UNIT.search(line):
            refused = unit[2] if unit[1] == "FAILED" else ""
            if refused and (said := unit[3].strip()):
                refusals[f"{refused}: {said}"] = None
        elif refused and (reason := _REASON.search(line)):
            if not re.search(r"graph (in|out)put", reason[1]):
                refusals[f"{refused}: {reason[1].strip()}"] = None
        elif node := _NODE.search(line):
            # Transposes that the layout pass makes are no part of the case.
            current = "" if node[1].startswith("Transpose") and node[2] == "Transpose" else node[2]
        elif current and (op := _QNN.search(line)):
            into[op[1]] = None
    return list(refusals), tuple(into)
