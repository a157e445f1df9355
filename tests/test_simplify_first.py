"""Toolchains that want a simplified file: their tables say so, and the report says it of the file at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import parser

from checker import audit, targets
from checker.errors import InputError
from checker.rules import run
from checker.rules.finding import Finding, Subject

HEAD = """[target]
id        = "{id}"
vendor    = "Acme"
chip      = "One"
toolchain = "acmec 1.4"
precision = ["fp32"]
unlisted  = "fallback"
rejected  = "fallback"

[source.doc]
kind  = "vendor-doc"
where = "https://acme.example"
"""

WANTS = '\n[simplify]\nevidence = "doc"\nnote = "acmec runs shape arithmetic on the host"\n'

SHAPES = """<ir_version: 8, opset_import: ["" : 17]> g (float[2,3,4] x) => (float[2,12] y)
<int64[1] minus = {-1}, int64 zero = {0}, int64[1] axes = {0}> {
  s = Shape (x)
  n = Gather (s, zero)
  u = Unsqueeze (n, axes)
  c = Concat <axis = 0> (u, minus)
  y = Reshape (x, c)
}"""

PLAIN = """<ir_version: 8, opset_import: ["" : 17]> g (float[2,3,4] x) => (float[2,12] y) {
  c = Constant <value_ints = [2, 12]> ()
  y = Reshape (x, c)
}"""


def said(folder: Path, text: str, *wanting: str) -> list[Finding]:
    """Return what the rule says where these targets want it simplified, and another does not."""
    for name in (*wanting, "acme-plain"):
        (folder / f"{name}.toml").write_text(HEAD.format(id=name) + (WANTS if name in wanting else ""))
    asked = [*wanting, "acme-plain"]
    report = audit.check(parser.parse_model(text), targets=asked, opsets=[folder])
    return [finding for finding in report.findings if finding.rule == "simplify-first"]


def test_shape_arithmetic_that_is_left_in_is_told(tmp_path: Path) -> None:
    """How many nodes, which, why it matters for this target, and what shows the verdict after it."""
    (finding,) = said(tmp_path, SHAPES, "acme-one")
    assert finding.target == "acme-one"
    assert finding.message == (
        "4 nodes compute constants or shapes (1 Concat, 1 Gather, 1 Shape, 1 Unsqueeze): "
        "acmec runs shape arithmetic on the host"
    )
    assert "`--simplify` shows the verdict after it" in finding.fix
    assert len(finding.nodes) == 4


def test_several_targets_with_one_reason_are_one_finding(tmp_path: Path) -> None:
    """It concerns no single one then."""
    (finding,) = said(tmp_path, SHAPES, "acme-one", "acme-two")
    assert finding.target is None
    assert "(acme-one, acme-two)" in finding.message


def test_a_file_without_any_is_left_alone(tmp_path: Path) -> None:
    """A Constant that holds a shape is no arithmetic."""
    assert said(tmp_path, PLAIN, "acme-one") == []


def test_a_target_that_does_not_want_it_says_nothing(tmp_path: Path) -> None:
    """Most toolchains fold by themselves."""
    assert said(tmp_path, SHAPES) == []


def test_the_reason_has_to_be_given(tmp_path: Path) -> None:
    """A reader wants to know why."""
    (tmp_path / "acme-one.toml").write_text(HEAD.format(id="acme-one") + '\n[simplify]\nevidence = "doc"\n')
    with pytest.raises(InputError, match=r"\[simplify\]: `note` must be a text, and is missing"):
        targets.find(["acme-one"], [tmp_path])


def test_vela_wants_it_and_its_siblings_inherit_that() -> None:
    """onnx2tf leaves the arithmetic in."""
    (ethos,) = targets.find(["arm-ethos-u55-128"])
    assert ethos.simplify is not None
    assert ethos.simplify.sources


def test_without_targets_there_is_nobody_to_want_it() -> None:
    """A subject of a rule test has none."""
    from checker.load import load_model

    assert not [f for f in run(Subject(load_model(parser.parse_model(SHAPES)))) if f.rule == "simplify-first"]
