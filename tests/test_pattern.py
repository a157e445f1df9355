"""Terms and the matcher: one pattern for every spelling of the same arithmetic."""

from __future__ import annotations

import onnx.parser
import pytest

from checker.composites.matcher import Match, Matcher
from checker.graph import Graph
from checker.load import load_model
from checker.pattern import Product, Sum, Term, Var, call, captured, either, plan

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'


def graph_of(body: str, inputs: str = "float[2, 8] x") -> Graph:
    """Return the graph of a body that computes y."""
    text = f"{HEAD} g ({inputs}) => (float[2, 8] y) {{ {body} }}"
    return load_model(onnx.parser.parse_model(text))


def matches(term: Term, body: str, inputs: str = "float[2, 8] x") -> Match | None:
    """Return the match of a term at y, or None."""
    graph = graph_of(body, inputs)
    return Matcher(graph).match(plan(term), graph.outputs[0])


X = Var("x")


@pytest.mark.parametrize(
    "body",
    [
        "c = Constant <value = float {2.0}> () y = Mul (x, c)",
        "c = Constant <value = float {2.0}> () y = Mul (c, x)",
        "c = Constant <value = float {0.5}> () y = Div (x, c)",
        "c = Constant <value = float {4.0}> () d = Constant <value = float {2.0}> () m = Mul (x, c) y = Div (m, d)",
        "c = Constant <value = float {-2.0}> () m = Mul (x, c) d = Constant <value = float {-1.0}> () y = Mul (d, m)",
    ],
)
def test_a_multiple_is_one_pattern(body: str) -> None:
    """Operand order, Div by the inverse and split coefficients do not matter."""
    assert matches(2 * X, body) is not None


@pytest.mark.parametrize(
    "body",
    [
        "y = Mul (x, x)",
        "c = Constant <value = float {2.0}> () y = Pow (x, c)",
    ],
)
def test_a_square_is_a_power_or_a_product(body: str) -> None:
    """Mul(x, x) and Pow(x, 2) are the same."""
    assert matches(X**2, body) is not None


def test_a_constant_is_compared_by_value_with_half_precision_tolerance() -> None:
    """1.4141, as fp16 rounds the root of two, is the root of two; 1.5 is not."""
    term = X / 2**0.5
    assert matches(term, "c = Constant <value = float {1.4141}> () y = Div (x, c)") is not None
    assert matches(term, "c = Constant <value = float {1.5}> () y = Div (x, c)") is None


def test_a_variable_that_occurs_twice_is_one_value() -> None:
    """The term x * sigmoid(x) does not match x * sigmoid(z)."""
    term = X * call("Sigmoid", X)
    assert matches(term, "s = Sigmoid (x) y = Mul (s, x)") is not None
    assert matches(term, "s = Sigmoid (z) y = Mul (s, x)", "float[2, 8] x, float[2, 8] z") is None


def test_a_number_is_captured_within_its_bounds() -> None:
    """The slope is read from the graph, and refused outside its bounds."""
    term = call("Tanh", captured("slope", 2.0, 3.0) * X)
    match = matches(term, "c = Constant <value = float {2.5}> () m = Mul (x, c) y = Tanh (m)")
    assert match is not None
    assert match.numbers["slope"] == pytest.approx(2.5)
    assert matches(term, "c = Constant <value = float {3.5}> () m = Mul (x, c) y = Tanh (m)") is None


def test_casts_between_floating_types_are_looked_through() -> None:
    """A Cast island in the middle does not hide the pattern, and belongs to the match."""
    body = "h = Cast <to = 10> (x) s = Sigmoid (h) f = Cast <to = 1> (s) y = Mul (x, f)"
    match = matches(X * call("Sigmoid", X), body)
    assert match is not None
    assert sorted(node.op for node in match.nodes) == ["Cast", "Cast", "Mul", "Sigmoid"]


def test_alternatives_are_tried_in_turn() -> None:
    """Either of two ways of writing it matches."""
    term = either(call("Relu", X), call("Max", X, 0))
    assert matches(term, "c = Constant <value = float {0.0}> () y = Max (x, c)") is not None
    assert matches(term, "y = Relu (x)") is not None
    assert matches(term, "y = Sigmoid (x)") is None


def test_calls_that_share_axes_reduce_the_same_axes() -> None:
    """Two reductions that the term wants over the same axes are refused over different ones."""
    mean = call("ReduceMean", X, axes="a")
    term = mean * call("ReduceMax", X, axes="a")
    same = "p = ReduceMean <axes = [1]> (x) q = ReduceMax <axes = [-1]> (x) y = Mul (p, q)"
    other = "p = ReduceMean <axes = [1]> (x) q = ReduceMax <axes = [0]> (x) y = Mul (p, q)"
    assert matches(term, same) is not None
    assert matches(term, other) is None


def test_the_normal_form_of_a_quotient_is_a_product_of_powers() -> None:
    """The term x / sqrt(z) is x to the first times z to minus one half."""
    found = plan(X / Var("z") ** 0.5)
    assert isinstance(found, Product)
    assert sorted(exponent for _, exponent in found.factors) == [-0.5, 1.0]


def test_the_normal_form_of_a_difference_is_a_sum_of_multiples() -> None:
    """2 x - z + 3 is a constant and two multiples."""
    found = plan(2 * X - Var("z") + 3)
    assert isinstance(found, Sum)
    assert found.constant == 3.0
    assert sorted(multiple for multiple, _ in found.addends) == [-1.0, 2.0]


def test_a_long_chain_of_arithmetic_is_not_followed_to_its_end() -> None:
    """Two thousand negations in a row neither match nor exhaust the stack."""
    body = "v0 = Neg (x) " + " ".join(f"v{i} = Neg (v{i - 1})" for i in range(1, 2000)) + " y = Neg (v1999)"
    assert matches(X + Var("z"), body) is None
