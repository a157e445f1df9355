"""`edgelint targets --opsets DIR` looks through the reader's own tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from acme import HEAD

from checker.cli import main

TABLE = (
    HEAD.replace('"acme-one"', '"{id}"')
    + """
[[op]]
name     = "{op}"
status   = "native"
require  = ["rank({argument}) == 4"]
evidence = "list"
"""
)


def notes(folder: Path, capsys: pytest.CaptureFixture[str], **fields: str) -> str:
    """Return what is noted about a table."""
    fields = {"id": "acme-one", "op": "Conv", "argument": "X", **fields}
    (folder / "acme.toml").write_text(TABLE.format(**fields))
    assert main(["targets", fields["id"], "--opsets", str(folder)]) == 0
    return capsys.readouterr().err


def test_a_sound_table_is_not_commented_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing on standard error."""
    assert notes(tmp_path, capsys) == ""


@pytest.mark.parametrize(("field", "wrong"), [("op", "Conw"), ("argument", "Q")])
def test_a_misspelt_name_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, wrong: str) -> None:
    """It would make nodes unknown, or never match one."""
    err = notes(tmp_path, capsys, **{field: wrong})
    assert err.startswith("edgelint: note: ")
    assert wrong in err
    assert "row 1" in err


def test_a_table_that_stands_in_for_a_shipped_one_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A later folder wins, and the reader is told."""
    assert "stands in for the table of `rockchip-rk3588`" in notes(tmp_path, capsys, id="rockchip-rk3588")


def test_the_tables_that_are_shipped_are_not_looked_through(capsys: pytest.CaptureFixture[str]) -> None:
    """That is what tests are for, and the command stays fast."""
    assert main(["targets", "rockchip-rk3588"]) == 0
    assert capsys.readouterr().err == ""
