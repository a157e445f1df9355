"""ExecuTorch's XNNPACK and Vulkan partitioners: which operators of a torch program a backend takes.

What no backend takes runs on ExecuTorch's portable kernels, one thread and no vector instructions: the host.  A torch
program is asked about and the ONNX file that was exported from it is what edgelint judges; a module that cannot be
built or exported was not asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ASKED: Final = "the torch module that the ONNX file was exported from, whichever exporter wrote the file"
"""What every toolchain that takes torch modules is asked about."""

ABOUT: Final = About(
    tool="executorch",
    adapter="ask_executorch",
    chips={"executorch-xnnpack": "xnnpack", "executorch-vulkan": "vulkan"},
    precisions=("fp32",),
    licence_note="ExecuTorch is open source (BSD-3-Clause); answers about our own models",
    options={"asked": ASKED},
)

ZOO: Final = Path(__file__).resolve().parents[2] / "fixtures" / "zoo"

UNASKED: Final = frozenset({"build", "export"})
"""Stages before ExecuTorch has a program."""

NO_WORK: Final = frozenset({"getitem", "executorch_call_delegate"})
"""What is left in a program for each delegate that is called."""


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, options)


def options(case: Case, _model: Any) -> Mapping[str, Any]:
    """Return the module of a small case, or where the recipes of networks are."""
    if case.asked is None:
        return {"zoo": str(ZOO)}
    return {"torch": case.asked["torch"], "shapes": case.asked["shapes"]}


def interpret(_case: Case, raw: Raw) -> Observation:
    """Read an answer: what was delegated, and what is left; the culprits are the operators that it was made of."""
    if raw.error and raw.stage in UNASKED:
        return Observation("not-asked", raw.error, stage=raw.stage)
    if raw.error:
        return Observation("refused" if raw.stage == "lower" else "compiler-error", raw.error, stage=raw.stage)
    taken, left = (named(raw.answer[key]) for key in ("delegated", "portable"))
    if left:
        listed = ", ".join(f"{name} x{count}" for name, count in sorted(left.items()))
        made_of = named(raw.answer["sources"])
        return Observation("host", f"on portable kernels: {listed}", tuple(sorted(taken)), made_of)
    return Observation("native" if len(taken) <= 1 else "decomposed", "", tuple(sorted(taken)))


def named(counted: Mapping[str, int]) -> dict[str, int]:
    """Return counts by operator, without the overload's name."""
    found: Counter[str] = Counter()
    for name, count in counted.items():
        if name not in NO_WORK:
            found[name.rpartition(".")[0] or name] += count
    return dict(found)
