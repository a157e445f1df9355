"""onnxsim's check for the Edge TPU: another checker, asked like a compiler, of which no compiler answers here.

No finding but notes takes all; an error (open or too many dimensions) refuses; a warning leaves an operator to the
host.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation, Outcome
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="onnxsim-edgetpu",
    adapter="ask_onnxsim_edgetpu",
    chips={"google-coral": "edgetpu"},
    precisions=("int8",),
    licence_note="MIT",
    converts=("int8",),
)


def toolchain(worker: Worker) -> Driven:
    """Return the checker behind a worker."""
    return Driven(ABOUT, interpret, worker)


def interpret(case: Case, raw: Raw) -> Observation:
    """Read the findings."""
    del case
    if raw.error:
        return Observation("unknown", raw.error, stage=raw.stage)
    grades: tuple[tuple[str, Outcome], ...] = (("error", "refused"), ("warning", "host"))
    for level, outcome in grades:
        found = [(op, words) for each, op, words in raw.answer["findings"] if each == level]
        if found:
            culprits = Counter(op for op, _ in found if " " not in op)
            told = "; ".join(sorted({f"{op}: {words}" for op, words in found}))
            return Observation(outcome, told, culprits=culprits, stage="check")
    return Observation("native", f"{len(raw.answer['findings'])} notes")
