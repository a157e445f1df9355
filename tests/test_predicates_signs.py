"""Numbers of both signs are told from those that are never negative."""

from __future__ import annotations

import pytest
from onnx import parser

from checker.load import load_model
from checker.predicates.signs import joined_with_negative

TEXT = (
    '<ir_version: 8, opset_import: ["" : 17]> case (float[1,4,8,8] x, float[4,4,1,1] w) => (float[1,8,8,8] y) <'
    "float[4,4,1,1] p = {1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4}, float k = {0.5}, float n = {-3}>"
    "{ c = Conv(x, w) s = Sigmoid(c) r = Softmax<axis=1>(c) %s y = Concat<axis=1>(b, s) }"
)


@pytest.mark.parametrize(
    ("beside", "negative"),
    [
        ("b = Relu(c)", False),
        ("b = Mul(c, k)", True),
        ("b = Exp(c)", False),
        ("b = Conv(r, p)", False),
        ("b = Conv(r, w)", True),
        ("b = Sub(r, k)", False),
        ("b = Sub(k, r)", True),
        ("b = Add(r, n)", True),
        ("b = Transpose<perm=[0,1,3,2]>(c)", True),
        ("b = Identity(x)", False),
    ],
)
def test_a_join_with_numbers_of_both_signs(beside: str, negative: bool) -> None:
    """Convolutions make them, and subtractions of what is computed; stored weights without a sign do not."""
    graph = load_model(parser.parse_model(TEXT % beside).SerializeToString())
    (node,) = (each for each in graph.nodes if each.op == "Sigmoid")
    assert joined_with_negative(node, graph) is negative
