"""A target, some models of a node or two, and a folder that holds them: what the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.cli import main

ROOT = Path(__file__).resolve().parent.parent
RESNET = ROOT / "fixtures" / "networks" / "resnet18.onnx"

TABLE = """
[target]
id = "acme-one"
vendor = "Acme Chips"
chip = "One"
toolchain = "acmec 1.0"
precision = ["fp16", "int8"]
unlisted = "unsupported"
rejected = "fallback"

[source.guide]
kind = "vendor-doc"
title = "Acme guide"
version = "1.0"
where = "the guide, page 7"
date = 2026-11-24

[[op]]
name = "Relu"
status = "native"
evidence = "guide"

[[op]]
name = "Abs"
status = "native"
require = ["rank(X) <= 2"]
evidence = "guide"
"""

MODELS = {
    "good": "<ir_version: 8, opset_import: ['' : 17]> g (float[1, 3] x) => (float[1, 3] y) { y = Relu (x) }",
    "partly": "<ir_version: 8, opset_import: ['' : 17]> g (float[1, 3, 4] x) => (float[1, 3, 4] y)"
    " { a = Relu (x) y = Abs (a) }",
    "refused": "<ir_version: 8, opset_import: ['' : 17]> g (float[1, 3] x) => (float[1, 3] y) { y = Sin (x) }",
    "cyclic": "<ir_version: 8, opset_import: ['' : 17]> g (float[1, 3] x) => (float[1, 3] y)"
    " { a = Add (x, b) b = Relu (a) y = Relu (b) }",
    "duplicate": "<ir_version: 8, opset_import: ['' : 17]> g (float[1, 3] x) => (float[1, 3] y)"
    " { y = Relu (x) y = Abs (x) }",
    "dangling": "<ir_version: 8, opset_import: ['' : 17]> g (float[1, 3] x) => (float[1, 3] y)"
    " { y = Add (x, nothing) }",
}


def model(name: str) -> bytes:
    """Make one of the small models."""
    from onnx import parser

    text = MODELS[name].replace("'", '"')
    return bytes(parser.parse_model(text).SerializeToString())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with one target (the shipped ones are hidden), a good model and some that are not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr("checker.targets.opsets_dir", lambda: tmp_path / "shipped")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "one.toml").write_text(TABLE)
    for name in MODELS:
        (tmp_path / f"{name}.onnx").write_bytes(model(name))
    return tmp_path


def run(*arguments: str) -> int:
    """Check with the test's own table."""
    return main([*arguments, "--opsets", "tables"])


def external(location: str) -> bytes:
    """Make a model whose weight lies somewhere else."""
    import onnx
    from onnx import helper

    weight = onnx.TensorProto(name="w", data_type=1, dims=[1, 3], data_location=1)
    weight.external_data.add(key="location", value=location)
    x, y = (helper.make_tensor_value_info(name, 1, [1, 3]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [weight])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(made.SerializeToString())
