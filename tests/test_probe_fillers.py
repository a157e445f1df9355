"""Weights for compilers that calibrate: a plausible size for each part of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from checker.probes import fillers, weights

ROOT = Path(__file__).resolve().parent.parent

SHAPES: dict[str, tuple[int, ...]] = {
    "w": (16, 16, 3, 3),
    "b": (16,),
    "scale": (16,),
    "shift": (16,),
    "mean": (16,),
    "var": (16,),
    "q": (16, 16, 1, 1),
    "s": (),
    "z": (),
    "m": (4, 10),
    "odd": (10,),
}


def network() -> onnx.ModelProto:
    """Return nodes of every kind with weights that are named and not there."""
    make: Any = onnx.helper.make_node
    nodes = [
        make("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
        make("BatchNormalization", ["c", "scale", "shift", "mean", "var"], ["n"]),
        make("DequantizeLinear", ["q", "s", "z"], ["d"]),
        make("Conv", ["n", "d"], ["y"]),
        make("Transpose", ["m"], ["t"], perm=[1, 0]),
        make("Gemm", ["rows", "t"], ["g"]),
        make("Erf", ["odd"], ["o"]),
    ]
    kinds = {"q": onnx.TensorProto.INT8, "z": onnx.TensorProto.INT8}
    stored = [
        onnx.TensorProto(name=name, dims=shape, data_type=kinds.get(name, onnx.TensorProto.FLOAT), data_location=1)
        for name, shape in SHAPES.items()
    ]
    for tensor in stored:
        tensor.external_data.add(key="location", value="gone.bin")
    ends = [onnx.helper.make_tensor_value_info(name, 1, None) for name in ("x", "rows", "y", "g", "o")]
    graph = onnx.helper.make_graph(nodes, "net", ends[:2], ends[2:], stored)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


def test_each_part_has_a_range_of_its_own(tmp_path: Path) -> None:
    """Factors by their fan-in, scales about one, shifts about zero; what is unknown stays small and positive."""
    path = tmp_path / "net.onnx"
    path.write_bytes(network().SerializeToString())
    (tmp_path / "out").mkdir()
    ready = onnx.load(str(weights.supply(path, tmp_path / "out", centred=True)))
    value = {tensor.name: numpy_helper.to_array(tensor) for tensor in ready.graph.initializer}
    assert value["w"].var() == pytest.approx(1 / (16 * 9), rel=0.1)
    assert abs(value["w"].mean()) < 0.01
    assert (value["q"].astype("float32") * value["s"]).var() == pytest.approx(1 / 16, rel=0.2)
    assert value["z"] == 0
    assert np.abs(value["m"]).max() <= (3 / 4) ** 0.5
    assert value["var"].min() >= 0.5
    assert value["scale"].mean() == pytest.approx(1, abs=0.2)
    assert value["mean"].min() < 0 < value["shift"].max()
    assert value["odd"].min() >= weights.LOW
    assert value["odd"].max() <= weights.HIGH


def test_activations_of_a_deep_network_keep_their_size(tmp_path: Path) -> None:
    """Small positive weights bring this network beyond a million; with these it stays near the size of its input."""
    runtime = pytest.importorskip("onnxruntime")
    image = np.random.default_rng(0).uniform(0, 1, (1, 3, 160, 160)).astype("float32")
    sizes = []
    for way in (False, True):
        ready = weights.supply(ROOT / "fixtures" / "zoo" / "resnest14d__ts17.onnx.xz", tmp_path, centred=way)
        session = runtime.InferenceSession(str(ready), providers=["CPUExecutionProvider"])
        (result,) = session.run(None, {session.get_inputs()[0].name: image})
        sizes.append(float(np.abs(result).max()))
    assert sizes[0] > 1e6
    assert 1e-3 < sizes[1] < 1e3


def test_a_tensor_of_no_known_part_has_no_range() -> None:
    """Its values may have to be positive: a variance plus epsilon, a step, a divisor."""
    assert "odd" not in fillers.ranges(network())
