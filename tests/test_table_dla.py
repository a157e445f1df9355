"""The Orin DLA table against what NVIDIA publishes, and against public build logs."""

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

# What NVIDIA builds for the DLA without GPU fallback (Deep-Learning-Accelerator-SW, prepare_models/resnet50.py):
# the global pooling has become an AveragePool, the fully connected layer a 1x1 convolution.
RESNET_FOR_DLA = f"""{HEAD}(float[2,3,32,32] x) => (float[2,10,1,1] y)
<int64[4] s1 = {{8, 3, 7, 7}}, int64[4] s2 = {{8, 8, 3, 3}}, int64[1] s3 = {{8}}, int64[4] s4 = {{10, 8, 1, 1}}> {{
  w1 = ConstantOfShape (s1)
  w2 = ConstantOfShape (s2)
  b = ConstantOfShape (s3)
  w3 = ConstantOfShape (s4)
  a = Conv <kernel_shape = [7, 7], strides = [2, 2], pads = [3, 3, 3, 3]> (x, w1, b)
  r = Relu (a)
  p = MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]> (r)
  c = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (p, w2, b)
  s = Add (c, p)
  t = Relu (s)
  m = AveragePool <kernel_shape = [8, 8]> (t)
  y = Conv <kernel_shape = [1, 1]> (m, w3)
}}"""


@cache
def target() -> Target:
    """Return the table under test."""
    return find(["nvidia-orin-dla"])[0]


def placed(graph: Graph, precision: str = "fp16") -> Placements:
    """Place a graph on the DLA."""
    return place(graph, raise_composites(graph), target(), precision)


def of(text: str, precision: str = "fp16") -> Placements:
    """Place a model in text on the DLA."""
    return placed(load_model(build({"text": text})), precision)


def fallen(placements: Placements) -> set[str]:
    """Return the operators that run on the GPU."""
    return {each.op for each in placements.compute if each.status is Status.FALLBACK}


def test_resnet_as_nvidia_prepares_it_runs_on_the_dla_alone() -> None:
    """The vendor builds this network without GPU fallback."""
    assert verdict(of(RESNET_FOR_DLA)).answer is Answer.READY
    assert verdict(of(RESNET_FOR_DLA, "int8")).answer is Answer.READY


def test_resnet_as_exported_leaves_its_head_to_the_gpu() -> None:
    """The vendor names the global pooling and the flattening as what has to be rewritten."""
    placements = placed(load(NETWORKS / "resnet18.onnx"))
    assert verdict(placements).answer is Answer.READY_WITH_FALLBACK
    assert fallen(placements) == {"GlobalAveragePool", "Flatten"}


def test_a_transformer_is_split_between_dla_and_gpu() -> None:
    """LayerNormalization, GELU and products of two activations are not exposed to the DLA."""
    placements = placed(load(NETWORKS / "vit_tiny_patch16_224.onnx"))
    assert verdict(placements).answer is Answer.READY_WITH_FALLBACK
    assert {"LayerNormalization", "MatMul", "Erf"} <= fallen(placements)


@pytest.mark.parametrize(
    ("axis", "shape", "status"),
    [(1, "1,16,4,4", Status.NATIVE), (-1, "1,8,4,8", Status.FALLBACK), (2, "1,8,8,4", Status.FALLBACK)],
)
def test_concat_is_taken_along_channels_only(axis: int, shape: str, status: Status) -> None:
    """YOLO11's log: the DLA only supports concatenation on the C dimension (ultralytics#18012)."""
    text = f"{HEAD}(float[1,8,4,4] a, float[1,8,4,4] b) => (float[{shape}] y) {{ y = Concat <axis = {axis}> (a, b) }}"
    assert [each.status for each in of(text).compute] == [status]


def test_slices_of_three_axes_fall_to_the_gpu() -> None:
    """YOLO11's log: the DLA only supports slicing four-dimensional tensors."""
    text = (
        f"{HEAD}(float[1,8,16] x) => (float[1,4,16] y) <int64[1] s = {{0}}, int64[1] e = {{4}}, int64[1] a = {{1}}> "
        "{ y = Slice (x, s, e, a) }"
    )
    assert fallen(of(text)) == {"Slice"}


def test_the_flattening_reshape_of_a_detection_head_falls_to_the_gpu() -> None:
    """YOLOv8's and YOLO11's logs: reshapes from four axes to three are unsupported on the DLA."""
    text = f"{HEAD}(float[1,8,4,4] x) => (float[1,8,16] y) <int64[3] s = {{1, 8, 16}}> {{ y = Reshape (x, s) }}"
    assert fallen(of(text)) == {"Reshape"}


def test_a_product_of_activations_falls_to_the_gpu() -> None:
    """YOLO11's attention under JetPack 5: MatMul is unsupported on the DLA."""
    text = f"{HEAD}(float[1,2,4,4] a, float[1,2,4,4] b) => (float[1,2,4,4] y) {{ y = MatMul (a, b) }}"
    assert fallen(of(text)) == {"MatMul"}


@pytest.mark.parametrize(
    ("attributes", "side", "status"),
    [
        ("kernel_shape = [32, 32], pads = [31, 31, 31, 31]", 32, Status.NATIVE),
        ("kernel_shape = [33, 33]", 33, Status.FALLBACK),
        ("kernel_shape = [3, 3], strides = [9, 9]", 3, Status.FALLBACK),
        ("kernel_shape = [3, 3], strides = [8, 8]", 3, Status.NATIVE),
        ("kernel_shape = [3, 3], pads = [3, 3, 3, 3]", 3, Status.FALLBACK),
    ],
)
def test_convolutions_have_the_limits_of_the_header(attributes: str, side: int, status: Status) -> None:
    """Kernels to 32, strides to 8, padding to 31 and below the kernel."""
    text = (
        f"{HEAD}(float[1,4,64,64] x) => (y) <int64[4] s = {{4, 4, {side}, {side}}}> "
        f"{{ k = ConstantOfShape (s) y = Conv <{attributes}> (x, k) }}"
    )
    assert [each.status for each in of(text).compute] == [status]


def test_dynamic_dimensions_send_everything_to_the_gpu() -> None:
    """The DLA does not support dynamic dimensions."""
    placements = of(f"{HEAD}(float[n,4,8,8] x) => (float[n,4,8,8] y) {{ y = Relu (x) }}")
    found = verdict(placements)
    assert found.answer is Answer.READY_WITH_FALLBACK
    assert any("pin" in reason.change for reason in found.reasons)


def test_explicit_quantization_sends_everything_to_the_gpu() -> None:
    """The DLA takes int8 from a calibration cache, not from Q/DQ."""
    text = (
        f"{HEAD}(float[1,4,8,8] x) => (float[1,4,8,8] y) <float s = {{0.1}}, int8 o = {{0}}> "
        "{ q = QuantizeLinear (x, s, o) d = DequantizeLinear (q, s, o) y = Relu (d) }"
    )
    assert verdict(of(text, "int8")).answer is Answer.READY_WITH_FALLBACK


def test_what_the_parser_does_not_import_is_not_left_to_the_gpu() -> None:
    """TensorRT refuses the file: there is no importer for Det."""
    text = f"{HEAD}(float[4,4] x) => (float y) {{ y = Det (x) }}"
    assert verdict(of(text)).answer is Answer.BLOCKED
