"""The examples of docs/policy.md and docs/ci.md are what the program takes."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checker.cli import CHECK_FORMATS, parser
from checker.policy.read import read
from checker.policy.waivers import KEY, KEYS
from checker.rules.placements import GATES, PLACEMENTS

ROOT = Path(__file__).resolve().parent.parent


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_whole_policy_is_read(tmp_path: Path) -> None:
    """Also as a part of pyproject.toml, with the prefix that the page names."""
    (text,) = blocks("policy.md", "toml")
    plain = tmp_path / "edgelint.toml"
    plain.write_text(text, encoding="utf-8")
    policy = read(plain)
    assert policy.waivers[0].expires == date(2027, 1, 31)
    prefixed = re.sub(r"^(\[+)", r"\1tool.edgelint.", text, flags=re.MULTILINE)
    whole = tmp_path / "pyproject.toml"
    whole.write_text(f"[tool.edgelint]\n{prefixed}", encoding="utf-8")
    assert read(whole).waivers == policy.waivers
    assert read(whole).demands == policy.demands


def test_a_models_own_waivers_have_the_keys_of_the_page() -> None:
    """And the metadata key is the one that is read."""
    (text,) = blocks("policy.md", "json")
    (waiver,) = json.loads(text)
    assert set(waiver) == set(KEYS)
    assert f"`{KEY}`" in (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")


def test_pipelines_are_yaml_and_their_commands_are_taken() -> None:
    """Every ``edgelint`` line of the page has options that exist."""
    yaml = pytest.importorskip("yaml")
    for text in blocks("ci.md", "yaml"):
        assert yaml.safe_load(text)
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    commands = re.findall(r"edgelint (check models [^\n|`]+?)(?: \|\| true)?\n", page)
    assert len(commands) > 4
    for command in commands:
        parser().parse_args(command.split())
    for name in CHECK_FORMATS:
        assert f"| `{name}` |" in page


def test_the_hook_is_the_one_of_the_page() -> None:
    """Its id, and one call for all files."""
    yaml = pytest.importorskip("yaml")
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["require_serial"] is True
    named: Any = [yaml.safe_load(text) for text in blocks("ci.md", "yaml") if "hooks:" in text]
    assert [each["repos"][0]["hooks"][0]["id"] for each in named] == [hook["id"]]
    parser().parse_args([*hook["entry"].split()[1:], "model.onnx"])


def test_every_rule_of_a_gate_has_a_page() -> None:
    """Where SARIF's help address points."""
    for rule in (*PLACEMENTS, *GATES):
        assert (ROOT / "docs" / "rules" / f"{rule.replace('/', '-')}.md").is_file()
