"""The vendor's own operator list beside what its compiler did."""

from __future__ import annotations

from pathlib import Path

import pytest
from acme import HEAD, PROBE
from onnx import parser

from checker import audit, targets
from checker.errors import InputError
from checker.target import Status

TABLE = f"""{HEAD}{PROBE}
[listed]
evidence    = "list"
taken       = ["Relu", "Sin", "Tan", "Gelu"]
conditional = ["Cos"]
host        = ["Exp"]
refused     = ["Abs"]

[[op]]
name     = "Abs"
status   = "native"
evidence = "probe"

[[op]]
name     = ["Sin", "Cos", "Gelu"]
status   = "fallback"
evidence = "probe"
"""

MODEL = """<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x) => (float[2,3] y) {{
  y = {op} (x)
}}"""


def told(folder: Path, op: str) -> list[str]:
    """Return what the report says of the list."""
    (folder / "acme-one.toml").write_text(TABLE)
    report = audit.check(parser.parse_model(MODEL.format(op=op)), targets=["acme-one"], opsets=[folder])
    return [reason.listed for reason in report.targets[0].reasons]


@pytest.mark.parametrize("op", ["Sin", "Tan"])
def test_an_operator_that_the_list_has_and_the_compiler_has_not(tmp_path: Path, op: str) -> None:
    """On the host or refused, the reader learns that the list says otherwise."""
    assert told(tmp_path, op) == [f"the vendor's list (Acme, operators, 1.4) has {op} without a condition"]


def test_listed_on_the_host_and_refused(tmp_path: Path) -> None:
    """A file that does not build is worse than a node on the host."""
    assert told(tmp_path, "Exp") == ["the vendor's list (Acme, operators, 1.4) has Exp on the host"]


@pytest.mark.parametrize("op", ["Cos", "Tanh"])
def test_a_list_with_conditions_or_without_the_operator_is_not_contradicted(tmp_path: Path, op: str) -> None:
    """Its conditions may be those that the compiler found."""
    assert told(tmp_path, op) == [""]


def test_a_layer_in_parts_is_not_the_operator_that_the_list_names(tmp_path: Path) -> None:
    """The list speaks of Gelu; the file has a Div, an Erf and what belongs to them."""
    (tmp_path / "acme-one.toml").write_text(TABLE)
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x) => (float[2,3] y)
    <float r = {1.4142135}, float one = {1}, float half = {0.5}> {
      a = Div (x, r) b = Erf (a) c = Add (b, one) d = Mul (x, c) y = Mul (d, half)
    }"""
    report = audit.check(parser.parse_model(text), targets=["acme-one"], opsets=[tmp_path])
    assert [(reason.op, reason.listed) for reason in report.targets[0].reasons] == [("Gelu", "")]


def test_an_operator_stands_in_one_place(tmp_path: Path) -> None:
    """Twice would leave open what the list says."""
    (tmp_path / "acme-one.toml").write_text(TABLE.replace('["Abs"]', '["Abs", "Exp"]'))
    with pytest.raises(InputError, match=r"\[listed\]: `Exp` stands under `host` and `refused`"):
        targets.find(["acme-one"], [tmp_path])


def test_qualcomms_list_has_what_v68_cannot_finalize() -> None:
    """Chips inherit the list: it is one for all of them."""
    (old, new) = targets.find(["qualcomm-hexagon-v68", "qualcomm-hexagon-v73"])
    assert old.listed is not None
    assert old.listed == new.listed
    assert "without a condition" in old.listed.against("Where", Status.UNSUPPORTED)
    assert old.listed.against("Where", Status.NATIVE) == ""
