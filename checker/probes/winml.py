"""winml-cli: another checker, asked like a compiler.  It looks patterns up in rules that were measured, runs nothing.

Everything ``supported`` takes all.  Something ``unsupported`` (did not run) or ``partial`` (ran, but the provider did
not compile it) leaves that to the host: on Hexagon a fallback, on the targets without a host a refusal.  Otherwise
something ``unknown`` (no rule fits) is no answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation, Outcome
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="winml-cli",
    adapter="ask_winml",
    chips={
        "qualcomm-hexagon-v73": "QNNExecutionProvider/NPU",
        "openvino-cpu": "OpenVINOExecutionProvider/CPU",
        "nvidia-rtx-sm86": "NvTensorRTRTXExecutionProvider/GPU",
    },
    precisions=("fp32", "fp16", "int8"),
    licence_note="MIT",
    options={"prepared": "ONNX Runtime, basic optimisation", "enable_information": False, "run_unknown_op": False},
)

WITH_HOST: Final = frozenset({"qualcomm-hexagon-v73"})


def toolchain(worker: Worker) -> Driven:
    """Return the checker behind a worker."""
    return Driven(ABOUT, interpret, worker)


def interpret(case: Case, raw: Raw) -> Observation:
    """Read what was classified how."""
    if raw.error:
        return Observation("unknown", raw.error, stage=raw.stage)
    level = {name: [_operator(each) for each in found] for name, found in raw.answer.items()}
    left = [*level["unsupported"], *level["partial"]]
    told = "; ".join(
        f"{name}: {', '.join(level[name])}" for name in ("unsupported", "partial", "unknown") if level[name]
    )
    if left:
        outcome: Outcome = "host" if case.target in WITH_HOST else "refused"
        return Observation(outcome, told, culprits=dict.fromkeys(_sorted(left), 1), stage="analyze")
    if level["unknown"]:
        return Observation("unknown", told, stage="analyze")
    return Observation("native", f"supported: {len(level['supported'])} patterns")


def _operator(pattern: str) -> str:
    """Return the operator of ``OP/ai.onnx/Conv (QDQ)``; a pattern of several keeps its name."""
    domain, _, name = pattern.removeprefix("OP/").partition(" (")[0].rpartition("/")
    return f"{domain}.{name}" if domain not in {"", "ai.onnx"} and pattern.startswith("OP/") else name


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(set(names))
