"""The TIDL table for AM62A against what Texas Instruments publishes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from checker.composites import raise_composites
from checker.graph import Graph
from checker.load import load, load_model
from checker.place import place
from checker.placement import Placements
from checker.probes.cases import build
from checker.target import Status, Target
from checker.targets import find
from checker.verdict import Answer, verdict

NETWORKS = Path(__file__).parent.parent / "fixtures" / "networks"
HEAD = '<ir_version: 8, opset_import: ["": 17]> g '


@cache
def target() -> Target:
    """Return the table under test."""
    return find(["ti-tidl-am62a"])[0]


def placed(graph: Graph, precision: str = "int8") -> Placements:
    """Place a graph on TIDL."""
    return place(graph, raise_composites(graph), target(), precision)


def of(text: str, precision: str = "int8") -> Placements:
    """Place a model in text on TIDL."""
    return placed(load_model(build({"text": text})), precision)


def statuses(text: str, precision: str = "int8") -> list[Status]:
    """Return what becomes of each node, or of each composite."""
    return [each.status for each in of(text, precision).compute]


def conv(attributes: str, kernel: str, channels: int = 8) -> str:
    """Return a model of one convolution on 64x64."""
    return (
        f"{HEAD}(float[1,8,64,64] x) => (y) <int64[4] s = {{8, {channels}, {kernel}}}> "
        f"{{ k = ConstantOfShape (s) y = Conv <{attributes}> (x, k) }}"
    )


def test_resnet_runs_whole() -> None:
    """ResNet is in the vendor's model zoo and in the examples that it compiles for every chip."""
    assert verdict(placed(load(NETWORKS / "resnet18.onnx"))).answer is Answer.READY


def test_a_vision_transformer_is_not_blocked() -> None:
    """The vendor publishes DeiT, exported from timm, as running (docs/vision_transformers.md)."""
    placements = placed(load(NETWORKS / "vit_tiny_patch16_224.onnx"))
    assert verdict(placements).answer.builds
    taken = {each.op for each in placements.compute if each.status.taken}
    assert {"LayerNormalization", "Gelu", "Softmax", "MatMul", "Transpose"} <= taken


@pytest.mark.parametrize(
    ("attributes", "kernel", "channels", "status"),
    [
        ("kernel_shape = [3, 3], strides = [2, 2]", "3,3", 8, Status.NATIVE),
        ("kernel_shape = [3, 3], strides = [3, 3]", "3,3", 8, Status.FALLBACK),
        ("kernel_shape = [3, 3], strides = [1, 2]", "3,3", 8, Status.FALLBACK),
        ("kernel_shape = [9, 9], strides = [2, 2]", "9,9", 8, Status.FALLBACK),
        ("kernel_shape = [4, 4], strides = [4, 4]", "4,4", 8, Status.FALLBACK),
        ("kernel_shape = [11, 11], strides = [4, 4]", "11,11", 8, Status.NATIVE),
        ("kernel_shape = [16, 16], strides = [16, 16]", "16,16", 8, Status.NATIVE),
        ("kernel_shape = [7, 7], group = 8", "7,7", 1, Status.NATIVE),
        ("kernel_shape = [9, 9], group = 8", "9,9", 1, Status.FALLBACK),
        ("kernel_shape = [3, 3], strides = [4, 4], group = 8", "3,3", 1, Status.FALLBACK),
        ("kernel_shape = [1, 3], group = 8", "1,3", 1, Status.NATIVE),
    ],
)
def test_convolutions_have_the_documented_limits(attributes: str, kernel: str, channels: int, status: Status) -> None:
    """Equal strides, no 3x3 with stride 3 on this chip, no large kernels with stride 2, a few depthwise kernels."""
    assert statuses(conv(attributes, kernel, channels)) == [status]


def test_transposed_convolution_is_taken_in_8_bits_only() -> None:
    """16-bit deconvolution is not supported on AM62A."""
    text = (
        f"{HEAD}(float[1,8,8,8] x) => (float[1,4,16,16] y) <int64[4] s = {{8, 4, 2, 2}}> "
        "{ k = ConstantOfShape (s) y = ConvTranspose <kernel_shape = [2, 2], strides = [2, 2]> (x, k) }"
    )
    assert statuses(text) == [Status.NATIVE]
    assert statuses(text, "int16") == [Status.FALLBACK]


@pytest.mark.parametrize(
    ("attributes", "size", "status"),
    [
        ('mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"', 16, Status.NATIVE),
        ('mode = "linear", coordinate_transformation_mode = "half_pixel"', 16, Status.NATIVE),
        ('mode = "linear", coordinate_transformation_mode = "align_corners"', 16, Status.FALLBACK),
        ('mode = "linear", coordinate_transformation_mode = "asymmetric"', 16, Status.FALLBACK),
        ('mode = "cubic", coordinate_transformation_mode = "half_pixel"', 16, Status.FALLBACK),
        ('mode = "linear", coordinate_transformation_mode = "half_pixel"', 24, Status.FALLBACK),
    ],
)
def test_resize_is_taken_by_powers_of_two_in_the_listed_modes(attributes: str, size: int, status: Status) -> None:
    """Nearest and linear, equal powers of two, listed coordinate modes."""
    text = (
        f"{HEAD}(float[1,8,8,8] x) => (float[1,8,{size},{size}] y) "
        f"<float[4] scales = {{1, 1, {size / 8}, {size / 8}}}> {{ y = Resize <{attributes}> (x, , scales) }}"
    )
    assert statuses(text) == [status]


@pytest.mark.parametrize(("side", "status"), [(32, Status.NATIVE), (33, Status.FALLBACK)])
def test_global_pooling_is_taken_to_1024_pixels(side: int, status: Status) -> None:
    """Larger planes have to be rewritten to MatMul."""
    text = f"{HEAD}(float[1,8,{side},{side}] x) => (float[1,8,1,1] y) {{ y = GlobalAveragePool (x) }}"
    assert statuses(text) == [status]


def test_erf_is_taken_inside_gelu_only() -> None:
    """The Erf operator alone runs on the Arm cores; the pattern around it is one layer."""
    alone = f"{HEAD}(float[1,4,8] x) => (float[1,4,8] y) {{ y = Erf (x) }}"
    gelu = (
        f"{HEAD}(float[1,4,8] x) => (float[1,4,8] y) <float r = {{1.41421356}}, float i = {{1}}, float h = {{0.5}}> "
        "{ a = Div (x, r) b = Erf (a) c = Add (b, i) d = Mul (x, c) y = Mul (d, h) }"
    )
    assert statuses(alone) == [Status.FALLBACK]
    assert statuses(gelu) == [Status.NATIVE]


@pytest.mark.parametrize(("axis", "status"), [(-1, Status.NATIVE), (2, Status.NATIVE), (1, Status.FALLBACK)])
def test_softmax_is_taken_along_width_and_height(axis: int, status: Status) -> None:
    """Channels and batch are not."""
    text = f"{HEAD}(float[1,4,8,8] x) => (float[1,4,8,8] y) {{ y = Softmax <axis = {axis}> (x) }}"
    assert statuses(text) == [status]


def test_what_is_not_listed_runs_on_the_arm_cores() -> None:
    """Any unsupported operator runs on Cortex-A."""
    text = f"{HEAD}(float[1,4,8,8] x) => (float[1,4,8,8] y) {{ y = Selu (x) }}"
    assert verdict(of(text)).answer is Answer.READY_WITH_FALLBACK
