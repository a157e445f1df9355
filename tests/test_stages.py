"""How far the toolchain comes with a node, and what the table adds in words, reach the reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from acme import HEAD, PROBE
from onnx import parser, save

from checker import audit, targets
from checker.cli import main
from checker.errors import InputError
from checker.report import Reason
from checker.stages import STAGES

TABLE = f"""{HEAD}{PROBE}
[[op]]
name     = "Abs"
status   = "native"
require  = ["rank(X) == 4"]
stage    = "load"
evidence = "probe"
note     = "Taken with four axes."

[[op]]
name     = "Sin"
status   = "unsupported"
stage    = "custom"
evidence = "probe"
note     = "Custom operator ACME_SIN."

[[op]]
name     = "Cos"
status   = "fallback"
stage    = "skip"
evidence = "probe"

[[op]]
name     = "Exp"
status   = "native"
dynamic  = true
evidence = "probe"

[[op]]
name     = "Tan"
status   = "native"
runs_as  = "fp16"
evidence = "probe"
note     = "Looked up in half precision."
"""

MODEL = """<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x) => (float[2,3] y) {{
  y = {op} (x)
}}"""


def told(folder: Path, op: str) -> Reason:
    """Return the only reason that the report gives."""
    (folder / "acme-one.toml").write_text(TABLE)
    report = audit.check(parser.parse_model(MODEL.format(op=op)), targets=["acme-one"], opsets=[folder])
    (reason,) = report.targets[0].reasons
    return reason


@pytest.mark.parametrize(
    ("op", "status", "stage", "note"),
    [
        ("Sin", "unsupported", "custom", "Custom operator ACME_SIN."),
        ("Cos", "fallback", "skip", ""),
        ("Tan", "runs-as", "", "Looked up in half precision."),
        ("Exp", "dynamic", "", ""),
        ("Tanh", "unsupported", "", ""),
    ],
)
def test_a_reason_has_the_stage_and_the_note(tmp_path: Path, op: str, status: str, stage: str, note: str) -> None:
    """A custom operator, an operator that the quantizer skips, another precision, and one without a row."""
    reason = told(tmp_path, op)
    assert (reason.status, reason.stage, reason.note) == (status, stage, note)


def test_a_row_that_did_not_apply_says_how_it_ends_and_keeps_its_note(tmp_path: Path) -> None:
    """The note of a row that takes other nodes may be about those."""
    reason = told(tmp_path, "Abs")
    assert (reason.status, reason.stage, reason.note) == ("fallback", "load", "")


def test_the_text_says_it_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the report of one target and on the target's page."""
    (tmp_path / "acme-one.toml").write_text(TABLE)
    model = tmp_path / "model.onnx"
    save(parser.parse_model(MODEL.format(op="Sin")), model)
    assert main(["check", str(model), "--target", "acme-one", "--opsets", str(tmp_path), "--verbose"]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert f"stage: {STAGES['custom']}" in text
    assert "note: Custom operator ACME_SIN." in text
    assert main(["check", str(model), "--target", "acme-one", "--opsets", str(tmp_path), "--quiet"]) == 1
    assert "Sin: listed as unsupported: Custom operator ACME_SIN" in " ".join(capsys.readouterr().out.split())
    assert main(["targets", "acme-one", "--opsets", str(tmp_path)]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert STAGES["custom"] in page
    assert f"not taken: {STAGES['load']}" in page
    assert main(["explain", "Sin", "--target", "acme-one", "--opsets", str(tmp_path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["targets"][0]["rows"][0]["stage"] == "custom"


def test_what_an_operator_becomes_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For each node in JSON, and in the list of every node."""
    row = """
[[op]]
name     = "Tanh"
status   = "decomposed"
into     = ["ACME_EXP", "ACME_DIV"]
evidence = "probe"
"""
    (tmp_path / "acme-one.toml").write_text(TABLE + row)
    model = tmp_path / "model.onnx"
    save(parser.parse_model(MODEL.format(op="Tanh")), model)
    asked = ["check", str(model), "--target", "acme-one", "--opsets", str(tmp_path)]
    assert main([*asked, "--verbose"]) == 0
    assert "Tanh: decomposed, as ACME_EXP, ACME_DIV (row" in " ".join(capsys.readouterr().out.split())
    assert main([*asked, "--format", "json"]) == 0
    (node,) = json.loads(capsys.readouterr().out)["targets"][0]["nodes"]
    assert node["into"] == ["ACME_EXP", "ACME_DIV"]


def test_a_stage_that_nobody_knows_is_a_fault_of_the_table(tmp_path: Path) -> None:
    """The words are those of the evidence."""
    (tmp_path / "acme-one.toml").write_text(TABLE.replace('"custom"', '"costum"'))
    with pytest.raises(InputError, match="custom"):
        targets.find(["acme-one"], [tmp_path])


def test_a_constraint_of_several_lines_is_told_in_one(tmp_path: Path) -> None:
    """A table may break a long one; a report has it as a sentence."""
    broken = "require  = ['''rank(X) in {\n  4,\n  5\n}''']"
    (tmp_path / "acme-one.toml").write_text(TABLE.replace('require  = ["rank(X) == 4"]', broken))
    report = audit.check(parser.parse_model(MODEL.format(op="Abs")), targets=["acme-one"], opsets=[tmp_path])
    assert report.targets[0].reasons[0].constraint == "rank(X) in { 4, 5 }"
