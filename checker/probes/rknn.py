"""rknn-toolkit2 for Rockchip's NPUs: the "Network Layer Information Table" of a build tells where each layer runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from checker.probes.driven import Driven
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

ABOUT: Final = About(
    tool="rknn-toolkit2",
    adapter="ask_rknn",
    chips={
        "rockchip-rk3588": "rk3588",
        "rockchip-rk3576": "rk3576",
        "rockchip-rk3566": "rk3566",
        "rockchip-rk3562": "rk3562",
        "rockchip-rv1106": "rv1106",
        "rockchip-rv1126b": "rv1126b",
    },
    precisions=("fp16", "int8"),
    converts=("fp16", "int8"),
    lacks={"rockchip-rv1106": frozenset({"fp16"})},
    licence_note="Rockchip's licence covers the toolkit, not what it answers about models of our own",
    options={"optimization_level": 3, "int8": "calibrated with two inputs, uniform in 0.05 to 1"},
)

_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_LAYER = re.compile(r"^D RKNN: \[[0-9:.]+\] +\d+\s+(\S+)\s+(\S+)\s+(NPU|CPU)\s+(.*)$")
_TROUBLE = re.compile(r"^(E |ValueError|KeyError|IndexError|TypeError|AssertionError|AttributeError|RuntimeError|onnx)")
_TYPE = re.compile(
    r"of type ([A-Z]\w+)|op_type:? ?'?([A-Z]\w+)|[Uu]nsupport\w*(?: onnx)? op(?:erator)?:? ?'?([A-Z]\w+)"
)
_RULE = re.compile(r"disable_rules=\['(\w+)'\]")
_CUSTOM = re.compile(r"type = (\w+), it will be treated as a custom operator")
_ENDS: Final = frozenset({"InputOperator", "OutputOperator"})


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of the table: operator, dtype, ``NPU`` or ``CPU``, shapes and name as printed."""

    op: str
    dtype: str
    device: str
    rest: str


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker)


def interpret(_case: Case, raw: Raw) -> Observation:
    """Read the log of a build."""
    log = _COLOR.sub("", raw.log)
    found = tuple(layers(log))
    trouble = list(dict.fromkeys(line.strip() for line in log.splitlines() if _TROUBLE.match(line)))
    custom = _CUSTOM.findall(log)
    into = tuple(dict.fromkeys(layer.op for layer in found))
    if raw.error or raw.answer.get("code"):
        last = next((line for line in reversed(trouble) if not line.startswith("E ")), "")
        says = last or "; ".join(trouble[-2:]) or raw.error or f"returned {raw.answer.get('code')}"
        if rule := _RULE.search(log):
            says = f"compiler pass {rule[1]} failed: {says}"
        named = _TYPE.search(" ".join(trouble))
        culprits = {next(filter(None, named.groups())): 1} if named else {}
        stage = raw.stage or "build"
        return Observation("refused" if stage == "load" else "compiler-error", says, into, culprits, stage)
    if custom:
        # The build succeeds, and the runtime then wants code for it: nobody has a kernel.
        says = f"unsupported, treated as custom operators: {', '.join(dict.fromkeys(custom))}"
        return Observation("refused", says, into, dict(Counter(custom)), "build")
    host = [layer for layer in found if layer.device == "CPU"]
    if host:
        says = "; ".join(f"{layer.op} {layer.dtype} CPU {' '.join(layer.rest.split())}" for layer in host)
        return Observation("host", says, into, dict(Counter(layer.op for layer in host)))
    return Observation("native" if len(found) <= 1 else "decomposed", f"{len(found)} layers on the NPU", into)


def layers(log: str) -> Iterator[Layer]:
    """Yield the layers of the last table in a log; its input and output layers are left out."""
    table: list[Layer] = []
    inside = False
    for line in log.splitlines():
        if "Network Layer Information Table" in line:
            inside, table = True, []
        elif inside and "<<<<" in line:
            inside = False
        elif inside and (match := _LAYER.match(line)) and match[1] not in _ENDS:
            table.append(Layer(match[1], match[2], match[3], match[4]))
    yield from table
