"""LiteRT: what XNNPACK does not take runs on LiteRT's own kernels; a custom operator runs nowhere.

The path is onnx2tf, then the interpreter.  A finished conversion is no acceptance: the file
is loaded, allocated and run once.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation, Outcome
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="ai-edge-litert",
    adapter="ask_litert",
    chips={"litert-xnnpack": "xnnpack"},
    precisions=("fp32",),
    converts=("fp32",),
    licence_note="LiteRT and onnx2tf are open source (Apache-2.0, MIT); answers about our own models",
    options={
        "onnx2tf": "2.6.9, flatbuffer_direct, custom operators allowed, onnxsim before it for all but single operators",
        "interpreter": "default delegates (XNNPACK), one thread, one forward pass, open sizes beyond the batch 64",
    },
    centred_weights=True,
)


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, simplify)


def simplify(case: Case, _model: Any) -> dict[str, bool]:
    """Return what the worker is told of a case: all but single operators go through onnxsim.

    The converter's authors advise it; and a weight that the file computes is none to the converter.
    """
    return {"simplify": True} if case.network or "text" in (case.asked or {}) else {}


def interpret(_case: Case, raw: Raw) -> Observation:
    """Read an answer: operators outside of the delegate are on the host."""
    ended = stopped(raw)
    if ended is not None:
        return ended
    answer = raw.answer
    into = tuple(dict.fromkeys(answer["ops"]))
    left = answer["host"]
    says = f"{len(answer['ops']) - len(left)} operators in {answer['parts']} parts of XNNPACK, {len(left)} outside"
    if left:
        kinds = Counter(each for each, _ in left)
        return Observation("host", f"{says}: {listed(kinds)}", into, culprits(left))
    return Observation("native" if len(into) <= 1 else "decomposed", says, into)


def stopped(raw: Raw) -> Observation | None:
    """Return what is said of a file that a runtime of TFLite files does not run; None for one that it runs."""
    answer = raw.answer
    into = tuple(dict.fromkeys(answer.get("ops", ())))
    if answer.get("custom"):
        wanted = listed(Counter(code for code, _ in answer["custom"]))
        named = culprits(answer["custom"]) + culprits(answer.get("failing", ()))
        return Observation("refused", f"custom operator needed: {wanted}", into, named, "custom")
    if not raw.error:
        return None
    failing = answer.get("failing", ())
    outcome: Outcome = "compiler-error" if raw.stage == "quantize" else "refused"
    tool = {"convert": "onnx2tf: ", "quantize": "ai-edge-quantizer: "}.get(raw.stage, "")
    kinds = f"{listed(Counter(each for each, _ in failing))}: " if failing else ""
    return Observation(outcome, f"{tool}{kinds}{raw.error}", into, culprits(failing), raw.stage)


def culprits(named: Any) -> Counter[str]:
    """Count operators under the name that ONNX has for them, or TFLite's where that is not known."""
    return Counter(onnx or tflite for tflite, onnx in named)


def listed(kinds: Counter[str]) -> str:
    """Return names in a line, each with how often it occurs."""
    return ", ".join(f"{kind} x {count}" if count > 1 else kind for kind, count in kinds.items())
