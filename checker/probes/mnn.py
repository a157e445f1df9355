"""MNN on the host CPU.  The accelerator is the host: what it has no converter or kernel for is refused.

The converter names the operators that it lacks; that it writes a file proves nothing.  Taken is what is loaded and
gives an output of the right size.  Whether the numbers are ONNX Runtime's stands in the words of small models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from checker.probes.driven import Driven
from checker.probes.own_host import joined, lacked, refused, taken
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="mnn",
    adapter="ask_mnn",
    chips={"mnn-cpu": "CPU"},
    precisions=("fp32", "fp16", "int8"),
    licence_note="MNN is Apache-2.0; these are its answers about models of our own",
    options={"converter": "defaults", "run": "once, one sample; not where sizes other than the batch are open"},
    centred_weights=True,
)

_LACKING: Final = re.compile(r"These Op Not Support: (.*)")
_NAMED: Final = re.compile(r"(?:ONNX|Extra)::([\w.]+)")
_SAID: Final = re.compile(r"(?i)error|fail|not support|invalid|can't|cannot|don't|wrong|unsupport|\bfor\b.*\bop\b")
_STAMP: Final = re.compile(r"^(?:\[[\d:]+\] )?(?:\S*:\d+: )?")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, _options)


def _options(case: Case, _model: Any) -> Mapping[str, Any]:
    """Small models are listed and compared with ONNX Runtime too."""
    return {"small": not case.network}


def interpret(_: Case, raw: Raw) -> Observation:
    """Read an answer: what is not converted, loaded or run is refused."""
    answer, said = raw.answer, _said(raw.log)[:4]
    listed, lacking = lacked(raw.log, _LACKING, _NAMED)
    if listed:
        contrib = answer.get("contrib", ())
        named = {f"com.microsoft.{op}" if op in contrib else op: count for op, count in lacking.items()}
        return refused(listed, "convert", named)
    if raw.error:
        return refused(joined(raw.error, *said), raw.stage)
    if not answer["written"]:
        return refused(joined("not converted", *said), "convert")
    into = tuple(dict.fromkeys(answer["layers"]))
    if answer["ran"]:
        return refused(joined(answer["ran"], *said), "run", into=into)
    return taken(joined("loaded, not run" if answer["ran"] is None else "loaded, ran once", answer["differs"]), into)


def _said(log: str) -> list[str]:
    """Return the lines that tell of trouble, without clock times and source lines."""
    lines = (_STAMP.sub("", line).strip() for line in log.splitlines() if _SAID.search(line))
    return list(dict.fromkeys(line for line in lines if not line.startswith("The device supports")))
