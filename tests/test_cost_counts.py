"""What each operator costs: counts that can be worked out by hand from the definitions in docs/cost.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from onnx import TensorProto, helper, parser

from checker.composites import raise_composites
from checker.cost import measure
from checker.load import load_model

if TYPE_CHECKING:
    from checker.cost import Cost

HEAD = '<ir_version: 10, opset_import: ["" : {opset}, "com.microsoft" : 1, "acme" : 1]>'


def _cost(text: str, opset: int = 17) -> Cost:
    graph = load_model(parser.parse_model(HEAD.replace("{opset}", str(opset)) + text))
    return measure(graph, raise_composites(graph), orders=True)


@pytest.mark.parametrize(
    ("text", "opset", "macs"),
    [
        # scores 2 x 4 x 5 x 6 x 8, values 2 x 4 x 5 x 6 x 3
        (
            "g (float[2,4,5,8] q, float[2,4,6,8] k, float[2,4,6,3] v) => (float[2,4,5,3] y) {y = Attention(q, k, v)}",
            23,
            2 * 4 * 5 * 6 * (8 + 3),
        ),
        (
            (
                "g (float[2,5,32] q, float[2,6,16] k, float[2,6,16] v) => (float[2,5,32] y) "
                "{y = Attention <q_num_heads = 4, kv_num_heads = 2> (q, k, v)}"
            ),
            23,
            2 * 4 * 5 * 6 * (8 + 8),
        ),
        # packed projection 2 x 5 x 8 x 24, then two products of 2 x 5 x 5 x 8
        (
            (
                "g (float[2,5,8] x, float[8,24] w, float[24] b) => (float[2,5,8] y) "
                "{y = com.microsoft.Attention <num_heads = 2> (x, w, b)}"
            ),
            17,
            2 * 5 * 8 * 24 + 2 * 2 * 5 * 5 * 8,
        ),
        (
            (
                "g (float[2,5,8] q, float[2,7,8] k, float[2,7,8] v) => (float[2,5,8] y) "
                "{y = com.microsoft.MultiHeadAttention <num_heads = 2> (q, k, v)}"
            ),
            17,
            2 * 2 * 5 * 7 * 8,
        ),
        # one new token beside seven kept ones: eight keys for 4 heads of width 2
        (
            (
                "g (float[1,1,8] q, float[1,1,4] k, float[1,1,4] v, float[1,2,7,2] pk, float[1,2,7,2] pv, int32[1] s, "
                "int32 t) => (float[1,1,8] y, float[1,2,8,2] ok, float[1,2,8,2] ov) "
                "{y, ok, ov = com.microsoft.GroupQueryAttention <num_heads = 4, kv_num_heads = 2> "
                "(q, k, v, pk, pv, s, t)}"
            ),
            17,
            2 * 8 * 8,
        ),
        (
            (
                "g (float[3,64] a, uint8[16,2,16] b, float[32] s) => (float[3,16] y) "
                "{y = com.microsoft.MatMulNBits <N = 16, K = 64, bits = 4, block_size = 32> (a, b, s)}"
            ),
            17,
            3 * 16 * 64,
        ),
        (
            'g (float[2,3,4,5] a, float[2,3,6,5] b) => (float[2,3,4,6] y) {y = Einsum<equation = "...ik,...jk">(a, b)}',
            17,
            2 * 3 * 4 * 6 * 5,
        ),
        (
            'g (float[4,5] a, float[5,6] b, float[6,7] c) => (float[4,7] y) {y = Einsum<equation="ij,jk,kl">(a, b, c)}',
            17,
            2 * 4 * 5 * 6 * 7,
        ),
        (
            (
                "g (float[6,2,5] x, float[2,9,5] w, float[2,9,3] r) => (float[6,2,2,3] y) "
                '{y = GRU <hidden_size = 3, direction = "bidirectional"> (x, w, r)}'
            ),
            17,
            6 * 2 * 2 * 3 * 3 * (5 + 3),
        ),
        (
            "g (float[1,4,9] x, float[6,2,3] w) => (float[1,6,7] y) {y = Conv <group = 2> (x, w)}",
            17,
            6 * 7 * 2 * 3,
        ),
        (
            "g (float[1,2,4,5,6] x, float[3,2,2,2,2] w) => (float[1,3,3,4,5] y) {y = Conv(x, w)}",
            17,
            3 * 3 * 4 * 5 * 2 * 8,
        ),
    ],
)
def test_attention_contrib_and_other_products_are_counted(text: str, opset: int, macs: int) -> None:
    """Both products of an attention, packed weights by their attributes, every index of an Einsum."""
    cost = _cost(text, opset)
    assert cost.complete
    assert cost.macs == macs


def _looped(trips: int | None) -> Cost:
    """Return the cost of a Loop whose body multiplies [2, 3] by [3, 3]."""
    keep, product = (
        helper.make_node("Identity", ["more"], ["go_on"]),
        helper.make_node("MatMul", ["state", "w"], ["next"]),
    )
    body = helper.make_graph(
        [keep, product],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("more", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [2, 3]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [2, 3]),
        ],
    )
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])]
    stored = [helper.make_tensor("w", TensorProto.FLOAT, [3, 3], [0.5] * 9)]
    if trips is None:
        inputs.append(helper.make_tensor_value_info("n", TensorProto.INT64, []))
    else:
        stored.append(helper.make_tensor("n", TensorProto.INT64, [], [trips]))
    graph = helper.make_graph(
        [helper.make_node("Loop", ["n", "", "x"], ["y"], body=body)],
        "g",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])],
        stored,
    )
    return measure(load_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])))


def test_a_body_counts_as_often_as_its_loop_turns() -> None:
    """Seven turns are seven products; turns that only the run decides count once, as a lower bound that says so."""
    assert _looped(7).macs == 7 * 2 * 3 * 3
    assert _looped(7).complete
    assert list(_looped(7).per_node.values()) == [7 * 2 * 3 * 3]
    unknown = _looped(None)
    assert unknown.macs == 2 * 3 * 3
    assert not unknown.complete
    assert any("how often the body of Loop runs" in gap.what for gap in unknown.gaps)


def test_open_axes_are_a_formula() -> None:
    """A symbol of the file stands in the count; the plain figure takes it as 1 and is no complete one."""
    cost = _cost("g (float[N,8,10,10] x, float[16,8,3,3] w) => (float[N,16,8,8] y) {y = Conv(x, w)}")
    assert cost.macs == 16 * 64 * 72
    assert cost.formula == "73728*N"
    assert not cost.complete
    assert cost.proportional
    attention = _cost("g (float[B,4,L,8] q, float[B,4,L,8] k) => (float[B,4,L,L] y) {t = Transpose <perm = [0,1,3,2]> (k) y = MatMul(q, t)}")  # fmt: skip # noqa: E501
    assert attention.formula == "32*B*L^2"


def test_an_operator_that_nobody_knows_makes_a_lower_bound() -> None:
    """What another domain's operator computes is not known; the rest still counts."""
    cost = _cost("g (float[5,7] a, float[7,3] b) => (float[5,3] y) {m = MatMul(a, b) y = acme.Magic(m)}")
    assert cost.macs == 5 * 7 * 3
    assert not cost.complete
    assert not cost.proportional
    assert any("acme.Magic" in gap.what for gap in cost.gaps)


@pytest.mark.parametrize(
    ("text", "kind", "steps"),
    [
        ("g (float[2,8] x) => (float[2,8] y) {y = Relu(x)}", "Activation", 16),
        ("g (float[2,8] x, float[8] b) => (float[2,8] y) {y = Add(x, b)}", "Elementwise", 16),
        ("g (float[2,8] x) => (float[2,8] y) {y = Softmax(x)}", "Softmax", 16 * 5),
        ("g (float[2,8] x, float[8] s) => (float[2,8] y) {y = LayerNormalization(x, s)}", "Normalization", 16 * 7),
        ("g (float[2,8] x) => (float[2,1] y) {y = ReduceMax <axes = [1]> (x)}", "Reduction", 16),
        (
            "g (float[1,4,6,6] x) => (float[1,4,3,3] y) {y = MaxPool <kernel_shape=[2,2], strides=[2,2]> (x)}",
            "Pooling",
            4 * 9 * 4,
        ),
        ("g (float[2,8] x) => (float[8,2] y) {y = Transpose(x)}", "DataMovement", 0),
    ],
)
def test_element_wise_steps_are_counted_apart(text: str, kind: str, steps: int) -> None:
    """Steps by the table in docs/cost.md, never among the multiply-accumulates."""
    cost = _cost(text)
    assert cost.macs == 0
    assert cost.elementwise_ops == steps
    assert [each.kind for each in cost.kinds] == [kind]


def test_bytes_moved_are_what_nodes_read_and_write() -> None:
    """Four bytes an element; a view moves nothing; of an embedding only the rows that are picked are read."""
    cost = _cost("g (float[2,8] x, float[8,4] w) => (float[4,2] y) <float[8,4] w> {m = MatMul(x, w) r = Reshape <allowzero = 0> (m, s) y = Relu(r)}".replace("<float[8,4] w>", "<float[8,4] w, int64[2] s = {4, 2}>"))  # fmt: skip # noqa: E501
    matmul, relu = cost.nodes[0], cost.nodes[-1]
    assert (matmul.read + matmul.weights, matmul.written) == (4 * (16 + 32), 4 * 8)
    assert (relu.read, relu.written) == (32, 32)
    assert sum(each.bytes for each in cost.kinds if each.kind == "View") == 0
    table = helper.make_tensor("w", TensorProto.FLOAT, [1000, 16], bytes(64_000), raw=True)
    ids = helper.make_tensor_value_info("i", TensorProto.INT64, [3])
    rows = helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, 16])
    graph = helper.make_graph([helper.make_node("Gather", ["w", "i"], ["y"])], "g", [ids], [rows], [table])
    picked = measure(load_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))).nodes[0]
    assert (picked.weights, picked.read, picked.written) == (3 * 64, 24, 3 * 64)


def test_parts_of_a_layer_bear_its_kind() -> None:
    """The five nodes of a GELU are activation, those of a softmax(QK)V attention MatMul only where they multiply."""
    gelu = _cost(
        "g (float[1,8] x) => (float[1,8] y) <float two = {1.41421356}, float one = {1}, float half = {0.5}> "
        "{a = Div(x, two) e = Erf(a) p = Add(e, one) m = Mul(x, p) y = Mul(m, half)}"
    )
    assert {each.kind: each.nodes for each in gelu.kinds} == {"Activation": 5}


def test_views_are_counted_apart() -> None:
    """A Reshape moves nothing, and would read and write all of it where it is a copy."""
    graph = load_model(
        parser.parse_model(
            HEAD.replace("{opset}", "17")
            + "g (float[2,8] x) => (float[4,4] y) <int64[2] s = {4, 4}> {y = Reshape(x, s)}"
        )
    )
    cost = measure(graph)
    assert (cost.bytes_moved, cost.view_bytes) == (0, 2 * 64)
