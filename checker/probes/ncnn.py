"""ncnn through pnnx, which reads ONNX.  The accelerator is the host's CPU, or a GPU through Vulkan.

pnnx writes what it cannot convert as a layer that ncnn does not have: converting proves nothing.  Taken is what ncnn
loads, and what then gives ONNX Runtime's numbers.  With Vulkan, a layer without an implementation for it runs on the
CPU.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from checker.probes.driven import Driven
from checker.probes.own_host import joined, once, refused, taken
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="ncnn-pnnx",
    adapter="ask_ncnn",
    chips={"ncnn-cpu": "cpu", "ncnn-vulkan": "vulkan"},
    precisions=("fp32", "fp16", "int8"),
    licence_note="ncnn and pnnx are BSD-3-Clause; these are their answers about models of our own",
    options={
        "pnnx": "defaults (fp16=1, optlevel=2)",
        "vulkan": "Mesa's lavapipe, in software: small models run there, of networks the layers' flags are asked",
    },
    centred_weights=True,
)

_PLUMBING: Final = frozenset({"Input", "Noop", "Split"})
_TOO_WIDE: Final = re.compile(r"^permute \d+-rank tensor is not supported")
_FAILED: Final = re.compile(r"^layer (?:load_param|load_model|create_pipeline) \d+ (\S+) failed", re.MULTILINE)


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, _options)


def _options(case: Case, _model: object) -> Mapping[str, str]:
    """Return how Vulkan is asked: to run a network there in software would take minutes."""
    if case.target != "ncnn-vulkan":
        return {}
    return {"vulkan": "flags" if case.network else "run"}


def interpret(_: Case, raw: Raw) -> Observation:
    """Read an answer: layers that ncnn lacks, cannot load or computes otherwise refuse; without Vulkan: the CPU."""
    answer = raw.answer
    if raw.error:
        return refused(raw.error, raw.stage)
    layers = answer.get("layers")
    if layers is None:
        return _unconverted(answer["code"], answer["said"])
    said = answer["said"][:4]
    into = tuple(kind for kind in layers if kind not in _PLUMBING)
    missing = {**answer["lacking"], **answer["untouched"]}
    if missing:
        turned = once(["Permute"] if any(_TOO_WIDE.match(line) for line in answer["said"]) else [])
        named = {**_named(missing, answer["inserted"]), **turned}
        return refused(joined(f"no layer {_listed(missing)}", *said), "load", named, into)
    if any(answer["load"]):
        failed = once(answer["kinds"].get(name, name) for name in _FAILED.findall(raw.log))
        return refused(joined(f"not loaded: {', '.join(failed)}", *said), "load", failed, into)
    if answer["run"]:
        return refused(joined(answer["run"], *said), "run", once(filter(None, [answer.get("at")])), into)
    slow = answer["no_vulkan"]
    if slow:
        return Observation("host", joined(f"without Vulkan: {_listed(slow)}", *said), into, slow)
    return taken(joined(*said), into)


def _unconverted(code: int, said: list[str]) -> Observation:
    """Read the end of pnnx: it says what its ONNX Runtime refuses first, and falls over the result that it lacks."""
    reason = next((line for line in said if line.startswith(("ort ", "unsupported"))), "")
    if code < 0 and not reason:
        return Observation("crashed", f"pnnx ended with signal {-code}", stage="convert")
    return Observation("refused", f"pnnx: {reason or f'code {code}'}", stage="convert")


def _named(missing: Mapping[str, int], inserted: Mapping[str, int]) -> Mapping[str, int]:
    """Return what is lacking for an operator of the file; an expression stands for sizes, or for a constant."""
    named = {kind: count - inserted.get(kind, 0) for kind, count in missing.items() if kind != "pnnx.Expression"}
    return {kind: count for kind, count in named.items() if count > 0}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
