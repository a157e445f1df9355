"""ExecuTorch's Ethos-U backend: which operators of a quantized torch program go through TOSA to Vela.

What the partitioner leaves, and what Vela puts on the CPU, is the host.  Quantizing the program's inputs, narrowing
their 64-bit integers and dequantizing its outputs happens there too and is no fallback.
"""

from __future__ import annotations

import re
from typing import Final

from checker.probes.driven import Driven
from checker.probes.executorch import ASKED, delegated, options, stopped
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="executorch",
    adapter="ask_executorch_ethos",
    chips={"arm-ethos-u55-128-executorch": "ethos-u55-128", "arm-ethos-u85-256-executorch": "ethos-u85-256"},
    precisions=("int8",),
    converts=("int8",),
    licence_note="ExecuTorch (BSD-3-Clause), TOSA tools and Vela (Apache-2.0) are open source; our own models",
    options={
        "asked": ASKED,
        "quantizer": "EthosUQuantizer, symmetric, one sample of U(0, 1)",
        "vela": "5.2.0, the backend's defaults",
    },
)

_CPU: Final = re.compile(r"^CPU operators = (\d+)", re.MULTILINE)


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, options)


def interpret(_case: Case, raw: Raw) -> Observation:
    """Read an answer: what was delegated, what is left, and what Vela left of it."""
    short = stopped(raw, "quantize")
    if short is not None:
        return short
    found = delegated(raw, plain="quantized_decomposed")
    cpu = sum(int(count) for count in _CPU.findall(raw.log))
    if cpu and found.outcome != "host":
        return Observation("host", f"Vela leaves {cpu} operators to the CPU", found.into)
    return found
