"""What pnnx takes for one layer, and what its trial run of a file with open sizes meets."""

from __future__ import annotations

import pytest
from onnx import parser

from checker.graph import Graph
from checker.load import load_model
from checker.predicates.pnnx import cut_of_plain_attention, scores_of_dense_layers, stored_against_open

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g '
CUT = (
    "{ d = MatMul(x, p) l = Add(d, pb) r = Reshape(l, s) t = Transpose<perm=[2,0,3,1,4]>(r)"
    " qa = Slice(t, i0, i1, i0) q = Squeeze(qa, i0) ka = Slice(t, i1, i2, i0) m = Squeeze(ka, i0)"
    " va = Slice(t, i2, i3, i0) v = Squeeze(va, i0) n = Transpose<perm=[0,1,3,2]>(m) SCORES"
    " a = Softmax<axis=-1>(c) y = MatMul(a, v) }"
)


def loaded(text: str) -> Graph:
    """Return the graph of a text."""
    return load_model(parser.parse_model(text).SerializeToString())


def attention(scores: str) -> Graph:
    """Return an attention whose queries, keys and values are cut out of one dense layer."""
    zeros = ",".join(["0"] * 192)
    text = (
        HEAD
        + f"(float[1,6,8] x) => (float[1,2,6,4] y) <float[8,24] p = {{{zeros}}}, float[24] pb = {{{zeros[:47]}}},"
        + " int64[5] s = {1,6,3,2,4}, int64[1] i0 = {0}, int64[1] i1 = {1}, int64[1] i2 = {2}, int64[1] i3 = {3},"
        + " float k = {0.5}>"
        + CUT.replace("SCORES", scores)
    )
    return loaded(text)


@pytest.mark.parametrize(
    ("scores", "plain"),
    [
        ("e = Mul(q, k) c = MatMul(e, n)", True),
        ("e = MatMul(q, n) c = Mul(e, k)", False),
        ("c = MatMul(q, n)", False),
        ("e = Mul(q, k) f = MatMul(e, n) c = Add(f, k)", False),
    ],
)
def test_a_cut_vanishes_where_queries_are_scaled_and_scores_are_not_touched(scores: str, plain: bool) -> None:
    """Seen of small models: scaled afterwards, not at all, or with a mask, the cut stays."""
    graph = attention(scores)
    cuts = [cut_of_plain_attention(node, graph) for node in graph.nodes if node.op in {"Slice", "Squeeze"}]
    assert cuts == [plain] * 6


HEADS = HEAD + (
    "(float[1,6,8] x) => (float[1,2,6,6] y) <float[8,8] w = {W}, float[8] b = {1,2,3,4,5,6,7,8},"
    " int64[4] s = {1,6,2,4}, float k = {0.5}> { d = MatMul(x, w) l = Add(d, b) QUERIES"
    " t = Transpose<perm=[0,2,1,3]>(r) e = MatMul(x, w) f = Reshape(e, s)"
    " u = Transpose<perm=[0,2,3,1]>(f) y = MatMul(t, u) }"
)


@pytest.mark.parametrize(
    ("queries", "whole"), [("r = Reshape(l, s)", True), ("m = Mul(l, k) r = Reshape(m, s)", False)]
)
def test_scores_of_dense_layers(queries: str, whole: bool) -> None:
    """A scale between the layer and its heads keeps the whole apart."""
    text = HEADS.replace("{W}", "{" + ",".join(["1"] * 64) + "}").replace("QUERIES", queries)
    graph = loaded(text)
    assert scores_of_dense_layers([node for node in graph.nodes if node.op == "MatMul"][-1], graph) is whole


@pytest.mark.parametrize(("length", "stored", "found"), [("N", "3", True), ("3", "3", False), ("N", "1", False)])
def test_a_stored_length_meets_an_open_one(length: str, stored: str, found: bool) -> None:
    """A stored one of 1 is stretched."""
    values = "{" + ",".join(["1"] * int(stored)) + "}"
    graph = loaded(HEAD + f"(float[1,{length}] x) => (float[1,M] y) <float[{stored}] c = {values}> {{ y = Add(x, c) }}")
    assert stored_against_open(graph.nodes[0], graph) is found
