"""From a torch module to verdicts: real networks, both exporters, every target, the whole program."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import checker
from checker.export import EXPORTERS, Exporter, Input, export
from checker.render.json import plain
from checker.render.json_schema import schema
from checker.targets import ids

TESTS = Path(__file__).resolve().parent
NETWORKS = TESTS.parent / "fixtures" / "networks"
IMAGE = (Input("image", (1, 3, 64, 64)),)
TEXT = (Input("input_ids", (1, 16), "int64"), Input("attention_mask", (1, 16), "int64"))

torch_only = [
    pytest.mark.torch,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed"),
]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The networks can be named as networks:Name, and files appear in a folder of their own."""
    monkeypatch.syspath_prepend(str(TESTS))
    monkeypatch.chdir(tmp_path)


def convolution_macs() -> int:
    """Count the multiply-accumulates of ResidualNet by hand: output size, output channels, input channels x kernel."""
    stem = 32 * 32 * 16 * 3 * 49
    blocks = ((16, 16, 16), (8, 16, 32), (4, 32, 64))
    bodies = sum(s * s * after * (9 * before + 9 * after + before) for s, before, after in blocks)
    return stem + bodies + 64 * 10


class TestExported:
    """Networks exported here."""

    pytestmark = torch_only

    @pytest.mark.parametrize("exporter", EXPORTERS)
    @pytest.mark.parametrize("name", ["ResidualNet", "in_training_mode"])
    def test_a_convolutional_network(self, name: str, exporter: Exporter) -> None:
        """Its facts are those of the module, the exporter has folded every BatchNorm, the CPU runs all of it."""
        export(f"networks:{name}", IMAGE, "net.onnx", opset=18, exporter=exporter)
        report = checker.check("net.onnx")
        assert report.cost.macs == convolution_macs()
        assert report.cost.complete
        assert [b.status for b in report.batchnorm if b.kind == "BatchNormalization"] == []
        assert report.model.opsets == {"ai.onnx": 18}
        assert [(t.name, t.shape) for t in report.model.inputs] == [("image", (1, 3, 64, 64))]
        verdicts_are_sound(report)

    @pytest.mark.parametrize(("exporter", "opset"), [("dynamo", 18), ("torchscript", 17), ("dynamo", 23)])
    def test_a_transformer(self, exporter: Exporter, opset: int) -> None:
        """Every layer is found, whether it was written as one operator or in parts."""
        export("networks:TextEncoder", TEXT, "net.onnx", opset=opset, exporter=exporter)
        report = checker.check("net.onnx")
        found = Counter(entry.kind for entry in report.composites)
        expected = {"LayerNormalization": 5, "Gelu": 2, "Attention": 2}
        assert {kind: found[kind] for kind in expected} == expected
        assert {t.name: (t.dtype, t.shape) for t in report.model.inputs} == {
            "input_ids": ("int64", (1, 16)),
            "attention_mask": ("int64", (1, 16)),
        }
        verdicts_are_sound(report)

    def test_check_takes_a_torch_model(self, capfd: pytest.CaptureFixture[str]) -> None:
        """``check MODULE:CALLABLE`` says of the model what it says of the exported file, and leaves nothing behind."""
        from checker.cli import main

        arguments = ["check", "networks:ResidualNet", "--input", "image:1x3x64x64", "--format", "json"]
        assert main([*arguments, "--exporter", "torchscript", "--opset", "17"]) == 0
        out, err = capfd.readouterr()
        said = json.loads(out)
        assert err == ""
        assert said["model"]["path"] == "networks:ResidualNet"
        assert said["model"]["opsets"] == {"ai.onnx": 17}
        assert said["cost"]["macs"] == convolution_macs()
        assert list(Path().iterdir()) == []

    def test_export_reports_the_facts_of_the_file(self, capfd: pytest.CaptureFixture[str]) -> None:
        """One line about the file; where its opset is not the one asked for, a note."""
        from checker.cli import main

        arguments = ["export", "networks:ResidualNet", "--input", "image:1x3x64x64", "--output", "net.onnx"]
        assert main([*arguments, "--opset", "13"]) == 0
        out, err = capfd.readouterr()
        version = checker.check("net.onnx", targets=["onnxruntime-cpu"]).model.opsets["ai.onnx"]
        assert out.startswith(f"net.onnx: opset {version}, ")
        assert "inputs image float32 [1, 3, 64, 64]" in out
        assert err == (
            "" if version == 13 else f"edgelint: note: net.onnx: asked for opset 13, the file says {version}\n"
        )


@pytest.mark.parametrize("path", sorted(NETWORKS.glob("*.onnx")), ids=lambda path: path.stem)
def test_the_shipped_networks(path: Path) -> None:
    """Networks without their weights are audited all the same, and the missing file is a finding."""
    report = checker.check(path)
    assert {f.rule for f in report.findings if f.severity == "warning"} - {"simplify-first"} == {
        "external-data-missing"
    }
    verdicts_are_sound(report)


def test_the_readme_command_works() -> None:
    """The program as a newcomer runs it, on a network that the repository ships."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    command = [sys.executable, "-m", "checker", "check", str(NETWORKS / "vit_tiny_patch16_224.onnx")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert [target for target in ids() if not any(line.startswith(f"{target} ") for line in lines)] == []


def verdicts_are_sound(report: checker.Report) -> None:
    """What must hold for any report: it fits the schema, counts add up, and every node that is not native is named."""
    data: Any = json.loads(json.dumps(plain(report)))
    jsonschema.Draft202012Validator(schema()).validate(data)
    assert [target.id for target in report.targets] == list(ids())
    for target in report.targets:
        counts = plain(target.counts)
        covered = [name for node in target.nodes for name in node.covers]
        assert len(covered) == len(set(covered))
        vanish = sum(len(node.covers) for node in target.nodes if node.status == "folded")  # by a row of the table
        assert len(covered) == sum(counts.values()) - counts["folded"] + vanish
        told = {name for reason in target.reasons for name in reason.nodes}
        untold = [n.name for n in target.nodes if n.status in {"fallback", "unsupported"} and not told >= set(n.covers)]
        assert untold == []
        assert (target.answer == "READY") <= (target.macs_on_accelerator in {None, 1.0} and target.segments == 1)
        assert target.answer == "READY" or target.reasons
        if target.id == "onnxruntime-cpu":
            assert target.answer == "READY"
