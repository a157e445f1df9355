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
    """Read an answer: what was delegated, and what is left."""
    return stopped(raw, "lower") or delegated(raw)


def stopped(raw: Raw, refuses: str) -> Observation | None:
    """Read an answer that did not come to its end, None where it did; ``refuses``: the stage that refuses a program."""
    if raw.error and raw.stage in UNASKED:
        return Observation("not-asked", raw.error, stage=raw.stage)
    if raw.error:
        return Observation("refused" if raw.stage == refuses else "compiler-error", raw.error, stage=raw.stage)
    return None


def delegated(raw: Raw, plain: str = "") -> Observation:
    """Read what was delegated, and what is left; the culprits are the operators that it was made of.

    ``plain``: a namespace of operators that say nothing of what was made.
    """
    taken, left = (named(raw.answer[key]) for key in ("delegated", "portable"))
    into = tuple(sorted(name for name in taken if not plain or name.rpartition(".")[0] != plain))
    if left:
        listed = ", ".join(f"{name} x{count}" for name, count in sorted(left.items()))
        return Observation("host", f"on portable kernels: {listed}", into, named(raw.answer["sources"]))
    return Observation("native" if len(into) <= 1 else "decomposed", "", into)


def named(counted: Mapping[str, int]) -> dict[str, int]:
    """Return counts by operator, without the overload's name."""
    found: Counter[str] = Counter()
    for name, count in counted.items():
        if name not in NO_WORK:
            found[name.rpartition(".")[0] or name] += count
    return dict(found)
