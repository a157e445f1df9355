"""ONNX Runtime's WebGPU provider: what it has no kernel for, or what computes shapes, runs on the CPU provider.

Where a node ended stands in the verbose log, at the end of the session's making; so does why it is not on WebGPU.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="onnxruntime-webgpu",
    adapter="ask_ort_webgpu",
    chips={"onnxruntime-webgpu": "WebGPU"},
    precisions=("fp32", "fp16", "int8"),
    licence_note="ONNX Runtime is MIT-licensed; these are its answers about models of our own",
    options={
        "providers": ["WebGpuExecutionProvider", "CPUExecutionProvider"],
        "device": "SwiftShader (Vulkan in software)",
        "session.record_ep_graph_assignment_info": "1",
    },
)

_NO_KERNEL = re.compile(r"Could not find an implementation for ([\w.]+)\(")
_NO_OPERATOR = re.compile(r"(?:Fatal error: |: )([\w.]+)(?::\w+)?\(-?\d+\) is not a registered function/op")
_PLACED = re.compile(r" placed on \[(\w+)ExecutionProvider\]\. Number of nodes: (\d+)")
_NODE = re.compile(r"VerifyEachNodeIsAssignedToAnEp\]   (\w+) \(")
_REASON = re.compile(r"(kernel not found in registries) for Op type: (\w+)|(opset not being supported)")
_COPIES = frozenset({"MemcpyFromHost", "MemcpyToHost"})
"""Put between the providers by ONNX Runtime; the node on the host is the reason."""

_NO_F16 = "requires f16 but the device does not support it"
_SOURCE = re.compile(r"/onnxruntime_src/\S+")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker)


def interpret(case: Case, raw: Raw) -> Observation:
    """Read an answer: a node that is given to the CPU provider is on the host."""
    if raw.error and _NO_F16 in raw.error:
        # Half precision is optional in WebGPU, and SwiftShader lacks it: this says nothing of a GPU that has it.
        return Observation("crashed", raw.error, stage="device")
    if raw.error:
        named = _NO_KERNEL.search(raw.error) or _NO_OPERATOR.search(raw.error)
        says = _SOURCE.sub("<src>", raw.error)
        return Observation("refused", says, (), {named[1]: 1} if named else {}, raw.stage)
    counts, into, reasons = _log(raw.log)
    host = raw.answer["host"] if counts["CPU"] else ()
    left = [f"{domain}.{op}" if domain == "com.microsoft" else op for op, _, domain in host]
    says = f"{counts['WebGpu']} nodes on WebGPU, {len(left)} on the CPU"
    if left:
        return Observation("host", "; ".join([says, *reasons]), into, Counter(left))
    own = str((case.asked or {}).get("op", ""))
    return Observation("native" if not own or own in into or len(into) <= 1 else "decomposed", says, into)


def _log(text: str) -> tuple[Counter[str], tuple[str, ...], tuple[str, ...]]:
    """Return how many nodes each provider has, the operators on WebGPU where they are listed, and reasons."""
    counts: Counter[str] = Counter()
    into: dict[str, None] = {}
    reasons: dict[str, None] = {}
    provider = ""
    for line in text.splitlines():
        if placed := _PLACED.search(line):
            provider = placed[1]
            counts[provider] += int(placed[2])
        elif node := _NODE.search(line):
            if node[1] in _COPIES:
                counts[provider] -= 1
            elif provider == "WebGpu":
                into[node[1]] = None
        elif reason := _REASON.search(line):
            reasons[f"{reason[2]}: {reason[1]}" if reason[1] else reason[3]] = None
    return counts, tuple(into), tuple(reasons)
