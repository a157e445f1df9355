"""coremltools: whether a torch program converts to an ML program.

It says nothing about placement, so ``native`` means that the conversion succeeded, and never more.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from checker.probes.driven import Driven
from checker.probes.executorch import ASKED, options, stopped
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="coremltools",
    adapter="ask_coremltools",
    chips={"apple-coreml-mil": "mlprogram"},
    precisions=("fp16",),
    converts=("fp16",),
    licence_note="coremltools is open source (BSD-3-Clause); answers about our own models",
    options={
        "asked": ASKED,
        "convert": "mlprogram for iOS 18, half precision (the default); torch.export, else TorchScript",
    },
)

_UNKNOWN: Final = re.compile(r"(?:Unsupported fx node|PyTorch convert function for op) '?([\w:.]+)'?")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, options)


def interpret(_case: Case, raw: Raw) -> Observation:
    """Read an answer: the operators of the ML program, or the one that the converter has no function for."""
    short = stopped(raw, raw.stage)
    if short is not None:
        found = _UNKNOWN.search(raw.error) if short.outcome == "refused" else None
        return replace(short, culprits={found[1]: 1}) if found else short
    into = tuple(sorted(name for name in raw.answer["ops"] if name != "cast"))
    by = f"through {raw.answer['front']}"
    return Observation("native" if len(into) <= 1 else "decomposed", by, into)
