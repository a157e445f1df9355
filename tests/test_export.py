"""Export of torch models: what is written, how inputs are passed, and every way in which it can go wrong."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from checker.errors import InputError
from checker.export import EXPORTERS, Exporter, Input, bind, export, names_a_model, parse_input

NETS = """
import torch
from torch import nn

print("a module that talks while it is imported")


class Sum(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.drop = nn.Dropout(0.5)

    def forward(self, ids, mask, bias):
        return self.drop(self.embed(ids)) * mask[..., None] + bias


class Branches(nn.Module):
    def forward(self, x):
        raise RuntimeError("this net cannot run\\nat all")


made = Sum()
number = 5


def broken():
    raise ValueError("no weights here")
"""
SUM_INPUTS = (Input("mask", (1, 5), "int64"), Input("ids", (1, 5), "int64"), Input("bias", (4,)))

needs_torch = [
    pytest.mark.torch,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed"),
]


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a module of small networks that lies in the current folder."""
    name = f"nets_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    return name


class TestInputs:
    """Spelling and passing of example inputs."""

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("x:1x3x224x224", Input("x", (1, 3, 224, 224))),
            ("ids:1x128:int64", Input("ids", (1, 128), "int64")),
            ("max:4:float16", Input("max", (4,), "float16")),
            ("a.b/c:2x2", Input("a.b/c", (2, 2))),
        ],
    )
    def test_an_input_is_name_shape_and_type(self, text: str, wanted: Input) -> None:
        """The type is float32 where it is left out."""
        assert parse_input(text) == wanted

    @pytest.mark.parametrize(
        "text", ["x", "x:", ":1x3", "x:1,3", "x:1x-3", "x:1x3:", "x:axb", "x:1x3:float99", "x:1x3x"]
    )
    def test_another_spelling_is_refused(self, text: str) -> None:
        """The message repeats what was written."""
        with pytest.raises(InputError, match=r"--input (x|:)"):
            parse_input(text)

    def test_inputs_that_are_parameters_go_by_name(self) -> None:
        """Whatever their order, the leading ones positionally and those after a gap as keywords."""

        def forward(a: int, b: int, c: int, *, d: int) -> None: ...

        module = SimpleNamespace(forward=forward)
        assert bind(module, {"b": 2, "a": 1}) == ([1, 2], {}, ["a", "b"])
        assert bind(module, {"d": 4, "c": 3, "a": 1}) == ([1], {"c": 3, "d": 4}, ["a", "c", "d"])

    def test_other_names_go_in_order(self) -> None:
        """They then only name the ONNX inputs."""

        def forward(a: int, b: int) -> None: ...

        assert bind(SimpleNamespace(forward=forward), {"y": 1, "a": 2}) == ([1, 2], {}, ["y", "a"])

    def test_a_file_is_never_a_model(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name that exists on disk is a file, however it is spelled."""
        monkeypatch.chdir(tmp_path)
        assert names_a_model("nets.small:Net")
        assert not names_a_model("nets/small.onnx")
        assert not names_a_model("C:\\nets\\small.onnx")
        (tmp_path / "odd:name").write_text("")
        assert not names_a_model("odd:name")


class TestTorch:
    """What needs torch."""

    pytestmark = needs_torch

    @pytest.mark.parametrize("exporter", EXPORTERS)
    @pytest.mark.parametrize("name", ["Sum", "made"])
    def test_several_inputs_in_inference_mode(
        self, nets: str, name: str, exporter: Exporter, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Both exporters write a valid file without Dropout, with the inputs' names, and say nothing."""
        import onnx

        written = export(f"{nets}:{name}", SUM_INPUTS, "sum.onnx", opset=18, exporter=exporter)
        model = onnx.load("sum.onnx")
        onnx.checker.check_model(model)
        assert sorted(i.name for i in model.graph.input) == ["bias", "ids", "mask"]
        assert "Dropout" not in {node.op_type for node in model.graph.node}
        assert (written.opset, written.notes) == (18, ())
        out, err = capfd.readouterr()
        assert out == ""
        assert err in {"", "a module that talks while it is imported\n"}

    def test_the_file_is_believed_and_not_the_request(self, nets: str) -> None:
        """The dynamo exporter keeps opset 18 where it cannot convert to less; the result says so."""
        import onnx

        written = export(f"{nets}:Sum", SUM_INPUTS, "sum.onnx", opset=9, exporter="dynamo")
        in_file = onnx.load("sum.onnx").opset_import[0].version
        assert written.opset == in_file
        assert written.notes == ((f"asked for opset 9, the file says {in_file}",) if in_file != 9 else ())

    @pytest.mark.parametrize(
        ("what", "message"),
        [
            ("nothing_here:Net", "No module named 'nothing_here'"),
            ("{}:Nothing", "has no attribute 'Nothing'"),
            ("{}:broken", "ValueError: no weights here"),
            ("{}:number", "'int' object is not callable"),
            ("{}:torch.zeros", "cannot be made"),
            ("{}:dict", "has no attribute"),
            ("{}.py:Net", "No module named"),
            ("net", "MODULE:CALLABLE"),
        ],
    )
    def test_what_is_no_model_is_one_line(self, nets: str, what: str, message: str) -> None:
        """The reason is named, and no file appears."""
        with pytest.raises(InputError, match=message) as raised:
            export(what.format(nets), SUM_INPUTS, "m.onnx")
        assert "\n" not in str(raised.value)
        assert not Path("m.onnx").exists()

    @pytest.mark.parametrize("exporter", EXPORTERS)
    def test_a_failed_export_leaves_nothing(self, nets: str, exporter: Exporter) -> None:
        """The innermost error is told in one line; no file and no temporary folder stays."""
        before = sorted(Path().iterdir())
        with pytest.raises(InputError, match="RuntimeError: this net cannot run") as raised:
            export(f"{nets}:Branches", [Input("x", (1, 3))], "m.onnx", exporter=exporter)
        assert "\n" not in str(raised.value)
        assert [p for p in sorted(Path().iterdir()) if p.name != "__pycache__"] == before

    def test_a_missing_folder_is_one_line(self, nets: str) -> None:
        """It is told before the export, which may take long."""
        with pytest.raises(InputError, match="the folder does not exist"):
            export(f"{nets}:Sum", SUM_INPUTS, "nowhere/m.onnx")


def test_without_torch_the_extra_is_named(tmp_path: Path) -> None:
    """Where torch is absent the one line says what to install."""
    code = "import sys; sys.modules['torch'] = None; from checker.cli import main; sys.exit(main())"
    command = [
        sys.executable,
        "-c",
        code,
        "export",
        "json:loads",
        "--input",
        "x:1",
        "--output",
        str(tmp_path / "m.onnx"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert "edgelint[torch]" in ran.stderr
