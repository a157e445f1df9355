"""Attention, rotary embedding and the other layers that are followed through the graph."""

from __future__ import annotations

import pytest
from composite_models import HALVES, found_in, number, only, ops, weight

QKV = "float[1, 2, 4, 8] q, float[1, 2, 4, 8] k, float[1, 2, 4, 8] v"
OUT = "float[1, 2, 4, 8] y"
SCALE, INF = number("scale", 0.3535534), number("inf", float("-1e9"))
TURN = "t = Transpose <perm = [0, 1, 3, 2]> (k) "

CORES = {
    "scale on the scores": SCALE
    + TURN
    + "s = MatMul (q, t) z = Mul (s, scale) p = Softmax <axis = -1> (z) y = MatMul (p, v)",
    "divided scores": number("d", 2.8284271)
    + TURN
    + "s = MatMul (q, t) z = Div (s, d) p = Softmax <axis = -1> (z) y = MatMul (p, v)",
    "scale on the queries": SCALE
    + TURN
    + "a = Mul (q, scale) s = MatMul (a, t) p = Softmax <axis = -1> (s) y = MatMul (p, v)",
    "root of the scale on both": number("r", 0.5946036)
    + TURN
    + "a = Mul (q, r) b = Mul (t, r) s = MatMul (a, b) p = Softmax <axis = -1> (s) y = MatMul (p, v)",
    "guarded against NaN": SCALE
    + number("zero", 0.0)
    + TURN
    + "a = Mul (q, scale) s = MatMul (a, t) p = Softmax <axis = -1> (s) n = IsNaN (p) g = Where (n, zero, p) "
    + "y = MatMul (g, v)",
    "softmax in parts": SCALE
    + TURN
    + "s = MatMul (q, t) z = Mul (s, scale) m = ReduceMax <axes = [-1]> (z) d = Sub (z, m) e = Exp (d) "
    + "ax = Constant <value = int64[1] {-1}> () u = ReduceSum (e, ax) p = Div (e, u) y = MatMul (p, v)",
    "einsum": SCALE
    + 's = Einsum <equation = "bhid,bhjd->bhij"> (q, k) z = Mul (s, scale) p = Softmax <axis = -1> (z) '
    + 'y = Einsum <equation = "bhij,bhjd->bhid"> (p, v)',
}


@pytest.mark.parametrize("spelling", CORES)
def test_attention_cores(spelling: str) -> None:
    """One Attention with the total scale, wherever the scale stands, and its Softmax inside it."""
    found = found_in(CORES[spelling], inputs=QKV, output=OUT)
    core = only(found, "Attention")
    assert core.form == "decomposed"
    assert core.node.attrs["scale"] == pytest.approx(0.3535534, rel=1e-3)
    assert [core.node.args[name].name for name in "QKV"] == ["q", "k", "v"]
    assert core.node.args["attn_mask"] is None
    inner = only(found, "Softmax")
    assert {id(node) for node in inner.covers} < {id(node) for node in core.covers}
    assert found.index(core) < found.index(inner)


@pytest.mark.parametrize(
    ("body", "inputs"),
    [
        ("z = Add (s, m)", QKV + ", float[1, 1, 4, 4] m"),
        (INF + "z = Where (m, s, inf)", QKV + ", bool[1, 1, 4, 4] m"),
        (INF + "z = Where (m, inf, s)", QKV + ", bool[1, 1, 4, 4] m"),
    ],
)
def test_attention_with_a_mask(body: str, inputs: str) -> None:
    """A mask that is added or chosen by Where is an argument; the mask itself is not covered."""
    whole = TURN + "s = MatMul (q, t) " + body + " p = Softmax <axis = -1> (z) y = MatMul (p, v)"
    core = only(found_in(whole, inputs=inputs, output=OUT), "Attention")
    assert core.node.args["attn_mask"].name == "m"
    assert core.node.attrs["scale"] == 1.0
    assert "mask" in core.variant


def test_attention_with_a_causal_mask() -> None:
    """A constant mask that hides what comes later is the causal attribute."""
    rows = ", ".join("0" if column <= row else "-1e9" for row in range(4) for column in range(4))
    body = f"m = Constant <value = float[4, 4] {{{rows}}}> () " + TURN
    body += "s = MatMul (q, t) z = Add (s, m) p = Softmax <axis = -1> (z) y = MatMul (p, v)"
    core = only(found_in(body, inputs=QKV, output=OUT), "Attention")
    assert core.node.attrs["is_causal"] == 1
    assert core.node.args["attn_mask"] is None


def test_a_deep_tangle_of_products_is_not_walked_twice() -> None:
    """Queries that are a value times itself, forty times over, cost forty steps and not two to the fortieth."""
    body = "q0 = Add (q, q) " + " ".join(f"q{i} = Mul (q{i - 1}, q{i - 1})" for i in range(1, 40)) + " " + TURN
    body += weight("w", "8, 8") + "s = MatMul (q39, t) p = Softmax <axis = -1> (s) o = MatMul (p, v) y = MatMul (o, w)"
    found = found_in(body, inputs=QKV, output=OUT)
    assert [each.kind for each in found if each.kind != "Softmax"] == ["Attention"]


FLAT = "a = Constant <value = int64[3] {2, 4, 8}> () b = Constant <value = int64[4] {1, 2, 8, 4}> () "


@pytest.mark.parametrize(
    "body",
    [
        TURN + "s = MatMul (q, t) p = Softmax <axis = -1> (s) g = Mul (p, w) u = ReduceSum <keepdims = 1> (g, last) "
        "n = Div (g, u) y = MatMul (n, v)",
        FLAT + "f = Reshape (k, a) r = Transpose <perm = [0, 2, 1]> (f) t = Reshape (r, b) s = MatMul (q, t) "
        "p = Softmax <axis = -1> (s) y = MatMul (p, v)",
        TURN + "s = MatMul (q, t) p = Softmax <axis = -1> (s) d = Dropout (p) e = Shape (d) "
        "y = MatMul (d, v) z = Cast <to = 1> (e)",
        TURN + "i = Constant <value = int64[1, 4] {0, 0, 0, 0}> () m = MatMul (q, t) "
        "c = Constant <value = float[1] {2.0}> () "
        "s = ScatterND (m, i, c) p = Softmax <axis = -1> (s) y = MatMul (p, v)",
    ],
)
def test_attention_with_steps_between(body: str) -> None:
    """Renormalised weights, keys turned through a flat batch, a shape that is asked for, a bias written in."""
    constants = weight("w", "2, 1, 1") + HALVES
    outputs = OUT + ", float[4] z" if "z = " in body else OUT
    core = only(found_in(constants + body, inputs=QKV, output=outputs), "Attention")
    assert [core.node.args[name].name for name in "QKV"] == ["q", "k", "v"]
    assert core.node.args["K"].shape == (1, 2, 4, 8)


def test_attention_with_grouped_queries() -> None:
    """Keys and values repeated by Unsqueeze, Expand, Reshape are taken before the repetition."""
    one = "a2 = Constant <value = int64[1] {2}> () big = Constant <value = int64[5] {1, 2, 2, 4, 8}> () "
    body = one + "flat = Constant <value = int64[4] {1, 4, 4, 8}> () "
    for name in "kv":
        body += f"u{name} = Unsqueeze ({name}, a2) e{name} = Expand (u{name}, big) r{name} = Reshape (e{name}, flat) "
    body += "t = Transpose <perm = [0, 1, 3, 2]> (rk) s = MatMul (q, t) p = Softmax <axis = -1> (s) y = MatMul (p, rv)"
    inputs = "float[1, 4, 4, 8] q, float[1, 2, 4, 8] k, float[1, 2, 4, 8] v"
    core = only(found_in(body, inputs=inputs, output="float[1, 4, 4, 8] y"), "Attention")
    assert [core.node.args[name].name for name in "QKV"] == ["q", "k", "v"]
    assert (core.node.attrs["q_num_heads"], core.node.attrs["kv_num_heads"]) == (4, 2)


def test_attention_with_a_soft_cap() -> None:
    """Cap * tanh(scores / cap) is the softcap attribute, and the scale before it stays the scale."""
    cap = number("cap", 50.0)
    body = cap + SCALE + TURN + "s = MatMul (q, t) w = Mul (s, scale) d = Div (w, cap) h = Tanh (d) z = Mul (h, cap) "
    core = only(found_in(body + "p = Softmax <axis = -1> (z) y = MatMul (p, v)", inputs=QKV, output=OUT), "Attention")
    assert core.node.attrs["softcap"] == pytest.approx(50.0)
    assert core.node.attrs["scale"] == pytest.approx(0.3535534, rel=1e-3)


def test_cosine_attention() -> None:
    """Queries and keys divided by their lengths are attention of the cosine variant."""
    eps = number("eps", 1e-12)
    body = eps + weight("temperature", "2, 1, 1")
    for name in "qk":
        body += (
            f"n{name} = ReduceL2 <axes = [-1]> ({name}) c{name} = Clip (n{name}, eps) u{name} = Div ({name}, c{name}) "
        )
    body += "t = Transpose <perm = [0, 1, 3, 2]> (uk) s = MatMul (uq, t) z = Mul (s, temperature) "
    core = only(found_in(body + "p = Softmax <axis = -1> (z) y = MatMul (p, v)", inputs=QKV, output=OUT), "Attention")
    assert core.variant.startswith("cosine")
    assert [core.node.args[name].name for name in "QKV"] == ["q", "k", "v"]


def test_talking_heads() -> None:
    """A linear layer over heads before the softmax makes it talking-heads attention."""
    body = weight("w", "2, 2") + TURN + "s = MatMul (q, t) a = Transpose <perm = [0, 2, 3, 1]> (s) b = MatMul (a, w) "
    body += "z = Transpose <perm = [0, 3, 1, 2]> (b) p = Softmax <axis = -1> (z) y = MatMul (p, v)"
    assert only(found_in(body, inputs=QKV, output=OUT), "TalkingHeadsAttention").form == "decomposed"


def test_linear_attention() -> None:
    """Keys times values first, with ReLU features, is linear attention."""
    body = "a = Relu (q) b = Relu (k) t = Transpose <perm = [0, 1, 3, 2]> (b) c = MatMul (t, v) y = MatMul (a, c)"
    found = found_in(body, inputs=QKV, output=OUT)
    assert [each.kind for each in found] == ["LinearAttention"]


@pytest.mark.parametrize(
    "body",
    [
        "p = Softmax <axis = -1> (q) y = MatMul (p, k)",
        weight("w", "8, 8") + "s = MatMul (q, w) p = Softmax <axis = -1> (s) y = MatMul (p, k)",
        "t = Transpose <perm = [0, 1, 3, 2]> (k) s = MatMul (q, t) z = Relu (s) y = MatMul (z, v)",
    ],
)
def test_what_is_no_attention(body: str) -> None:
    """A softmax without a product of two computed tensors on both sides is a softmax only."""
    inputs = QKV.replace("float[1, 2, 4, 8] k", "float[1, 2, 8, 8] k") if "Transpose" not in body else QKV
    found = found_in(body, inputs=inputs, output="float[1, 2, 4, 8] y")
    assert not [each for each in found if "Attention" in each.kind]


def test_attention_weights_may_leave_the_layer() -> None:
    """The operator has an output for them, so a second consumer of the softmax hides nothing."""
    body = TURN + "s = MatMul (q, t) p = Softmax <axis = -1> (s) y = MatMul (p, v)"
    found = found_in(body, inputs=QKV, output=OUT + ", float[1, 2, 4, 4] p")
    assert len(only(found, "Attention").covers) == 4


def test_a_block_with_its_projections() -> None:
    """Three projections, heads, attention and the output projection are one MultiHeadAttention around the Attention."""
    body = "k = Constant <value = int64[4] {1, 4, 2, 4}> () j = Constant <value = int64[3] {1, 4, 8}> () "
    for name in "qkv":
        body += weight(f"w{name}", "8, 8") + weight(f"b{name}", "8")
        body += f"m{name} = MatMul (x, w{name}) a{name} = Add (m{name}, b{name}) r{name} = Reshape (a{name}, k) "
    body += (
        weight("wo", "8, 8") + "tq = Transpose <perm = [0, 2, 1, 3]> (rq) tv = Transpose <perm = [0, 2, 1, 3]> (rv) "
    )
    body += (
        "tk = Transpose <perm = [0, 2, 3, 1]> (rk) s = MatMul (tq, tk) p = Softmax <axis = -1> (s) o = MatMul (p, tv) "
    )
    body += "to = Transpose <perm = [0, 2, 1, 3]> (o) ro = Reshape (to, j) y = MatMul (ro, wo)"
    found = found_in(body, inputs="float[1, 4, 8] x", output="float[1, 4, 8] y")
    block, core = only(found, "MultiHeadAttention"), only(found, "Attention")
    assert core in block.parts
    assert len(block.covers) == 18
    assert block.variant.startswith("self-attention, 3 projections")
    assert core.node.args["K"].shape == (1, 2, 4, 4)


HALF_SPLIT = "a = Slice (x, h4, h8, last) b = Slice (x, h0, h4, last) n = Neg (a) "
TABLES = ", float[1, 4, 8] cos, float[1, 4, 8] sin"
ROTATIONS = {
    "half-split": HALF_SPLIT + "r = Concat <axis = -1> (n, b) c = Mul (x, cos) s = Mul (r, sin) y = Add (c, s)",
    "split": "a, b = Split <axis = -1> (x) n = Neg (b) r = Concat <axis = -1> (n, a) s = Mul (sin, r) "
    "c = Mul (cos, x) y = Add (s, c)",
    "interleaved": "h2 = Constant <value = int64[1] {2}> () h1 = Constant <value = int64[1] {1}> () "
    "k = Constant <value = int64[4] {2, 3, 4, 8}> () a = Slice (x, h1, h8, last, h2) b = Slice (x, h0, h8, last, h2) "
    "n = Neg (a) p = Unsqueeze (n, last) q = Unsqueeze (b, last) j = Concat <axis = -1> (p, q) r = Reshape (j, k) "
    "c = Mul (x, cos) s = Mul (r, sin) y = Add (c, s)",
}


@pytest.mark.parametrize("spelling", ROTATIONS)
def test_rotary_embedding(spelling: str) -> None:
    """Halves or even and odd elements, by Slice or Split: one RotaryEmbedding for the tensor."""
    body = HALVES + ROTATIONS[spelling]
    found = found_in(body, inputs="float[2, 3, 4, 8] x" + TABLES, output="float[2, 3, 4, 8] y")
    rotary = only(found, "RotaryEmbedding")
    assert rotary.node.attrs["interleaved"] == int(spelling == "interleaved")
    assert [rotary.node.args[name].name for name in ("X", "cos_cache", "sin_cache")] == ["x", "cos", "sin"]


def test_rotary_embedding_written_out() -> None:
    """The rotation of pairs by four products is the same layer."""
    body = HALVES + "a = Slice (x, h0, h4, last) b = Slice (x, h4, h8, last) ac = Mul (a, cos) bs = Mul (b, sin) "
    body += "m = Sub (ac, bs) bc = Mul (b, cos) sa = Mul (sin, a) p = Add (bc, sa) y = Concat <axis = -1> (m, p)"
    inputs = "float[2, 3, 4, 8] x, float[1, 4, 4] cos, float[1, 4, 4] sin"
    rotary = only(found_in(body, inputs=inputs, output="float[2, 3, 4, 8] y"), "RotaryEmbedding")
    assert rotary.variant == "half-split, rotation written out"


def test_a_concat_of_other_parts_is_no_rotation() -> None:
    """Halves of two different tensors do not rotate anything."""
    body = HALVES + HALF_SPLIT.replace("b = Slice (x", "b = Slice (z")
    body += "r = Concat <axis = -1> (n, b) c = Mul (x, cos) s = Mul (r, sin) y = Add (c, s)"
    inputs = "float[2, 3, 4, 8] x, float[2, 3, 4, 8] z" + TABLES
    assert not found_in(body, inputs=inputs, output="float[2, 3, 4, 8] y")


def rearranged(first: str, perm: str, last: str, *, source: str, result: str) -> list[tuple[str, str]]:
    """Return the kinds and variants that a Reshape, Transpose, Reshape is."""
    count = lambda dims: len(dims.split(","))  # noqa: E731
    body = f"a = Constant <value = int64[{count(first)}] {{{first}}}> () "
    body += f"b = Constant <value = int64[{count(last)}] {{{last}}}> () "
    body += f"r = Reshape (x, a) t = Transpose <perm = [{perm}]> (r) y = Reshape (t, b)"
    return [(c.kind, c.variant) for c in found_in(body, inputs=f"float[{source}] x", output=f"float[{result}] y")]


@pytest.mark.parametrize(
    ("steps", "source", "result", "kind"),
    [
        (("1,2,4,3,4,6", "0,1,3,2,4,5", "6,16,6"), "1,8,12,6", "6,16,6", "WindowPartition"),
        (("1,4,2,4,3,6", "0,2,4,1,3,5", "6,16,6"), "1,8,12,6", "6,16,6", "WindowPartition"),
        (("1,2,3,4,4,6", "0,1,3,2,4,5", "1,8,12,6"), "6,16,6", "1,8,12,6", "WindowReverse"),
        (("1,5,2,2,3,7", "0,1,4,2,5,3", "1,5,6,14"), "1,20,3,7", "1,5,6,14", "DepthToSpace"),
        (("1,5,3,2,7,2", "0,1,3,5,2,4", "1,20,3,7"), "1,5,6,14", "1,20,3,7", "SpaceToDepth"),
    ],
)
def test_rearrangements(steps: tuple[str, str, str], source: str, result: str, kind: str) -> None:
    """Windows, grids, their reversal, pixel shuffle and its inverse differ in which axes are split and merged."""
    assert [each[0] for each in rearranged(*steps, source=source, result=result)] == [kind]


def test_a_plain_change_of_layout_is_no_rearrangement() -> None:
    """Splitting heads off and turning them is not a window."""
    assert rearranged("1,8,2,3", "0,2,1,3", "2,8,3", source="1,8,6", result="2,8,3") == []


def test_patch_embedding() -> None:
    """A convolution whose stride is its kernel takes its layout into tokens with it."""
    body = weight("w", "6, 3, 4, 4") + "k = Constant <value = int64[3] {1, 6, 4}> () "
    body += "c = Conv <kernel_shape = [4, 4], strides = [4, 4]> (x, w) r = Reshape (c, k) "
    body += "y = Transpose <perm = [0, 2, 1]> (r)"
    found = found_in(body, inputs="float[1, 3, 8, 8] x", output="float[1, 4, 6] y")
    assert [(each.kind, len(each.covers)) for each in found] == [("PatchEmbedding", 3)]


def test_squeeze_and_excitation() -> None:
    """The channel means, two layers and a gate multiplied onto the input are one block."""
    body = weight("a", "2, 4, 1, 1") + weight("b", "4, 2, 1, 1")
    body += "p = GlobalAveragePool (x) c = Conv (p, a) r = Relu (c) d = Conv (r, b) g = Sigmoid (d) y = Mul (x, g)"
    found = found_in(body, inputs="float[1, 4, 5, 6] x", output="float[1, 4, 5, 6] y")
    assert [(each.kind, each.variant) for each in found] == [("SqueezeExcitation", "2 layers")]
    other = body.replace("Mul (x, g)", "Mul (z, g)")
    inputs = "float[1, 4, 5, 6] x, float[1, 4, 5, 6] z"
    assert not found_in(other, inputs=inputs, output="float[1, 4, 5, 6] y")


def test_squeeze_and_excitation_whose_gate_is_inside_a_fused_convolution() -> None:
    """ONNX Runtime puts the sigmoid into the convolution before it."""
    body = weight("a", "2, 4, 1, 1") + weight("b", "4, 2, 1, 1") + "p = GlobalAveragePool (x) "
    body += 'c = com.microsoft.FusedConv <activation = "Relu"> (p, a) '
    body += 'g = com.microsoft.FusedConv <activation = "Sigmoid"> (c, b) y = Mul (x, g)'
    found = found_in(body, inputs="float[1, 4, 5, 6] x", output="float[1, 4, 5, 6] y")
    assert [(each.kind, each.variant) for each in found] == [("SqueezeExcitation", "2 layers")]


def test_an_unrolled_lstm_is_one_layer() -> None:
    """Steps that hand their state on are one LSTM, whatever is done with the hidden states."""
    body = ""
    for step in range(3):
        state = f"c{step - 1}" if step else "c"
        body += "".join(f"s{g}{step} = Sigmoid ({g}{step}) " for g in "ifo") + f"tg{step} = Tanh (g{step}) "
        body += f"fc{step} = Mul (sf{step}, {state}) ig{step} = Mul (si{step}, tg{step}) "
        body += f"c{step} = Add (fc{step}, ig{step}) "
        body += f"tc{step} = Tanh (c{step}) h{step} = Mul (so{step}, tc{step}) "
    body += "y = Concat <axis = 0> (h0, h1, h2)"
    inputs = ", ".join(f"float[1, 8] {g}{step}" for step in range(3) for g in "ifog") + ", float[1, 8] c"
    found = found_in(body, inputs=inputs, output="float[3, 8] y")
    assert [(each.kind, each.variant) for each in found] == [("LSTM", "unrolled, 3 steps")]


def test_an_unrolled_gru_is_one_layer() -> None:
    """The convex mix of the candidate and the old state is a GRU step."""
    body = (
        number("one", 1.0)
        + "z = Sigmoid (a) n = Tanh (b) k = Sub (one, z) p = Mul (k, n) q = Mul (z, h) y = Add (p, q)"
    )
    found = found_in(body, inputs="float[1, 8] a, float[1, 8] b, float[1, 8] h", output="float[1, 8] y")
    assert [(each.kind, each.variant) for each in found] == [("GRU", "unrolled, one step")]


def test_parts_are_nested_in_what_holds_them() -> None:
    """Every part of a composite covers nodes of the whole only."""
    body = CORES["root of the scale on both"]
    for composite in found_in(body, inputs=QKV, output=OUT):
        mine = {id(node) for node in composite.covers}
        assert all({id(node) for node in part.covers} <= mine for part in composite.parts)
        assert ops(composite)
