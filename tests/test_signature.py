"""Places in a network without their names: what makes two of them the same."""

from __future__ import annotations

import re

from onnx import parser

from checker.composites import raise_composites
from checker.load import load_bytes
from checker.signature import Place, Signatures, plain_scope

BEFORE = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 8, 8] x, float[4, 3, 3, 3] w)
  => (float[1, 4, 1, 1] y) {
    a = Conv (x, w)
    t = Transpose <perm = [0, 2, 3, 1]> (a)
    b = Sin (t)
    u = Transpose <perm = [0, 3, 1, 2]> (b)
    c = Relu (u)
    y = GlobalAveragePool (c)
  }"""


def places(text: str, op: str) -> tuple[Place, ...]:
    """Return the places of an operator's nodes in a graph that is written as text."""
    graph = load_bytes(parser.parse_model(text).SerializeToString()).graph
    names = [node.name for node in graph.walk() if node.op == op]
    return Signatures(graph, raise_composites(graph)).places(names)


def test_a_place_is_its_surroundings() -> None:
    """What feeds it and what it feeds, layout operators looked through; the graph's ends have words of their own."""
    (place,) = places(BEFORE, "Sin")
    assert place.structure == "Conv > Sin > Relu"
    assert places(BEFORE, "Conv")[0].structure == "input > Conv > Sin"
    assert places(BEFORE, "GlobalAveragePool")[0].structure == "Relu > GlobalAveragePool > output"


def test_names_and_layout_do_not_count() -> None:
    """Other names, and an export that needs no Transpose, leave the place what it is."""
    renamed = re.sub(r"\b([abctu])\b", r"value_\1", BEFORE)
    bare = BEFORE.replace("t = Transpose <perm = [0, 2, 3, 1]> (a)", "").replace("(t)", "(a)")
    bare = bare.replace("u = Transpose <perm = [0, 3, 1, 2]> (b)", "").replace("(u)", "(b)")
    assert "Transpose" not in bare
    assert {places(text, "Sin")[0].structure for text in (BEFORE, renamed, bare)} == {"Conv > Sin > Relu"}


def test_another_neighbour_is_another_place() -> None:
    """What is computed around it does count."""
    assert places(BEFORE.replace("Relu", "Tanh"), "Sin")[0].structure == "Conv > Sin > Tanh"


def test_a_composite_is_one_place_under_its_own_name() -> None:
    """Nodes of a GELU in parts are one place; seen from outside it is a neighbour called Gelu."""
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3] x) => (float[1, 3] y) {
        r = Relu (x)
        two = Constant <value = float {1.4142135}> ()
        one = Constant <value = float {1.0}> ()
        half = Constant <value = float {0.5}> ()
        d = Div (r, two) e = Erf (d) p = Add (e, one) m = Mul (r, p) h = Mul (m, half)
        y = Sin (h)
    }"""
    graph = load_bytes(parser.parse_model(text).SerializeToString()).graph
    signatures = Signatures(graph, raise_composites(graph))
    names = [node.name for node in graph.nodes if node.op in {"Div", "Erf", "Add", "Mul"}]
    (whole,) = signatures.places(names)
    assert (whole.op, whole.structure) == ("Gelu", "Relu > Gelu > Sin")
    assert set(whole.nodes) == set(names)
    sin = next(node.name for node in graph.nodes if node.op == "Sin")
    assert signatures.places([sin])[0].structure == "Gelu > Sin > output"
    # a part of it alone is a node like any other
    assert signatures.places(names[1:2])[0].op == "Erf"


def test_a_folded_node_has_no_surroundings() -> None:
    """A name that is no compute node is a place of its own kind."""
    graph = load_bytes(parser.parse_model(BEFORE).SerializeToString()).graph
    assert Signatures(graph).places(["gone"]) == (Place("", "", "", ("gone",)),)


def test_numbers_of_a_module_path_do_not_count() -> None:
    """A layer that moved by one is in the same kind of place."""
    assert plain_scope("encoder.layers.11.attn2") == "encoder.layers.#.attn#"
