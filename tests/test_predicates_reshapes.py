"""A Reshape that was traced at one size, in a file that declares any."""

from __future__ import annotations

import pytest
from onnx import parser

from checker.load import load_model
from checker.predicates import PREDICATES


@pytest.mark.parametrize(
    ("taken", "given", "shape", "traced"),
    [
        ("N,1,48", "16,4,12", "16,4,12", True),
        ("N,M,48", "16,4,12", "16,4,12", True),
        ("N,8,6", "1,48", "1,48", False),
        ("N,8,6", "N,48", "0,48", False),
        ("16,1,48", "16,4,12", "16,4,12", False),
    ],
)
def test_traced_at_one_size(taken: str, given: str, shape: str, traced: bool) -> None:
    """A fixed result of an open size, which one element for each open axis does not fill."""
    text = f"""<ir_version: 8, opset_import: ["" : 17]> g (float[{taken}] x) => (float[{given}] y)
    <int64[{shape.count(",") + 1}] s = {{{shape}}}> {{ a = Relu(x) y = Reshape(a, s) }}"""
    net = load_model(parser.parse_model(text).SerializeToString())
    (node,) = (each for each in net.nodes if each.op == "Reshape")
    assert PREDICATES["traced_at_one_size"](node, net) is traced
