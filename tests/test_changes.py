"""Changes that are tried in memory: they compute the same, and fit where they are put."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from composite_models import graph_of, number, weight
from running import assert_same, assert_whole, feeds_of, outputs_of
from test_place import row, table

from checker.changes import (
    Candidate,
    Shop,
    State,
    batch_norm,
    gelu_form,
    in_parts,
    nan_guard,
    one_operator,
    opset,
    spelling,
    tail,
)
from checker.graph import Graph
from checker.lowering import lowered
from checker.rewire import missing_at
from checker.target import Target


def state_of(graph: Graph, target: Target | None = None) -> tuple[State, Shop]:
    """Place a graph on a target; on one that knows nothing unless another is given."""
    shop = Shop()
    return shop.state(graph, target or table(), "fp16"), shop


def made(candidates: Iterator[Candidate], part: str = "") -> Graph:
    """Make the one change whose words hold a part."""
    found = [each for each in candidates if part in each.what]
    assert len(found) == 1, [each.what for each in found]
    graph = found[0].make()
    assert graph is not None
    assert_whole(graph)
    return graph


CONTRIB = {
    "SkipLayerNormalization with its sum": (
        weight("s", "8") + weight("b", "8") + "y, m, v, t = com.microsoft.SkipLayerNormalization (x, k, s, b)",
        "float[2, 4, 8] x, float[2, 4, 8] k",
        "float[2, 4, 8] y, float[2, 4, 8] t",
    ),
    "SkipLayerNormalization with a bias": (
        weight("s", "8") + weight("b", "8") + "y = com.microsoft.SkipLayerNormalization (x, k, s, b, b)",
        "float[2, 4, 8] x, float[2, 4, 8] k",
        "float[2, 4, 8] y",
    ),
    "SkipSimplifiedLayerNormalization": (
        weight("s", "8") + "y = com.microsoft.SkipSimplifiedLayerNormalization <epsilon = 0.001> (x, k, s)",
        "float[2, 4, 8] x, float[2, 4, 8] k",
        "float[2, 4, 8] y",
    ),
    "BiasGelu": (weight("b", "8") + "y = com.microsoft.BiasGelu (x, b)", "float[2, 8] x", "float[2, 8] y"),
    "FastGelu": (weight("b", "8") + "y = com.microsoft.FastGelu (x, b)", "float[2, 8] x", "float[2, 8] y"),
    "Gelu": ("y = com.microsoft.Gelu (x)", "float[2, 8] x", "float[2, 8] y"),
    "QuickGelu": ("y = com.microsoft.QuickGelu <alpha = 1.702> (x)", "float[2, 8] x", "float[2, 8] y"),
    "FusedMatMul": (
        "y = com.microsoft.FusedMatMul <alpha = 0.5, transB = 1> (x, k)",
        "float[2, 4, 8] x, float[2, 5, 8] k",
        "float[2, 4, 5] y",
    ),
    "FusedConv": (
        weight("w", "2, 3, 1, 1") + weight("b", "2") + 'y = com.microsoft.FusedConv <activation = "LeakyRelu", '
        "activation_params = [0.1], kernel_shape = [1, 1]> (x, w, b)",
        "float[1, 3, 4, 4] x",
        "float[1, 2, 4, 4] y",
    ),
    "FusedGemm": (
        weight("w", "8, 3") + 'y = com.microsoft.FusedGemm <activation = "Relu"> (x, w)',
        "float[2, 8] x",
        "float[2, 3] y",
    ),
    "EmbedLayerNormalization": (
        weight("w", "6, 4") + weight("p", "5, 4") + weight("t", "4, 4") + weight("s", "4") + weight("b", "4")
        + "y, i2 = com.microsoft.EmbedLayerNormalization (i, g, w, p, t, s, b)",
        "int32[2, 5] i, int32[2, 5] g",
        "float[2, 5, 4] y",
    ),
    "Attention with a mask": (
        weight("w", "8, 24") + weight("b", "24") + "y = com.microsoft.Attention <num_heads = 2> (x, w, b, m)",
        "float[2, 5, 8] x, int32[2, 5] m",
        "float[2, 5, 8] y",
    ),
    "MultiHeadAttention with a bias": (
        weight("b", "24") + "y = com.microsoft.MultiHeadAttention <num_heads = 2> (q, k, v, b)",
        "float[2, 5, 8] q, float[2, 6, 8] k, float[2, 6, 8] v",
        "float[2, 5, 8] y",
    ),
    "RotaryEmbedding": (
        weight("c", "6, 4") + weight("s", "6, 4") + "y = com.microsoft.RotaryEmbedding (x, p, c, s)",
        "float[2, 3, 5, 8] x, int64[2, 5] p",
        "float[2, 3, 5, 8] y",
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", [13, 17, 20])
@pytest.mark.parametrize("name", CONTRIB)
def test_a_fused_operator_of_onnx_runtime_in_standard_ones_computes_the_same(name: str, version: int) -> None:
    """ONNX Runtime runs both on the same numbers; nothing of its own domain is left."""
    body, inputs, output = CONTRIB[name]
    graph = graph_of(body, inputs=inputs, output=output, opset=version)
    changed = made(in_parts.propose(state_of(graph)[0]), "ONNX Runtime's optimiser")
    assert {node.domain for node in changed.nodes} == {""}
    assert not missing_at(changed, version)
    assert_same(graph, changed, most=2)


def test_what_a_fused_operator_does_beyond_is_not_lost() -> None:
    """A cache, a padding mask or an activation without a spelling of its own leaves the operator as it is."""
    body = "y = com.microsoft.MultiHeadAttention <num_heads = 2> (q, k, v, , m)"
    inputs = "float[2, 5, 8] q, float[2, 5, 8] k, float[2, 5, 8] v, int32[2, 5] m"
    graph = graph_of(body, inputs=inputs, output="float[2, 5, 8] y")
    assert lowered(graph.nodes[0], 17, 17) is None


SPELLINGS = {
    "write Flatten as Reshape": ("y = Flatten (x)", "float[2, 32] y"),
    "set allowzero of Reshape": (
        "t = Constant <value = int64[2] {2, 32}> () y = Reshape <allowzero = 1> (x, t)",
        "float[2, 32] y",
    ),
    "write Reshape as Flatten": ("t = Constant <value = int64[2] {2, 32}> () y = Reshape (x, t)", "float[2, 32] y"),
    "write Gather of one place": ("i = Constant <value = int64 {-1}> () y = Gather <axis = 1> (x, i)", "float[2, 8] y"),
    "constant of Mul second": (weight("w", "4, 8") + "y = Mul (w, x)", "float[2, 4, 8] y"),
    "write the square as Mul": (number("two", 2.0) + "y = Pow (x, two)", "float[2, 4, 8] y"),
    "transpose around Softmax": ("y = Softmax <axis = 1> (x)", "float[2, 4, 8] y"),
    "write Squeeze as Reshape": (
        "t = Constant <value = int64[1] {0}> () c = ReduceMax <axes = [0]> (x) y = Squeeze (c, t)",
        "float[4, 8] y",
    ),
    "write Sum as Add": ("y = Sum (x, x, x)", "float[2, 4, 8] y"),
    "constant as Gemm": (weight("w", "8, 3") + "y = MatMul (x, w)", "float[2, 4, 3] y"),
    "constant as a 1x1 convolution": (weight("w", "8, 3") + "y = MatMul (x, w)", "float[2, 4, 3] y"),
}

PICTURES = {
    "write GlobalAveragePool as AveragePool": "y = GlobalAveragePool (x)",
    "write GlobalAveragePool as ReduceMean": "y = GlobalAveragePool (x)",
    "write GlobalMaxPool as MaxPool": "y = GlobalMaxPool (x)",
    "mean over the picture as GlobalAveragePool": "y = ReduceMean <axes = [2, 3]> (x)",
    "mean over the picture as AveragePool": "y = ReduceMean <axes = [-1, -2]> (x)",
}


@pytest.mark.parametrize("part", SPELLINGS)
def test_another_spelling_computes_the_same(part: str) -> None:
    """The graph is whole, has the same output, and is written otherwise."""
    body, output = SPELLINGS[part]
    graph = graph_of(body, output=output)
    changed = made(spelling.propose(state_of(graph)[0]), part)
    assert [node.op for node in changed.nodes] != [node.op for node in graph.nodes] or "second" in part or "set" in part
    assert_same(graph, changed)


@pytest.mark.parametrize("part", PICTURES)
def test_another_pooling_computes_the_same(part: str) -> None:
    """Means and maxima over the whole picture can be told in several ways."""
    graph = graph_of(PICTURES[part], inputs="float[2, 3, 5, 4] x", output="float[2, 3, 1, 1] y")
    assert_same(graph, made(spelling.propose(state_of(graph)[0]), part))


@pytest.mark.parametrize(("given", "result"), [("transA = 0, transB = 1", "4, 3"), ("transA = 1, transB = 0", "8, 5")])
def test_gemm_in_parts_computes_the_same(given: str, result: str) -> None:
    """A stored weight is stored the other way round, a computed operand is transposed."""
    weights = weight("w", "3, 8" if "transB = 1" in given else "4, 5") + weight("c", result.split(", ")[1])
    graph = graph_of(
        weights + f"y = Gemm <{given}> (x, w, c)", inputs="float[4, 8] x", output=f"float[{result}] y", opset=17
    )
    assert_same(graph, made(spelling.propose(state_of(graph)[0]), "write Gemm"))


def test_resize_by_factors_computes_the_same() -> None:
    """Sizes that are multiples of what comes in become scales."""
    body = 's = Constant <value = int64[4] {1, 2, 8, 4}> () y = Resize <mode = "linear"> (x, , , s)'
    graph = graph_of(body, inputs="float[1, 2, 4, 4] x", output="float[1, 2, 8, 4] y")
    assert_same(graph, made(spelling.propose(state_of(graph)[0]), "give Resize its scales"))


def test_a_boolean_mask_made_a_float_one_computes_the_same() -> None:
    """The operator stays, and takes minus infinity where the mask says no."""
    inputs = "float[2, 4, 5, 8] q, float[2, 4, 6, 8] k, float[2, 4, 6, 8] v, bool[5, 6] m"
    graph = graph_of("y = Attention (q, k, v, m)", inputs=inputs, output="float[2, 4, 5, 8] y", opset=23)
    changed = made(spelling.propose(state_of(graph)[0]), "boolean mask")
    assert [node.op for node in changed.nodes] == ["Where", "Attention"]
    assert_same(graph, changed)


def test_resize_to_no_multiple_keeps_its_sizes() -> None:
    """A factor of 5/4 would round."""
    body = 's = Constant <value = int64[4] {1, 2, 5, 4}> () y = Resize <mode = "linear"> (x, , , s)'
    graph = graph_of(body, inputs="float[1, 2, 4, 4] x", output="float[1, 2, 5, 4] y")
    assert not list(spelling.propose(state_of(graph)[0]))


GUARD = "p = Softmax <axis = -1> (x) n = IsNaN (p) z = Constant <value = float {0}> () y = Where (n, z, p)"


def test_without_the_guard_the_softmax_is_the_output() -> None:
    """IsNaN and Where go, the result keeps its name and, where no row is blank, its numbers."""
    graph = graph_of(GUARD)
    changed = made(nan_guard.propose(state_of(graph)[0]))
    assert [node.op for node in changed.nodes] == ["Softmax"]
    assert_same(graph, changed)


def test_a_where_that_puts_something_else_is_no_guard() -> None:
    """Only zeros in the place of NaN."""
    graph = graph_of(GUARD.replace("{0}", "{1}"))
    assert not list(nan_guard.propose(state_of(graph)[0]))


def test_the_other_gelu_is_near() -> None:
    """The tanh form differs by less than a thousandth, is told to need a look at accuracy, and goes back."""
    body = number("r", 1.4142135) + number("one", 1.0) + number("half", 0.5)
    graph = graph_of(body + "d = Div (x, r) e = Erf (d) a = Add (e, one) m = Mul (x, a) y = Mul (m, half)")
    (candidate,) = gelu_form.propose(state_of(graph)[0])
    assert candidate.cost == "accuracy check"
    tanh = made(iter([candidate]))
    assert "Tanh" in [node.op for node in tanh.nodes]
    assert_same(graph, tanh, tolerance=1e-3)
    back = made(gelu_form.propose(state_of(tanh)[0]))
    assert "Erf" in [node.op for node in back.nodes]
    assert_same(graph, back)


def test_a_layer_in_parts_becomes_one_operator_at_a_newer_opset() -> None:
    """Nine nodes become a LayerNormalization; the opset rises to the first that has it, and all versions with it."""
    weights = weight("s", "8") + weight("b", "8") + number("two", 2.0) + number("e", 1e-5)
    body = "m = ReduceMean <axes = [-1]> (x) d = Sub (x, m) p = Pow (d, two) v = ReduceMean <axes = [-1]> (p) "
    body += "w = Add (v, e) r = Sqrt (w) n = Div (d, r) t = Mul (n, s) y = Add (t, b)"
    graph = graph_of(weights + body, opset=13)
    target = table(row("LayerNormalization", form="operator"))
    (candidate,) = one_operator.propose(state_of(graph, target)[0])
    changed = made(iter([candidate]))
    assert [(node.op, node.since) for node in changed.nodes] == [("LayerNormalization", 17)]
    assert (changed.opsets[""], candidate.cost) == (17, "re-export")
    assert_same(graph, changed)
    assert not list(one_operator.propose(state_of(graph, table())[0]))


def test_another_opset_changes_the_versions_in_force() -> None:
    """What does not exist there is written in parts; a rule on the file decides which opset is proposed."""
    graph = graph_of('y = Gelu <approximate = "tanh"> (x)', opset=20)
    rule = {"require": ["opset <= 18"], "otherwise": "refused", "evidence": "doc"}
    state, _ = state_of(graph, table(model=[rule]))
    (candidate,) = opset.propose(state)
    assert candidate.what == "re-export at opset 18 with Gelu in parts"
    changed = made(iter([candidate]))
    assert (changed.opsets[""], "Gelu" in [node.op for node in changed.nodes]) == (18, False)
    assert_same(graph, changed)


def test_rows_wish_for_the_nearest_opset() -> None:
    """A table that speaks of ReduceMean up to version 13 only wishes for opset 17."""
    graph = graph_of(
        "t = Constant <value = int64[1] {-1}> () y = ReduceMean (x, t)", opset=19, output="float[2, 4, 1] y"
    )
    state, _ = state_of(graph, table(row("ReduceMean", since=[1, 11, 13])))
    assert [each.what for each in opset.propose(state)] == ["re-export at opset 17"]


NORM = weight("s", "3") + weight("b", "3") + weight("m", "3") + weight("v", "3")
PICTURE = {"inputs": "float[1, 2, 4, 4] x", "output": "float[1, 3, 4, 4] y"}


def test_a_folded_norm_leaves_the_layer_with_a_bias() -> None:
    """The normalisation is gone, the convolution computes its result and has a bias of the channels."""
    body = weight("w", "3, 2, 1, 1") + NORM + "c = Conv (x, w) n = BatchNormalization (c, s, b, m, v) y = Relu (n)"
    state, shop = state_of(graph_of(body, **PICTURE))
    changed = made(batch_norm.propose(state, shop))
    assert [node.op for node in changed.nodes] == ["Conv", "Relu"]
    conv = changed.nodes[0]
    assert conv.outputs[0] is not None
    assert (conv.outputs[0].name, conv.inputs[2].shape) == ("c", (3,))  # type: ignore[union-attr]


def test_a_folded_norm_behind_a_product_without_bias_leaves_the_shift() -> None:
    """A MatMul has no bias: an Add of a constant stays."""
    body = weight("w", "8, 3") + NORM + "c = MatMul (x, w) y = BatchNormalization (c, s, b, m, v)"
    state, shop = state_of(graph_of(body, inputs="float[4, 8] x", output="float[4, 3] y"))
    changed = made(batch_norm.propose(state, shop))
    assert [node.op for node in changed.nodes] == ["MatMul", "Add"]
    assert [value.name for value in changed.outputs] == ["y"]


def test_a_norm_that_cannot_be_folded_is_not_proposed() -> None:
    """Behind an activation it stays."""
    body = NORM + "c = Relu (x) y = BatchNormalization (c, s, b, m, v)"
    state, shop = state_of(graph_of(body, inputs="float[1, 3, 4, 4] x", output="float[1, 3, 4, 4] y"))
    assert not list(batch_norm.propose(state, shop))


def test_the_tail_is_cut_where_trouble_begins() -> None:
    """What the host does afterwards leaves the file; the new outputs are what it needs."""
    body = weight("w", "3, 2, 1, 1") + "c = Conv (x, w) r = Relu (c) s = Sin (r) o = Cos (s) y = Add (o, c) "
    body += " ".join(f"a{i} = Relu ({'r' if not i else f'a{i - 1}'})" for i in range(9)) + " z = Relu (a8)"
    graph = graph_of(body, inputs=PICTURE["inputs"], output="float[1, 3, 4, 4] y, float[1, 3, 4, 4] z")
    state, shop = state_of(graph, table(row("Conv"), row("Relu"), row("Add")))
    (candidate,) = tail.propose(state, shop)
    assert "cut the file at c, r" in candidate.what
    assert "3 nodes: Sin, Cos, Add" in candidate.what
    changed = made(iter([candidate]))
    assert [value.name for value in changed.outputs] == ["c", "r", "z"]
    feeds = feeds_of(graph)
    np.testing.assert_allclose(outputs_of(changed, feeds)["z"], outputs_of(graph, feeds)["z"])


def test_trouble_at_the_start_is_no_tail() -> None:
    """Everything behind it would have to go."""
    body = weight("w", "3, 2, 1, 1") + "a = Sin (x) c = Conv (a, w) y = Relu (c)"
    state, shop = state_of(graph_of(body, **PICTURE), table(row("Conv"), row("Relu")))
    assert not list(tail.propose(state, shop))
