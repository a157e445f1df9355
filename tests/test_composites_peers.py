"""An independent check: what ONNX Runtime's own fusions find in a small model is found here too."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import onnx
import onnx.parser
import pytest
from composite_models import number, weight
from test_composites import CUBE, EPS, GELUS, HALF, NORMS, ONE, ROOT, SCALE, SLOPE, TANHS, THREE, TWO

from checker.composites import raise_composites
from checker.load import load_model

ort = pytest.importorskip("onnxruntime")

KINDS = {
    "Gelu": "Gelu",
    "FastGelu": "Gelu",
    "BiasGelu": "Gelu",
    "QuickGelu": "QuickGelu",
    "LayerNormalization": "LayerNormalization",
    "SkipLayerNormalization": "LayerNormalization",
    "SimplifiedLayerNormalization": "RMSNormalization",
    "RMSNormalization": "RMSNormalization",
    "HardSwish": "HardSwish",
}

RMS = EPS + TWO + weight("s", "8") + "q = Pow (x, two) v = ReduceMean <axes = [-1]> (q) w = Add (v, eps) r = Sqrt (w) "
MODELS = {
    **{f"gelu, {name}": HALF + ONE + ROOT + body for name, body in GELUS.items()},
    **{f"gelu tanh, {name}": HALF + ONE + THREE + CUBE + SLOPE + body for name, body in TANHS.items()},
    **{
        f"layer norm, {name}": EPS + TWO + SCALE + body + " t = Mul (n, s) y = Add (t, b)"
        for name, body in NORMS.items()
    },
    "rms norm": RMS + "n = Div (x, r) y = Mul (n, s)",
    "quick gelu": number("k", 1.702) + "m = Mul (x, k) g = Sigmoid (m) y = Mul (x, g)",
}


def model_of(name: str) -> onnx.ModelProto:
    """Return a model of the table."""
    head = '<ir_version: 8, opset_import: ["" : 17]> g (float[2, 4, 8] x) => (float[2, 4, 8] y)'
    return onnx.parser.parse_model(f"{head} {{ {MODELS[name]} }}")


def fused(model: onnx.ModelProto, path: Path) -> Counter[str]:
    """Return the kinds that ONNX Runtime's extended optimizations write as one operator."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 4
    ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found = Counter(KINDS[node.op_type] for node in onnx.load(path).graph.node if node.op_type in KINDS)
    if found["QuickGelu"]:
        found["QuickGelu"] -= sum(
            node.op_type == "QuickGelu" and any(a.name == "alpha" and abs(a.f - 1) < 1e-3 for a in node.attribute)
            for node in onnx.load(path).graph.node
        )
    return +found


@pytest.mark.parametrize("name", MODELS)
def test_what_onnxruntime_fuses_is_recognised(tmp_path: Path, name: str) -> None:
    """Every kind that the peer finds is found, as often."""
    model = model_of(name)
    onnx.checker.check_model(model)
    peer = fused(model, tmp_path / "fused.onnx")
    ours = Counter(each.kind for each in raise_composites(load_model(model)))
    assert peer <= ours
    assert ours.total() == 1


def test_a_fused_model_is_read_back_as_the_same_layers(tmp_path: Path) -> None:
    """Fusing changes the form of a layer, not which layers there are."""
    model = model_of("gelu, torch legacy")
    path = tmp_path / "fused.onnx"
    assert fused(model, path) == Counter({"Gelu": 1})
    found = raise_composites(load_model(onnx.load(path)))
    assert [(each.kind, each.form) for each in found] == [("Gelu", "operator")]
