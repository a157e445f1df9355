"""Arm's Vela for Ethos-U: it says of each operator of a TFLite file why it cannot run on the NPU.

The path is onnx2tf, ai-edge-quantizer, Vela.  "Float32" among Vela's reasons means that the quantizer skipped an
operator, not that the NPU refuses it; the words keep the two apart.
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
    tool="ethos-u-vela",
    adapter="ask_vela",
    chips={
        "arm-ethos-u55-128": "ethos-u55-128",
        "arm-ethos-u65-256": "ethos-u65-256",
        "arm-ethos-u85-256": "ethos-u85-256",
    },
    precisions=("int8",),
    converts=("int8",),
    centred_weights=True,
    licence_note="Vela, onnx2tf and ai-edge-quantizer are open source (Apache-2.0, MIT); answers about our own models",
    options={
        "onnx2tf": "flatbuffer_direct, custom operators allowed, onnxsim for networks only",
        "ai-edge-quantizer": "static_wi8_ai8, one sample: floats of U(0.05, 1), integers and truth values 1",
        "vela": "--show-cpu-operations, default memory mode",
    },
)

_REFUSED = re.compile(
    r"Warning \((?:supported|unsupported)[^)]*\) operator: (\w+), ofm: '([^']*)'\s*\n(.*?)\n\s*\n", re.DOTALL
)
_CPU = re.compile(r"^CPU operators = (\d+)", re.MULTILINE)
_ON_CPU = re.compile(r"^ +CPU: \S+ = (.*) \(outputs ", re.MULTILINE)
"""Every operator on the CPU by its result; for some no reason is given."""

_BEYOND = "Quantization scale of any tensor must be positive"
"""Said of a scale that is no finite number, too: no operator is named for it."""

_SKIPPED = re.compile(r"DataType Float32", re.IGNORECASE)
_CHANGES = frozenset({"QUANTIZE", "DEQUANTIZE"})
"""Added by the quantizer around an operator that it skips: that one is the culprit."""


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker; networks go through onnxsim, as the converter's authors advise."""
    return Driven(ABOUT, interpret, worker, lambda case, _model: {"simplify": True} if case.network else {})


def interpret(case: Case, raw: Raw) -> Observation:
    """Read an answer: which operators were made, and the warnings in Vela's log."""
    answer = raw.answer
    into = tuple(dict.fromkeys(answer.get("ops", ())))
    if answer.get("custom"):
        wanted = ", ".join(answer["custom"])
        culprits = _custom(answer["custom"], answer.get("makes", {}))
        return Observation("refused", f"custom operator needed: {wanted}", into, culprits, "custom")
    if raw.error:
        outcome: Outcome = "refused" if raw.stage == "convert" else "compiler-error"
        tool = {"convert": "onnx2tf", "quantize": "ai-edge-quantizer"}.get(raw.stage, "vela")
        return Observation(outcome, f"{tool}: {raw.error}", into, stage=raw.stage)
    refused = _REFUSED.findall(raw.log + "\n\n")
    left = int((_CPU.search(raw.log) or ["", "0"])[1])
    if left and not refused and case.network and _BEYOND in raw.log:
        return Observation("not-asked", f"{_BEYOND}: the made-up weights let activations grow without end", into)
    if left:
        makes = answer.get("makes", {})
        named = [makes.get(ofm) or _maker(op, ofm, makes) for op, ofm, _ in refused]
        told = {ofm for _, ofm, _ in refused}
        named += [makes.get(ofm, "") for ofm in _ON_CPU.findall(raw.log) if ofm not in told]
        culprits = dict(Counter(name for name in named if name))
        return Observation("host", _words(refused) or f"{left} operators on the CPU", into, culprits)
    return Observation("native" if len(into) <= 1 else "decomposed", "", into)


def _custom(wanted: list[str], makes: Mapping[str, str]) -> dict[str, int]:
    """Name custom operators as ONNX does: the converter writes them in capitals."""
    spelled = {op.upper(): op for op in makes.values()}
    names = (name.removeprefix("ONNX_") for name in wanted)
    return dict(Counter(spelled.get(name, name) for name in names))


def _maker(op: str, tensor: str, makes: Mapping[str, str]) -> str:
    """Return the ONNX operator that a tensor of the converter's own belongs to, else the TFLite name; empty for none.

    The converter names the inner results of an operator after the node or after its output, and adds ``_`` and a word.
    """
    if op in _CHANGES:
        return ""
    cut = tensor.rfind("_")
    while cut > 0:
        if tensor[:cut] in makes:
            return makes[tensor[:cut]]
        cut = tensor.rfind("_", 0, cut)
    return op


def _words(refused: list[Any]) -> str:
    """Write each reason once; what the quantizer skipped first, since the NPU may well have it."""
    reasons: Counter[str] = Counter()
    skipped = sorted({op for op, _, reason in refused if _SKIPPED.search(reason)})
    for op, _, reason in refused:
        reasons[f"{op}: {' '.join(reason.removeprefix('Reason:').split())}"] += 1
    said = [f"{text} (x{count})" if count > 1 else text for text, count in reasons.items()]
    before = [f"quantizer leaves {', '.join(skipped)} in float32"] if skipped else []
    return "; ".join([*before, *said])
