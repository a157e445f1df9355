"""TensorRT-RTX: the parser's error for each node, then the build for a compute capability, without a GPU.

The network is strongly typed: the precision is that of the file.  Parsing alone says too much (NonMaxSuppression
parses and has no implementation), so ``native`` means that an engine was built.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="tensorrt-rtx",
    adapter="ask_tensorrt_rtx",
    chips={
        "nvidia-rtx-sm75": "SM75",
        "nvidia-rtx-sm86": "SM86",
        "nvidia-rtx-sm89": "SM89",
        "nvidia-rtx-sm120": "SM120",
    },
    precisions=("fp32", "fp16", "int8"),
    licence_note="NVIDIA's licence for TensorRT-RTX covers the library, not what it answers about models of our own",
    options={
        "network": "strongly typed",
        "dynamic dimensions": "batch 1, images 320x320, others 32; else 48 and 512, 224 and 128",
    },
)

NO_PROFILE: Final = "no optimization profile has been defined"
NO_DRIVER: Final = "Cuda Error in "
"""A plug-in (that of RoiAlign) that asks for the GPU while the file is parsed: there is none here."""

_UNSUPPORTED = re.compile(r"\b(\w+) operation was not supported")
_NODE = re.compile(r"([\w./:-]+) has no runners|(?:IQuantizeLayer/IDequantizeLayer|[Ll]ayer|[Nn]ode) \[?([\w./:-]+)")


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker)


def interpret(case: Case, raw: Raw) -> Observation:
    """Read an answer: a parser error refuses, a failed build is the compiler's error."""
    if raw.error:
        return Observation("compiler-error", raw.error, stage=raw.stage)
    answer = raw.answer
    said = list(answer.get("said", ()))
    layers = tuple(answer.get("layers", {}))
    if not answer["parsed"]:
        if any(NO_DRIVER in line for line in said):
            text = f"no CUDA driver on this host: {answer['errors']}"
            return Observation("crashed" if case.network else "not-asked", text, layers, stage="parse")
        culprits = dict(Counter(_qualified(case, op) for op, *_ in answer["errors"] if op))
        told = [f"{op}: {code}: {text}" if op else f"{code}: {text}" for op, _, code, text in answer["errors"]]
        return Observation("refused", "; ".join(told) or "; ".join(said), culprits=culprits, stage="parse")
    if not answer["built"]:
        errors = [line[2:] for line in said if line[:1] in "EI"] or said
        text = "; ".join(errors)
        if NO_PROFILE in text and not case.network:
            # The values of an input that is a shape are a question in themselves; nobody knows them here.
            return Observation("not-asked", text, layers, stage="build")
        return Observation("compiler-error", text, layers, _guilty(case, text), "build")
    return Observation("native" if len(layers) <= 1 else "decomposed", f"engine of {answer['bytes']} bytes", layers)


def _qualified(case: Case, op: str) -> str:
    """Return an operator that the parser names with its domain, which it leaves out; a file may have both."""
    if case.path is None:
        return op
    import onnx

    nodes = onnx.load(str(case.path), load_external_data=False).graph.node
    domains = {node.domain for node in nodes if node.op_type == op} - {"ai.onnx"}
    return op if "" in domains or not domains else f"{min(domains)}.{op}"


def _guilty(case: Case, text: str) -> dict[str, int]:
    """Return the operators that a build error names, itself or by the name of a node."""
    if case.asked and "op" in case.asked:
        return {str(case.asked["op"]): 1}
    found = dict.fromkeys(_UNSUPPORTED.findall(text), 1)
    named = {name for pair in _NODE.findall(text) for name in pair if name}
    if named and case.path is not None:
        import onnx

        for node in onnx.load(str(case.path), load_external_data=False).graph.node:
            if node.name in named or f"{node.name}_0" in named:
                found[node.op_type] = 1
    return found
