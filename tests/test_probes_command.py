"""The command that asks a compiler."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from checker.cli import main
from checker.probes import evidence
from checker.probes.cases import build


def asks(op: str, dtype: str = "float32") -> dict[str, Any]:
    """Describe a model of one operator."""
    return {"op": op, "opset": 17, "inputs": [{"name": "X", "dtype": dtype, "shape": [1, 3]}]}


class TestCommand:
    """`edgelint probe` with the one compiler that the development environment has."""

    def test_small_models_and_networks_end_to_end(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A real compiler is asked in a process of its own; a second run asks nothing."""
        pytest.importorskip("onnxruntime")
        cases = tmp_path / "cases.jsonl"
        described = [("relu", asks("Relu")), ("half", asks("Tan", "float16")), ("none", asks("Erf", "int8"))]
        cases.write_text("".join(json.dumps({"case": name, "asked": what}) + "\n" for name, what in described))
        networks = tmp_path / "networks"
        networks.mkdir()
        (networks / "net.onnx").write_bytes(build(asks("Relu")).SerializeToString())
        command = ["probe", "onnxruntime-cpu", "--python", sys.executable, "--output", str(tmp_path / "out")]
        command += ["--cases", str(cases), "--networks", str(networks), "--timeout", "60"]
        assert main([*command, "--limit", "2"]) == 0
        assert "2 asked" in capsys.readouterr().err
        assert main(command) == 0
        (path,) = evidence.files(tmp_path / "out")
        read = evidence.read(path)
        assert next(record["case"] for record in read.ops) == "relu"
        answers = {record["case"]: record["answer"] for record in read.ops}
        assert answers["relu"] == "native"
        assert answers["none"] == "refused"
        assert [(record["network"], record["answer"]) for record in read.networks] == [("net", "ALL")]
        before = path.read_bytes()
        assert main(command) == 0
        assert "4 were answered before" in capsys.readouterr().err
        assert path.read_bytes() == before

    def test_networks_in_a_relative_folder_are_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The compiler's process works elsewhere; what it is given must not depend on where the command was called."""
        pytest.importorskip("onnxruntime")
        monkeypatch.chdir(tmp_path)
        (tmp_path / "networks").mkdir()
        (tmp_path / "networks" / "net.onnx").write_bytes(build(asks("Relu")).SerializeToString())
        command = ["probe", "onnxruntime-cpu", "--python", sys.executable, "--output", "out", "--networks", "networks"]
        assert main(command) == 0
        (path,) = evidence.files(tmp_path / "out")
        assert [record["answer"] for record in evidence.read(path).networks] == ["ALL"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["nothing", "--output", "x"], "unknown toolchain"),
            (["rknn", "--output", "x"], "EDGELINT_RKNN_PYTHON"),
            (["rknn", "--output", "x", "--python", sys.executable, "--limit", "0"], "--limit 0"),
            (["rknn", "--output", "x", "--python", sys.executable, "--precision", "fp32"], "offers fp16, int8"),
            (["rknn", "--output", "x", "--python", sys.executable, "--networks", "gone"], "no .onnx"),
        ],
    )
    def test_bad_usage_is_one_line(
        self, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Exit code 2, before any compiler is started."""
        monkeypatch.delenv("EDGELINT_RKNN_PYTHON", raising=False)
        assert main(["probe", *arguments]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1
