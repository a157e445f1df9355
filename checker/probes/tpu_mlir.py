"""Sophgo's tpu-mlir: an importer, a lowering to the chip's operators at one precision, and a code generator.

In an int8 build some operators stay in half or single precision: ``into`` names them with it (``Softmax:f16``).  What
the host computes is an operator ``GenericCpu``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation, Outcome
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="tpu-mlir",
    adapter="ask_tpu_mlir",
    chips={
        "sophgo-bm1684x": "bm1684x",
        "sophgo-bm1688": "bm1688",
        "sophgo-cv181x": "cv181x",
        "sophgo-cv186x": "cv186x",
    },
    precisions=("fp16", "bf16", "int8"),
    converts=("fp16", "bf16", "int8"),
    lacks={
        "sophgo-bm1684x": frozenset({"bf16"}),
        "sophgo-bm1688": frozenset({"bf16"}),
        "sophgo-cv181x": frozenset({"fp16"}),
        "sophgo-cv186x": frozenset({"bf16"}),
    },
    licence_note="tpu-mlir is BSD-2-Clause; these are its answers about models of our own",
    centred_weights=True,
    options={
        "int8": "symmetric, ranges of one random sample in the toolchain's own interpreter",
        "until": "code for the chip; of networks first with --disable_layer_group, and without it where that fails",
    },
)

_LISTED = re.compile(r"Op not support:\s*\{([^}]*)\}")
_UNREACHABLE = re.compile(r"(?:^(.*)\n)?UNREACHABLE executed at \S*?([\w.]+:\d+)!", re.MULTILINE)
_TROUBLE = re.compile(
    r"^.*(?:[Aa]ssertion|\berror:|[Nn]ot support|[Uu]nsupport|[Ii]nvalid|LLVM ERROR).*$", re.MULTILINE
)
_OPSET = re.compile(r"Unsupport opset for (\w+)")
_OPERATOR = re.compile(r"\b(?:top|tpu)\.(\w+)")
_LEFT = re.compile(r'^%[\w:#%, ]+ = "top\.(\w+)"\(.*?\)(?: \{.*?\bmode = "(\w+)")?.*$', re.MULTILINE)
_NO_LOWERING: Final = "unimplemented tpu dialect!"
_BIASED: Final = frozenset({"Conv", "ConvTranspose"})
_OWN: Final = {"fp16": "f16", "bf16": "bf16"}
_FLOATS: Final = frozenset({"f16", "bf16", "f32"})
_AT_THE_EDGE: Final = frozenset({"quant"})
"""What the host does to the inputs of every int8 file for CV18xx: no culprit."""


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker; whole networks are tried layer by layer first."""
    return Driven(ABOUT, interpret, worker, lambda case, _model: {"quick": True} if case.network else {})


def interpret(case: Case, raw: Raw) -> Observation:
    """Read an answer: the chip's operators with their types, and what the host computes."""
    answer = raw.answer
    typed = Counter(filter(None, (_typed(each, case.precision) for each in answer.get("operators", ()))))
    into = tuple(typed)
    if raw.error:
        return _refusal(raw, into)
    host = Counter(name for name in answer.get("cpu", ()) if name not in _AT_THE_EDGE)
    if host:
        return Observation("host", f"on the CPU: {_counted(host.items())}", into, dict(host))
    return Observation("native" if len(into) <= 1 else "decomposed", _words(typed, answer), into)


def _typed(operator: str, precision: str) -> str:
    """Return an operator's name, with its type where that is not what was asked for; empty for what is no work."""
    name, _, kind = operator.partition(":")
    if name in {"Cast", "GenericCpu"}:
        return ""
    return f"{name}:{kind}" if kind in _FLOATS and kind != _OWN.get(precision) else name


def _counted(items: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} x{count}" if count > 1 else name for name, count in sorted(items))


def _words(typed: Counter[str], answer: Mapping[str, Any]) -> str:
    other = _counted((name, count) for name, count in typed.items() if ":" in name)
    said = [f"in another precision: {other}"] if other else []
    if "TPU_DYNAMIC" in answer.get("modes", ()):
        said.insert(0, "a dynamic sub-network")
    return "; ".join(said)


def _refusal(raw: Raw, into: tuple[str, ...]) -> Observation:
    """Read why there is no code: what the importer lists or was at, else tpuc-opt's last words."""
    outcome: Outcome = "refused" if raw.stage == "transform" else "compiler-error"
    at = str(raw.answer.get("at", ""))
    if listed := _LISTED.search(raw.error):
        named = sorted(re.findall(r"'([^']+)'", listed[1]))
        return Observation(outcome, f"Op not support: {', '.join(named)}", into, dict.fromkeys(named, 1), raw.stage)
    if opset := _OPSET.search(raw.error):
        return Observation(outcome, opset[0], into, {opset[1]: 1}, raw.stage)
    if raw.stage == "calibrate":
        return Observation(outcome, raw.error, into, dict.fromkeys(_OPERATOR.findall(raw.error), 1), raw.stage)
    if "tpuc-opt" not in raw.error:
        says = f"{at}: {raw.error}" if at else raw.error
        # A bias behind a DequantizeLinear is missed at the convolution, which is not at fault.
        missed = at in _BIASED and "Should addWeight first" in raw.error
        # Nor is who takes what the importer made nothing of.
        at = str(raw.answer.get("lost", "")) or at
        return Observation(outcome, says, into, {at: 1} if at and not missed else {}, raw.stage)
    if _NO_LOWERING in raw.log:
        left = Counter(mode if op.startswith("Compare") else op for op, mode in _LEFT.findall(raw.log))
        return Observation(outcome, f"no lowering: {_counted(left.items())}", into, dict(left), raw.stage)
    dead = _UNREACHABLE.search(raw.log)
    found = [f"{dead[1] or ''} (unreachable code at {dead[2]})".strip()] if dead else _TROUBLE.findall(raw.log)
    says = found[-1] if found else f"tpuc-opt ended without a word while at `{raw.stage}`"
    operator = _OPERATOR.search(says)
    return Observation(outcome, says, into, {operator[1]: 1} if operator else {}, raw.stage)
