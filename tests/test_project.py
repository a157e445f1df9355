"""The project's own promises: one version, one test command, short files."""

from __future__ import annotations

import re
from pathlib import Path

import checker

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 400


def test_there_is_one_version() -> None:
    """The package says the version that the distribution has."""
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared is not None
    assert checker.__version__ == declared[1]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """What a newcomer is told to run is what CI runs, word for word."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = re.search(r"all tests:\n\n```sh\n(.+)\n```", readme)
    assert command is not None
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert f"{command[1]} || exit 1" in lines


def test_the_readme_audits_a_network_that_is_here() -> None:
    """Every path under ``fixtures/`` that the README names exists."""
    named = set(re.findall(r"fixtures/\S+\.onnx", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_files_are_short() -> None:
    """No Python file has more than 400 lines."""
    files = [path for folder in ("checker", "tests", "docs") for path in (ROOT / folder).rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}
