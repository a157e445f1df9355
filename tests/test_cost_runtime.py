"""Bytes moved, against what ONNX Runtime's profiler says of each node; formulas, against files exported at a size."""

from __future__ import annotations

import json
import lzma
import re
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

from checker.cost import measure
from checker.load import load_bytes, load_file
from checker.probes.weights import supply

if TYPE_CHECKING:
    from pathlib import Path

PACKED = {"MatMul", "Gemm"}
"""Operators whose weights the runtime packs beforehand and no longer counts."""

PICKED = {"Gather", "Slice"}
"""Operators of which the runtime counts the whole operand, though they read a part of it."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenetv2_100", "regnety_016", "efficientnet_b0", "swin_tiny_patch4_window7_224"])
def test_each_node_moves_what_the_runtime_says(name: str, tmp_path: Path) -> None:
    """Every node writes the bytes of its results, and reads those of its operands and weights together."""
    ort = pytest.importorskip("onnxruntime")
    np = pytest.importorskip("numpy")
    path = supply(ROOT / "fixtures" / "published" / f"{name}.onnx.xz", tmp_path)
    options = ort.SessionOptions()
    options.enable_profiling, options.profile_file_prefix = True, str(tmp_path / "profile")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    session.run(None, {each.name: np.zeros(each.shape, np.float32) for each in session.get_inputs()})
    with open(session.end_profiling(), encoding="utf-8") as file:  # noqa: PTH123  # a name that the runtime makes up
        events = [event for event in json.load(file) if event["name"].endswith("_kernel_time")]
    said = {event["name"].removesuffix("_kernel_time"): event["args"] for event in events}
    compared = 0
    for node in measure(load_file(path).graph).nodes:
        if node.kind == "View":
            continue
        args = said[node.name]
        assert node.written == int(args["output_size"]), node.name
        if node.op not in PACKED | PICKED:
            assert node.read + node.weights == int(args["activation_size"]) + int(args["parameter_size"]), node.name
            compared += 1
    assert compared > 50


def _value(formula: str, **sizes: int) -> int:
    """Work out a formula over plain symbols."""
    total = 0
    for term in formula.split(" + "):
        product = 1
        for factor in term.split("*"):
            base, _, power = factor.partition("^")
            product *= (int(base) if base.isdigit() else sizes[base]) ** int(power or 1)
        total += product
    return total


@pytest.mark.parametrize(
    ("dynamic", "static", "symbol", "size"),
    [
        ("albert__dy18_dynseq", "albert__ts17", "s41", 32),
        ("opt__dy18_dynseq", "opt__ts17", "s41", 32),
        ("bigru_attention__ts17_dynseq", "bigru_attention__ts17", "sequence", 24),
        ("wavenet__dy18_dynseq", "wavenet__ts13", "s53", 1000),
    ],
)
def test_a_formula_gives_the_count_of_the_file_exported_at_that_size(
    dynamic: str, static: str, symbol: str, size: int
) -> None:
    """Another file of the same network, exported at a fixed size, has just what the formula says for it."""
    graphs = []
    for name in (dynamic, static):
        path = ROOT / "fixtures" / "zoo" / f"{name}.onnx.xz"
        graphs.append(load_bytes(lzma.decompress(path.read_bytes())).graph)
    open_cost, fixed = (measure(graph) for graph in graphs)
    assert open_cost.formula is not None
    assert set(re.findall(r"[A-Za-z_]\w*", open_cost.formula)) == {symbol}
    assert _value(open_cost.formula, **{symbol: size}) == fixed.macs
    assert fixed.complete
    assert not open_cost.complete
