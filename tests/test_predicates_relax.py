"""Where TVM's front end loses the sizes of a tensor."""

from __future__ import annotations

import pytest
from onnx import parser

from checker.graph import Graph, Node
from checker.load import load_model
from checker.predicates.relax import loses_sizes, lost_sizes, number_of_shape, takes_bare_floats

HEAD = '<ir_version: 8, opset_import: ["" : 18]> g '
UNET = HEAD + (
    "(float[N,4,{0},8] x) => (float[N,4,A,B] y) <float[4] s={{1,1,2,2}}> "
    '{{ d = MaxPool<kernel_shape=[2,2],strides=[2,2]>(x) u = Resize<mode="nearest">(d,,s) j = {1} y = {2} }}'
)
MASK = HEAD + (
    "(float[N,4,8] x) => (float[M,32] y)"
    " <int64[1] ax={0}, int64 zero={0}, int64 one={1}, int64[2] last={1,2}, int64[2] k={-1,32}>"
    "{ s = Shape<start=0,end=1>(x) n = Squeeze(s, ax) r = Range(zero, n, one) e = Unsqueeze(r, last)"
    " f = Cast<to=1>(e) w = Shape(x) v = Expand(f, w) j = Add(x, BESIDE) y = Reshape(j, k) }"
)


def last(text: str, op: str) -> tuple[Node, Graph]:
    """Return the last node of an operator, and its graph."""
    graph = load_model(parser.parse_model(text).SerializeToString())
    return [node for node in graph.nodes if node.op == op][-1], graph


@pytest.mark.parametrize(
    ("height", "join", "lost"), [("H", "Add(u, x)", True), ("8", "Add(u, x)", False), ("H", "Add(u, u)", False)]
)
def test_an_upsampled_tensor_meets_one_that_was_not(height: str, join: str, lost: bool) -> None:
    """The two lengths need not be equal, unless only the batch is open."""
    assert lost_sizes(*last(UNET.format(height, join, "Relu(j)"), "Relu")) is lost


def test_the_join_is_named_where_nothing_stumbles_over_it() -> None:
    """A Resize behind it raises in the front end; without one the join is not compiled."""
    assert loses_sizes(*last(UNET.format("H", "Concat<axis=1>(u, x)", "Relu(j)"), "Concat"))
    assert not loses_sizes(*last(UNET.format("H", "Concat<axis=1>(u, x)", "Resize(j,,s)"), "Concat"))


@pytest.mark.parametrize(("beside", "lost"), [("f", True), ("v", False)])
def test_a_length_that_was_counted_is_another_one(beside: str, lost: bool) -> None:
    """Range gives it a name of its own; an Expand to the shape of the tensor gives it back."""
    assert lost_sizes(*last(MASK.replace("BESIDE", beside), "Reshape")) is lost


@pytest.mark.parametrize(("name", "lost"), [("N", False), ("K", True)])
def test_inputs_whose_open_lengths_have_different_names(name: str, lost: bool) -> None:
    """Nothing says that they are equal."""
    text = HEAD + f"(float[N,4] x, float[{name},4] z) => (float[M,4] y) {{ j = Add(x, z) y = Relu(j) }}"
    assert lost_sizes(*last(text, "Relu")) is lost


def test_a_number_that_is_computed_from_a_shape() -> None:
    """Reshape does not take it; a tensor it does."""
    text = HEAD + (
        "(float[N,4] x) => (int64[1] y, int64[1] z) <int64[1] ax={0}, int64 two={2}, int64[1] k={1}>"
        "{ s = Shape<start=0,end=1>(x) n = Squeeze(s, ax) m = Mul(n, two) y = Reshape(m, k) z = Reshape(s, k) }"
    )
    graph = load_model(parser.parse_model(text).SerializeToString())
    assert [number_of_shape(node, graph) for node in graph.nodes if node.op == "Reshape"] == [True, False]


@pytest.mark.parametrize(("written", "bare"), [("value_float=2.0", True), ("value = float {2}", False)])
def test_a_constant_that_is_no_tensor(written: str, bare: bool) -> None:
    """It is folded before placement; how it was written is kept."""
    text = HEAD + f"(float[1,4] x) => (float[1,4] y) {{ c = Constant<{written}>() y = Add(x, c) }}"
    assert takes_bare_floats(*last(text, "Add")) is bare
