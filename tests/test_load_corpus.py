"""Graphs of real networks: what loading leaves of them."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from checker.graph import Graph
from checker.load import load

if TYPE_CHECKING:
    from conftest import Corpus


def open_shapes(graph: Graph) -> int:
    """Number of values that nodes produce and whose shape is not fully known."""
    values = [value for node in graph.nodes for value in node.outputs if value is not None]
    return sum(value.shape is None or None in value.shape for value in values)


@pytest.mark.slow
def test_every_graph_loads_and_only_the_broken_one_is_invalid(corpus: Corpus) -> None:
    """ONNX Runtime refuses the same one, with the same words (a LayerNormalization of mixed types)."""
    invalid, uncovered = [], []
    for packed in sorted((corpus / "graphs").iterdir()):
        name = packed.name.removesuffix(".onnx.xz")
        found = load(corpus(name))
        assert found.nodes or found.folded, name
        names = [node.name for node in found.walk()]
        assert len(names) == len(set(names)), name
        if any(problem.invalid for problem in found.problems):
            invalid.append(name)
        if any(problem.rule == "operator-not-in-opset" for problem in found.problems):
            uncovered.append(name)
    assert invalid == ["bert_small__ts17_fp16"]
    assert uncovered == ["acts_zoo__dy26"]


COUNTS = {
    # compute nodes as onnxsim leaves them without its rewrites, Constant nodes not counted
    "resnet50__ts17": 122,
    "vit_tiny_patch16_224__ts17": 380,
    "bert_small__ts17": 92,
    "yolov8n__ts17": 241,
    "acts_zoo__dy18": 65,
}


@pytest.mark.parametrize("name", COUNTS)
def test_what_is_left_is_the_compute(name: str, corpus: Corpus) -> None:
    """Shape arithmetic and constants are gone, nothing else is, and every shape is known."""
    found = load(corpus(name))
    assert len(found.nodes) == COUNTS[name]
    assert open_shapes(found) == 0
    assert not any(node.shape_arithmetic for node in found.nodes)


def test_swin_is_folded_and_fully_shaped_in_a_second(corpus: Corpus) -> None:
    """3288 nodes, of which 627 compute."""
    path = corpus("swin_tiny_patch4_window7_224__ts17")
    load(path)
    start = time.process_time()
    found = load(path)
    assert time.process_time() - start < 1.0
    assert found.file_nodes == 3288
    assert len(found.nodes) < 700
    assert open_shapes(found) == 0


def test_a_dynamic_batch_goes_through_the_whole_network(corpus: Corpus) -> None:
    """Every shape is known but for the batch, which keeps its name."""
    found = load(corpus("vit_tiny_patch16_224__ts17_dynb"))
    assert open_shapes(found) == 0
    kept = Counter(node.op for node in found.nodes if not node.shape_arithmetic)
    assert kept["Softmax"] == 12
    assert found.outputs[0].shape == ("batch", 1000)


def test_the_unfolded_export_keeps_its_batch_norms_with_their_statistics(corpus: Corpus) -> None:
    """Scale and bias come through CastLike, Shape and Expand."""
    found = load(corpus("resnet18__dy18_noopt"))
    norms = [node for node in found.nodes if node.op == "BatchNormalization"]
    assert len(norms) == 20
    for node in norms:
        for name in ("scale", "B", "input_mean", "input_var"):
            value = node.args[name]
            assert value is not None
            assert not isinstance(value, tuple)
            assert value.constant


def test_a_qdq_file_has_no_quantize_nodes_left(corpus: Corpus) -> None:
    """Every convolution knows how its input and its weight are quantized."""
    found = load(corpus("resnet18__ts17_qdq"))
    assert not {"QuantizeLinear", "DequantizeLinear"} & {node.op for node in found.nodes}
    for node in found.nodes:
        if node.op == "Conv":
            assert node.inputs[0] is not None
            assert node.inputs[0].quant is not None
            assert node.inputs[1] is not None
            assert node.inputs[1].quant is not None
