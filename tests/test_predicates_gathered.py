"""Where ONNX Runtime makes a Gather of sizes, and where it stumbles over one."""

from __future__ import annotations

import pytest

from checker.load import load_model
from checker.predicates import Predicate
from checker.predicates.gathered import gathered_k, shape_of_transposed
from checker.probes.cases import build

HEAD = '<ir_version: 8, opset_import: ["": 17]> g '
SHAPE = (
    HEAD
    + "(float[n,3,h,w] x, float[1,1,1,1] e) => (float[a,b,c,d] y{also}) {{ {body} s = Shape (z) y = Expand (e, s) }}"
)
TOP = HEAD + (
    "(float[2,8] x) => (float[a,b] y, int64[a,b] i) <int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] k0 = {{8}}> "
    "{{ s = Shape (x) {body} y, i = TopK (x, k) }}"
)


def said(predicate: Predicate, text: str, op: str) -> bool:
    """Return what a predicate says of the only node of an operator."""
    graph = load_model(build({"text": text}))
    (node,) = (each for each in graph.walk() if each.op == op)
    return bool(predicate(node, graph))


@pytest.mark.parametrize(
    ("body", "also", "moved"),
    [
        ("z = MaxPool <kernel_shape = [2,2]> (x)", "", True),
        ("p = MaxPool <kernel_shape = [2,2]> (x) q = Relu (p) z = Sigmoid (q)", ", float[n,3,h,w] q", True),
        ("z = Transpose <perm = [0,2,1,3]> (x)", "", True),
        ("z = Transpose <perm = [0,2,1,3]> (x)", ", float[n,h,3,w] z", False),
        ("p = MaxPool <kernel_shape = [2,2]> (x) z = MatMul (p, p)", "", False),
        ("z = Relu (x)", "", False),
    ],
)
def test_a_shape_behind_a_transpose_is_told(body: str, also: str, moved: bool) -> None:
    """A layout's Transpose moves across element-wise work; the file's own only where nobody else reads it."""
    assert said(shape_of_transposed, SHAPE.format(body=body, also=also), "Shape") is moved


@pytest.mark.parametrize(
    ("body", "gathered"),
    [("k = Gather (s, one)", True), ("k = Slice (s, one, two)", False), ("k = Identity (k0)", False)],
)
def test_a_k_that_a_gather_took_out_of_a_shape_is_told(body: str, gathered: bool) -> None:
    """One that is stored, or that went through another operator last, is none."""
    assert said(gathered_k, TOP.format(body=body), "TopK") is gathered
