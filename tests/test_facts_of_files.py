"""Facts of a file as a whole, and of operands, that some compilers' importers turn on."""

from __future__ import annotations

import pytest

from checker.constraint import NO, YES, check, parse
from checker.facts import Facts
from checker.graph import Graph
from checker.load import load_model
from checker.predicates.broadcast import stretched_in_one_run
from checker.predicates.names import bare_constants, clashing_copies, late_operators
from checker.probes.cases import build


def graph(body: str, constants: str, ir_version: int = 8, shapes: tuple[str, str] = ("2,3", "2,3")) -> Graph:
    """Make a graph of x (and z, where it is named) to y."""
    inputs = f"float[{shapes[0]}] x" + (f", float[{shapes[1]}] z" if "z" in body else "")
    head = f'<ir_version: {ir_version}, opset_import: ["": 18]> g ({inputs}) => (float[a,b] y)'
    return load_model(build({"text": f"{head} <{constants}> {{ {body} }}"}))


@pytest.mark.parametrize(
    ("body", "ir_version", "found"),
    [
        ("a = Mul(x, c) b = Add(a, c) y = Sub(b, c_1)", 8, ("c",)),
        ("a = Mul(x, c) y = Sub(a, c_1)", 8, ()),
        ("a = Mul(x, c) b = Relu(a) y = Sub(b, c)", 8, ()),
        ("p = Mul(w, c) q = Add(w, c) a = Add(x, p) b = Mul(a, q) y = Sub(b, c_1)", 8, ()),
        ("p = Mul(w, c) q = Add(w, c) a = Add(x, p) b = Mul(a, q) y = Sub(b, c_1)", 10, ("c",)),
    ],
)
def test_a_constant_that_several_nodes_share_clashes_with_what_its_copy_would_be_called(
    body: str, ir_version: int, found: tuple[str, ...]
) -> None:
    """Nodes that are folded away share it too in a file of a version that the compiler cannot fold."""
    assert clashing_copies(graph(body, "float[3] w = {1, 2, 3}, float c = {2}, float c_1 = {3}", ir_version)) == found


@pytest.mark.parametrize(("ir_version", "found"), [(8, ("t",)), (10, ("s", "t"))])
def test_a_constant_without_a_tensor_counts_where_it_is_left(ir_version: int, found: tuple[str, ...]) -> None:
    """The one that a folded node takes is gone with it, if the compiler folds."""
    body = (
        "s = Constant<value_int=2>() d = Cast<to=1>(s) t = Constant<value_floats=[1.0]>() a = Mul(x, d) y = Sub(a, t)"
    )
    assert bare_constants(graph(body, "float c = {1}", ir_version)) == found


def test_a_folded_node_tells_whether_it_takes_a_stored_tensor_first() -> None:
    """The second of a chain takes what the first computed."""
    facts = Facts(graph("a = Cos(w) b = Exp(a) y = Mul(x, b)", "float[3] w = {1, 2, 3}"))
    said = {"folds": ("Cos", "Exp"), "folds_stored": ("Cos",)}
    for word, operators in said.items():
        found = [op for op in ("Cos", "Exp", "Mul") if check(parse(f'{word}("Sin", "{op}")'), facts) is YES]
        assert (word, tuple(found)) == (word, operators)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("y = Relu(a) a = Neg(x)", ("Neg",)),
        ("y = Relu(a) a = Cast<to=1>(x)", ()),
        ("y = Add(x, d) d = Cast<to=1>(h)", ("Cast",)),
        ("a = Neg(x) y = Relu(a)", ()),
    ],
)
def test_a_node_after_one_that_takes_its_result_is_late(body: str, found: tuple[str, ...]) -> None:
    """But for a Cast of what is computed; one of a constant counts, though it is folded."""
    assert late_operators(graph(body, "float16[3] h = {1, 2, 3}")) == found


def test_a_weight_that_a_node_computes_is_told_from_a_stored_one() -> None:
    """Whether it is folded or not: it is a constant all the same."""
    for scale, computed in (("t", True), ("w", False)):
        body = f"t = Mul(w, c) a = Mul(x, t) y = LayerNormalization(a, {scale})"
        facts = Facts(graph(body, "float[3] w = {1, 2, 3}, float c = {2}"))
        assert facts.takes_computed("LayerNormalization", "LSTM") is computed
        assert not facts.takes_computed("LSTM")


def test_an_equation_is_compared_whatever_its_letters() -> None:
    """Letters become a, b, c in the order in which they come; the commas stay."""
    made = graph('y = Einsum<equation="ik, kj -> ij">(x, z)', "float c = {1}", shapes=("2,3", "3,2"))
    facts = Facts(made, made.nodes[0])
    assert check(parse('relettered(equation) == "ab,bc->ac"'), facts) is YES
    assert check(parse('relettered(equation) == "ik,kj->ij"'), facts) is NO


@pytest.mark.parametrize(
    ("left", "right", "one_run"),
    [
        ("2,3", "2,3", True),
        ("1,8,4,6", "4,6", True),
        ("1,8,1,1", "1,8,4,6", True),
        ("1,8,1,1", "1,1,4,6", False),
        ("2,8,4,6", "1,8,1,6", False),
        ("2,8,4,6", "1,1,4,6", True),
    ],
)
def test_stretching_is_one_run_of_axes_of_one_operand(left: str, right: str, one_run: bool) -> None:
    """Neither an outer product nor a gap between the axes."""
    made = graph("y = Add(x, z)", "float c = {1}", shapes=(left, right))
    (node,) = made.nodes
    assert stretched_in_one_run(node, made) is one_run
