"""What a target would run in int8, counted by hand on small graphs, and on files with Q/DQ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from onnx import parser

from checker.composites import raise_composites
from checker.cost import measure
from checker.load import load_file, load_model
from checker.place import place
from checker.readiness import readiness
from checker.targets import find

if TYPE_CHECKING:
    from conftest import Corpus

    from checker.graph import Graph
    from checker.readiness_report import Int8Entry

TABLE = """
[target]
id = "acme-one"
vendor = "Acme"
chip = "One"
toolchain = "acmec 1.0"
precision = ["fp16", "int8"]
unlisted = "unsupported"
rejected = "fallback"

[source.guide]
kind = "vendor-doc"
title = "guide"
version = "1"
where = "page 7"
date = 2026-11-24

[[op]]
name = ["Conv", "Relu", "Add", "MaxPool", "GlobalAveragePool", "Flatten", "Gemm"]
status = "native"
evidence = "guide"

[[op]]
name = "MatMul"
status = "native"
runs_as = "fp16"
precision = ["int8"]
evidence = "guide"

[[op]]
name = "Softmax"
status = "fallback"
evidence = "guide"

[quantization]
activation = "int8"
symmetric = true
weights = "per-tensor"
evidence = "guide"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one target."""
    (tmp_path / "one.toml").write_text(TABLE)
    return tmp_path


def _ready(graph: Graph, folder: Path, precision: str = "int8") -> Int8Entry | None:
    composites = raise_composites(graph)
    target = find(["acme-one"], [folder])[0]
    return readiness(place(graph, composites, target, precision), measure(graph, composites))


def test_shares_and_borders_of_a_float_file(folder: Path) -> None:
    """A convolution in int8, a product in fp16 and a softmax on the host: shares of MACs, and a border on each side."""
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,8,4,4] x, float[8,8,1,1] w, float[4,4] m) => (float[1,8,4,4] y)
    { a = Conv (x, w)  b = Relu (a)  c = MatMul (b, m)  d = Softmax (c)  y = Relu (d) }"""
    found = _ready(load_model(parser.parse_model(text)), folder)
    assert found is not None
    conv, product = 8 * 16 * 8, 8 * 16 * 4
    assert found.macs_in_int8 == pytest.approx(conv / (conv + product), abs=1e-6)
    assert found.macs_in_other == pytest.approx(product / (conv + product), abs=1e-6)
    assert found.macs_on_host == 0
    assert [(each.op, each.runs_as, each.macs) for each in found.outside] == [
        ("MatMul", "fp16", product),
        ("Softmax", "host", 0),
    ]
    assert found.boundaries == 2  # b into the product, d out of the softmax
    assert not found.quantized


def test_another_precision_has_no_int8(folder: Path) -> None:
    """A placement in fp16 says nothing of int8."""
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float[1,4] x) => (float[1,4] y) { y = Relu (x) }'
    assert _ready(load_model(parser.parse_model(text)), folder, "fp16") is None


def test_nodes_without_scales_run_in_float(corpus: Corpus, folder: Path) -> None:
    """Of a file that quantizes its convolutions only, everything else is float; of a whole one nothing is."""
    whole = _ready(load_file(corpus("resnet18__ts17_qdq")).graph, folder)
    convs = _ready(load_file(corpus("resnet18__ts17_qdq_convonly")).graph, folder)
    assert whole is not None
    assert convs is not None
    assert whole.quantized
    assert not whole.outside
    assert whole.macs_in_int8 == 1
    assert {(each.op, each.runs_as) for each in convs.outside} >= {("Gemm", "float"), ("MaxPool", "float")}
    assert "Conv" not in {each.op for each in convs.outside}
    linear = 512 * 1000
    assert convs.macs_in_other == pytest.approx(linear / 1_814_073_344, abs=1e-5)


def test_scales_unlike_the_recipe_are_told(corpus: Corpus, folder: Path) -> None:
    """Scales for each channel, uint8 and zero points are told against a symmetric int8 recipe with one a tensor."""
    found = _ready(load_file(corpus("resnet18__ts17_qdq")).graph, folder)
    pertensor = _ready(load_file(corpus("resnet18__ts17_qdq_s8s8_pertensor")).graph, folder)
    assert found is not None
    assert pertensor is not None
    assert [line.split()[0] for line in found.unlike_recipe][:1] == ["activations"]
    assert any("weights have scales per channel" in line for line in found.unlike_recipe)
    assert not any("per channel" in line or "activations are" in line for line in pertensor.unlike_recipe)
