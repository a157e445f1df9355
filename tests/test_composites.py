"""Activations, normalisations and softmax: recognised in every spelling, and not where the arithmetic differs."""

from __future__ import annotations

import pytest
from composite_models import found_in, graph_of, number, only, ops, weight

from checker.composites import raise_, raise_composites

HALF, ONE, ROOT, CUBE = number("half", 0.5), number("one", 1.0), number("root", 1.4142135), number("cubic", 0.044715)
THREE, SIX, ZERO, SLOPE = number("three", 3.0), number("six", 6.0), number("zero", 0.0), number("slope", 0.7978845)
TWO, EPS = number("two", 2.0), number("eps", 1e-5)

GELUS = {
    "torch legacy": "d = Div (x, root) e = Erf (d) a = Add (e, one) m = Mul (x, a) y = Mul (m, half)",
    "torch dynamo": "d = Div (x, root) e = Erf (d) a = Add (e, one) m = Mul (a, half) y = Mul (x, m)",
    "multiplied by the inverse": number("inv", 0.70710678)
    + "d = Mul (x, inv) e = Erf (d) a = Add (one, e) m = Mul (half, x) y = Mul (a, m)",
    "distributed": "d = Div (x, root) e = Erf (d) h = Mul (e, half) a = Add (h, half) y = Mul (x, a)",
}


@pytest.mark.parametrize("spelling", GELUS)
def test_gelu_with_erf(spelling: str) -> None:
    """Every association, operand order and distribution of the factor is one Gelu."""
    gelu = only(found_in(HALF + ONE + ROOT + GELUS[spelling]), "Gelu")
    assert gelu.form == "decomposed"
    assert gelu.node.attrs["approximate"] == "none"
    assert gelu.node.args["X"].name == "x"
    assert len(gelu.covers) in {5, 6}


TANHS = {
    "power": "p = Pow (x, three) c = Mul (p, cubic) s = Add (x, c) t = Mul (s, slope) h = Tanh (t) a = Add (h, one) "
    "m = Mul (x, half) y = Mul (m, a)",
    "product": "p = Mul (x, x) q = Mul (p, x) c = Mul (cubic, q) s = Add (c, x) t = Mul (slope, s) h = Tanh (t) "
    "a = Add (one, h) m = Mul (half, a) y = Mul (x, m)",
    "factored": "p = Mul (x, x) c = Mul (p, cubic) s = Add (c, one) u = Mul (x, slope) t = Mul (u, s) h = Tanh (t) "
    "a = Add (h, one) m = Mul (x, a) y = Mul (m, half)",
}


@pytest.mark.parametrize("spelling", TANHS)
def test_gelu_with_tanh(spelling: str) -> None:
    """The cube as Pow, as products, or factored out is one Gelu with the tanh approximation."""
    body = HALF + ONE + THREE + CUBE + SLOPE + TANHS[spelling]
    gelu = only(found_in(body), "Gelu")
    assert gelu.node.attrs["approximate"] == "tanh"
    assert "Tanh" in ops(gelu)


def test_gelu_whose_inner_value_is_used_elsewhere_is_not_one() -> None:
    """A fused operator would not give the inner value to its other consumer."""
    body = (
        HALF
        + ONE
        + ROOT
        + "d = Div (x, root) e = Erf (d) a = Add (e, one) m = Mul (x, a) y = Mul (m, half) z = Relu (e)"
    )
    found = found_in(body, output="float[2, 4, 8] y, float[2, 4, 8] z")
    assert not [each for each in found if each.kind == "Gelu"]


def test_gelu_whose_factor_went_into_the_next_layer() -> None:
    """Simplifiers multiply the 0.5 into the next weights: still a Gelu, but never written as the operator again."""
    graph = graph_of(ONE + ROOT + "d = Div (x, root) e = Erf (d) a = Add (e, one) y = Mul (x, a)", opset=20)
    gelu = only(raise_composites(graph), "Gelu")
    assert "without its factor" in gelu.variant
    assert len(raise_(graph, [gelu]).nodes) == 4


def test_gelu_of_another_value_is_not_one() -> None:
    """The argument of erf must be the factor: x times (1 + erf(z / sqrt 2)) is no Gelu."""
    body = HALF + ONE + ROOT + "d = Div (z, root) e = Erf (d) a = Add (e, one) m = Mul (x, a) y = Mul (m, half)"
    assert not found_in(body, inputs="float[2, 4, 8] x, float[2, 4, 8] z")


@pytest.mark.parametrize(
    ("body", "kind", "covered"),
    [
        ("s = Sigmoid (x) y = Mul (x, s)", "Swish", 2),
        (number("k", 1.702) + "m = Mul (x, k) s = Sigmoid (m) y = Mul (x, s)", "QuickGelu", 3),
        ("s = Softplus (x) t = Tanh (s) y = Mul (x, t)", "Mish", 3),
        (
            number("limit", 20.0)
            + "s = Softplus (x) g = Greater (x, limit) w = Where (g, x, s) t = Tanh (w) y = Mul (x, t)",
            "Mish",
            5,
        ),
        (ONE + "e = Exp (x) o = Add (e, one) s = Log (o) t = Tanh (s) y = Mul (t, x)", "Mish", 5),
        (
            THREE + ZERO + SIX + "a = Add (x, three) c = Clip (a, zero, six) m = Mul (x, c) y = Div (m, six)",
            "HardSwish",
            4,
        ),
        ("h = HardSigmoid <alpha = 0.16666667, beta = 0.5> (x) y = Mul (x, h)", "HardSwish", 2),
        (ZERO + SIX + "y = Clip (x, zero, six)", "Relu6", 1),
        (SIX + "r = Relu (x) y = Min (r, six)", "Relu6", 2),
        (THREE + ZERO + SIX + "a = Add (x, three) c = Clip (a, zero, six) y = Div (c, six)", "HardSigmoid", 3),
    ],
)
def test_activations_in_parts(body: str, kind: str, covered: int) -> None:
    """Each activation is found once, with the nodes that compute it and nothing else."""
    found = found_in(body)
    assert [each.kind for each in found] == [kind]
    assert found[0].form == "decomposed"
    assert len(found[0].covers) == covered


@pytest.mark.parametrize(
    "body",
    [
        "s = Sigmoid (z) y = Mul (x, s)",
        "h = HardSigmoid <alpha = 0.2, beta = 0.5> (x) y = Mul (x, h)",
        ZERO + number("five", 5.0) + "y = Clip (x, zero, five)",
        "s = Softplus (x) t = Tanh (s) y = Mul (z, t)",
    ],
)
def test_what_only_looks_like_an_activation_is_none(body: str) -> None:
    """A gate by another value, another slope, another limit: no composite but the operators themselves."""
    found = found_in(body, inputs="float[2, 4, 8] x, float[2, 4, 8] z")
    assert all(each.form == "operator" for each in found)


MEAN, MEAN2 = "m = ReduceMean <axes = [-1]> (x) ", "v = ReduceMean <axes = [-1]> (q) "
SCALE = weight("s", "8") + weight("b", "8", fill=-0.5)
NORMS = {
    "torch": MEAN + "d = Sub (x, m) q = Pow (d, two) " + MEAN2 + "w = Add (v, eps) r = Sqrt (w) n = Div (d, r)",
    "square as a product": MEAN
    + "d = Sub (x, m) q = Mul (d, d) "
    + MEAN2
    + "w = Add (v, eps) r = Sqrt (w) n = Div (d, r)",
    "reciprocal": MEAN
    + "d = Sub (x, m) q = Pow (d, two) "
    + MEAN2
    + "w = Add (eps, v) r = Sqrt (w) i = Reciprocal (r) n = Mul (i, d)",
    "power": number("p", -0.5)
    + MEAN
    + "d = Sub (x, m) q = Mul (d, d) "
    + MEAN2
    + "w = Add (v, eps) i = Pow (w, p) n = Mul (d, i)",
    "two differences": MEAN
    + "d = Sub (x, m) e = Sub (x, m) q = Pow (e, two) "
    + MEAN2
    + "w = Add (v, eps) r = Sqrt (w) n = Div (d, r)",
    "two passes": MEAN
    + "d = Sub (x, m) q = Pow (x, two) "
    + MEAN2
    + "u = Pow (m, two) z = Sub (v, u) w = Add (z, eps) r = Sqrt (w) n = Div (d, r)",
}


@pytest.mark.parametrize("spelling", NORMS)
@pytest.mark.parametrize("tail", [" t = Mul (n, s) y = Add (t, b)", " y = Mul (s, n)", " y = Identity (n)"])
def test_layer_normalisation(spelling: str, tail: str) -> None:
    """Every spelling, with scale and bias, without bias, without either."""
    norm = only(found_in(EPS + TWO + SCALE + NORMS[spelling] + tail), "LayerNormalization")
    assert norm.node.attrs["axis"] == -1
    assert norm.node.attrs["epsilon"] == pytest.approx(1e-5)
    assert (norm.node.args["Scale"] is not None) == ("Mul" in tail)
    assert (norm.node.args["B"] is not None) == ("Add" in tail)
    assert norm.node.args["X"].name == "x"


def test_layer_normalisation_with_the_mean_folded_into_the_bias() -> None:
    """TensorFlow's exporters write x * (r * s) + (b - mean * (r * s))."""
    body = EPS + TWO + SCALE + MEAN + "d = Sub (x, m) q = Pow (d, two) " + MEAN2
    body += "w = Add (v, eps) r = Sqrt (w) i = Reciprocal (r) k = Mul (i, s) p = Mul (x, k) o = Mul (m, k) "
    body += "z = Sub (b, o) y = Add (p, z)"
    norm = only(found_in(body), "LayerNormalization")
    assert {"Scale", "B"} <= {name for name, value in norm.node.args.items() if value is not None}


def test_layer_normalisation_over_channels_first() -> None:
    """A mean over axis 1 of four is told apart: the operator cannot say it."""
    parts = "m = ReduceMean <axes = [1]> (x) d = Sub (x, m) q = Pow (d, two) v = ReduceMean <axes = [1]> (q) "
    body = EPS + TWO + weight("s", "4, 1, 1") + parts + "w = Add (v, eps) r = Sqrt (w) n = Div (d, r) y = Mul (n, s)"
    norm = only(
        found_in(body, inputs="float[1, 4, 5, 6] x", output="float[1, 4, 5, 6] y"),
        "LayerNormalization",
    )
    assert norm.variant.startswith("channels first")
    assert norm.node.attrs["axis"] == 1


def test_instance_normalisation_from_means() -> None:
    """Means over the pixels of each channel are an instance normalisation."""
    parts = "m = ReduceMean <axes = [2, 3]> (x) d = Sub (x, m) q = Mul (d, d) v = ReduceMean <axes = [2, 3]> (q) "
    body = EPS + weight("s", "4, 1, 1") + parts + "w = Add (v, eps) r = Sqrt (w) n = Div (d, r) y = Mul (n, s)"
    found = found_in(body, inputs="float[1, 4, 5, 6] x", output="float[1, 4, 5, 6] y")
    assert [each.kind for each in found] == ["InstanceNormalization"]


def test_rms_normalisation_between_casts() -> None:
    """The float32 island of language models belongs to the normalisation."""
    body = EPS + TWO + weight("s", "8") + "h = Cast <to = 10> (s) f = Cast <to = 1> (x) q = Pow (f, two) "
    body += "v = ReduceMean <axes = [-1]> (q) w = Add (v, eps) r = Sqrt (w) o = Constant <value = float {1.0}> () "
    body += "i = Div (o, r) n = Mul (f, i) c = Cast <to = 10> (n) y = Mul (h, c)"
    found = found_in(body, inputs="float16[2, 4, 8] x", output="float16[2, 4, 8] y")
    norm = only(found, "RMSNormalization")
    assert "casts inside" in norm.variant
    assert norm.node.args["X"].name == "x"
    assert ops(norm).count("Cast") == 2


def test_a_scale_along_other_axes_is_not_the_layers_own() -> None:
    """A constant that varies along the batch is multiplied after the normalisation, not part of it."""
    body = EPS + TWO + weight("s", "2, 1, 1") + NORMS["torch"] + " y = Mul (n, s)"
    norm = only(found_in(body), "LayerNormalization")
    assert norm.node.args["Scale"] is None
    assert norm.covers[-1].op == "Div"


@pytest.mark.parametrize(
    "body",
    [
        "n = ReduceL2 <axes = [-1]> (x) c = Clip (n, eps) y = Div (x, c)",
        "n = ReduceL2 <axes = [-1]> (x) c = Max (n, eps) y = Div (x, c)",
        "q = Mul (x, x) n = ReduceSumSquare <axes = [-1]> (x) w = Add (n, eps) r = Sqrt (w) y = Div (x, r)",
        "n = ReduceL2 <axes = [-1]> (x) c = Clip (n, eps) k = Shape (x) e = Expand (c, k) y = Div (x, e)",
    ],
)
def test_l2_normalisation(body: str) -> None:
    """A vector over its length, clipped or with epsilon added."""
    norm = only(found_in(EPS + body), "LpNormalization")
    assert norm.node.attrs["p"] == 2
    assert norm.node.attrs["axis"] == -1


def test_softmax_in_parts() -> None:
    """Exponentials over their sum, the maximum subtracted first, are one Softmax."""
    axes = "a = Constant <value = int64[1] {-1}> () "
    body = axes + "m = ReduceMax <axes = [-1]> (x) d = Sub (x, m) e = Exp (d) s = ReduceSum (e, a) y = Div (e, s)"
    softmax = only(found_in(body), "Softmax")
    assert softmax.form == "decomposed"
    assert ops(softmax) == ["ReduceMax", "Sub", "Exp", "ReduceSum", "Div"]
    assert softmax.node.attrs["axis"] == -1


def test_softmax_with_the_maximum_subtracted_before_the_operator() -> None:
    """The extra ReduceMax and Sub that keep fused attention from matching are named."""
    body = "m = ReduceMax <axes = [-1]> (x) d = Sub (x, m) y = Softmax <axis = -1> (d)"
    softmax = only(found_in(body), "Softmax")
    assert softmax.variant == "maximum subtracted before the operator"
    assert len(softmax.covers) == 3


def test_group_normalisation_through_instance_normalisation() -> None:
    """Reshape, InstanceNormalization, Reshape, Mul, Add are one group normalisation, and no instance normalisation."""
    ones, zeros = weight("o", "2"), weight("z", "2")
    body = ones + zeros + weight("s", "4, 1, 1") + weight("b", "4, 1, 1")
    body += "k = Constant <value = int64[3] {0, 2, -1}> () l = Constant <value = int64[4] {1, 4, 5, 6}> () "
    body += "g = Reshape (x, k) n = InstanceNormalization (g, o, z) r = Reshape (n, l) m = Mul (r, s) y = Add (m, b)"
    found = found_in(body, inputs="float[1, 4, 5, 6] x", output="float[1, 4, 5, 6] y")
    assert [each.kind for each in found] == ["GroupNormalization"]
    assert found[0].node.attrs["num_groups"] == 2
    assert ops(found[0]) == ["Reshape", "InstanceNormalization", "Reshape", "Mul", "Add"]


@pytest.mark.parametrize(
    ("body", "kind", "opset"),
    [
        ('y = Gelu <approximate = "tanh"> (x)', "Gelu", 20),
        ("y = com.microsoft.FastGelu (x)", "Gelu", 17),
        ("y = com.microsoft.QuickGelu <alpha = 1.702> (x)", "QuickGelu", 17),
        ("y = com.microsoft.QuickGelu <alpha = 1.0> (x)", "Swish", 17),
        ("y = HardSwish (x)", "HardSwish", 17),
        ("y = Mish (x)", "Mish", 18),
        (weight("s", "8") + "y = LayerNormalization <axis = -1> (x, s)", "LayerNormalization", 17),
        (weight("s", "8") + "y = RMSNormalization <axis = -1> (x, s)", "RMSNormalization", 23),
        (weight("s", "8") + "y = com.microsoft.SkipLayerNormalization (x, x, s)", "LayerNormalization", 17),
        ("y = Softmax <axis = -1> (x)", "Softmax", 17),
    ],
)
def test_operators_are_composites_too(body: str, kind: str, opset: int) -> None:
    """An operator of the file is the composite of its kind, in operator form, under the newest names."""
    found = found_in(body, opset=opset)
    assert [(each.kind, each.form) for each in found] == [(kind, "operator")]
    assert next(iter(found[0].node.args.values())).name == "x"


def test_a_body_is_read_as_a_graph_of_its_own() -> None:
    """A Swish in a branch of If is found."""
    graph = graph_of(
        "y = If (c) <then_branch = t () => (float[2, 4, 8] a) { s = Sigmoid (x) a = Mul (x, s) }, "
        "else_branch = e () => (float[2, 4, 8] b) { b = Relu (x) }>",
        inputs="bool c, float[2, 4, 8] x",
    )
    assert [each.kind for each in raise_composites(graph)] == ["Swish"]


def test_the_same_graph_gives_the_same_list() -> None:
    """Order and content do not depend on the run."""
    graph = graph_of(EPS + TWO + SCALE + NORMS["torch"] + " t = Mul (n, s) y = Add (t, b)")
    one, two = raise_composites(graph), raise_composites(graph)
    assert [(c.kind, c.variant, [n.name for n in c.covers]) for c in one] == [
        (c.kind, c.variant, [n.name for n in c.covers]) for c in two
    ]
