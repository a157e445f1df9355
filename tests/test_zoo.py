"""The zoo of networks: each loads, and those of unlike kinds give whole reports."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import jsonschema
import onnx
import pytest

from checker import audit
from checker.load import load_model
from checker.render import json as as_json
from checker.render.json_schema import schema

ZOO = Path(__file__).resolve().parent.parent / "fixtures" / "zoo"
FILES = {path.name.removesuffix(".onnx.xz"): path for path in sorted(ZOO.glob("*.onnx.xz"))}
TARGETS = ("rockchip-rk3588", "qualcomm-hexagon-v73")
KINDS = ("gcn__ts17", "yolo_dfl_decoded__dy18", "qwen3_kv__dy18_dynfull", "demucs_gru__ts14", "lcnet_050__ts13_qdq")


def unpacked(name: str) -> bytes:
    """Return the ONNX file of one network."""
    return lzma.decompress(FILES[name].read_bytes())


@pytest.mark.slow
def test_each_network_loads_and_is_valid() -> None:
    """Something is left to compute, nodes can be told apart, and none is a file that ONNX Runtime would refuse."""
    assert len(FILES) > 200
    wrong = []
    for name in FILES:
        graph = load_model(unpacked(name))
        names = [node.name for node in graph.walk()]
        if not graph.nodes or len(names) != len(set(names)) or any(problem.invalid for problem in graph.problems):
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize("name", KINDS)
def test_a_report_on_two_targets_is_whole(name: str, tmp_path: Path) -> None:
    """It follows the published schema, and no compute node is without a status on either target."""
    path = tmp_path / f"{name}.onnx"
    path.write_bytes(unpacked(name))
    settings = audit.Settings(targets=audit.read_targets(TARGETS))
    report = json.loads(as_json.render([audit.audit(path, settings)], many=False))
    jsonschema.Draft202012Validator(schema()).validate(report)
    assert [each["id"] for each in report["targets"]] == list(TARGETS)
    for each in report["targets"]:
        assert sum(each["counts"].values()) >= report["model"]["compute_nodes"] > 0


def test_weights_are_not_shipped() -> None:
    """Floating-point tensors of more than 1 KB lie outside, scales of Q/DQ excepted."""
    model = onnx.load_from_string(unpacked("yolo_dfl_decoded__dy18"))
    inside = [t for t in model.graph.initializer if t.data_location != onnx.TensorProto.EXTERNAL and t.data_type == 1]
    assert inside
    assert all(len(tensor.raw_data) <= 1024 for tensor in inside)
    assert sum(path.stat().st_size for path in FILES.values()) < 4 << 20
