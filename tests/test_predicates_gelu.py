"""The order in which a GELU is written decides who recognises it."""

from __future__ import annotations

import pytest
from onnx import parser

from checker.composites import raise_composites
from checker.load import load_model
from checker.predicates import PREDICATES

HEAD = """<ir_version: 8, opset_import: ["" : 17]>
g (float[1,8] x) => (float[1,8] y)
<float[1] r = {1.4142135}, float[1] q = {0.70710678}, float[1] one = {1.0}, float[1] half = {0.5}>
{ """
SUM = "d = Div(x, r) e = Erf(d) s = Add(e, one) "


def told(body: str) -> dict[str, bool | None]:
    """Return what is said of the GELU in a model."""
    net = load_model(parser.parse_model(HEAD + body + "}").SerializeToString())
    (gelu,) = [each for each in raise_composites(net) if each.kind == "Gelu"]
    return {name: PREDICATES[name](gelu.node, net) for name in ("gelu_in_order", "gelu_scale_leads", "gelu_unhalved")}


@pytest.mark.parametrize(
    ("body", "in_order"),
    [
        (SUM + "p = Mul(x, s) y = Mul(p, half)", True),
        (SUM + "p = Mul(x, s) y = Mul(half, p)", True),
        (SUM + "p = Mul(s, x) y = Mul(p, half)", False),
        (SUM + "h = Mul(x, half) y = Mul(h, s)", True),
        (SUM + "h = Mul(half, x) y = Mul(h, s)", False),
        (SUM + "h = Mul(x, half) y = Mul(s, h)", False),
        (SUM + "h = Mul(half, s) y = Mul(h, x)", True),
        ("d = Div(x, r) e = Erf(d) s = Add(one, e) p = Mul(x, s) y = Mul(p, half)", False),
    ],
)
def test_products_in_the_order_of_the_formula(body: str, in_order: bool) -> None:
    """Half of the sum may stand anywhere; x and its half come before the sum, the one after erf."""
    assert told(body) == {"gelu_in_order": in_order, "gelu_scale_leads": False, "gelu_unhalved": False}


def test_a_gelu_whose_half_went_into_the_next_layer() -> None:
    """What onnxsim leaves: nothing is in the order of the formula then."""
    assert told(SUM + "y = Mul(x, s)") == {"gelu_in_order": False, "gelu_scale_leads": False, "gelu_unhalved": True}


@pytest.mark.parametrize(("scale", "leads"), [("Mul(q, x)", True), ("Mul(x, q)", False), ("Div(x, r)", False)])
def test_a_constant_before_x(scale: str, leads: bool) -> None:
    """Below the error function."""
    body = f"d = {scale} e = Erf(d) s = Add(e, one) p = Mul(x, s) y = Mul(p, half)"
    assert told(body)["gelu_scale_leads"] is leads
