"""What starts without what: the commands that need no model import none of the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("onnx", "numpy", "torch", "onnxruntime", "onnxsim", "google.protobuf")
PROBE = """
import contextlib, io, json, sys
from checker.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    try:
        main({arguments!r})
    except SystemExit:
        pass
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(code: str) -> set[str]:
    """Run Python code that prints a JSON list of modules in a fresh interpreter."""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize(
    "arguments", [["--help"], ["check", "--help"], ["targets"], ["targets", "--format", "json"], ["schema"]]
)
def test_no_heavy_library_is_imported(arguments: list[str]) -> None:
    """``--help``, ``targets`` and ``schema`` answer at once."""
    loaded = modules_after(PROBE.format(arguments=arguments))
    assert [name for name in HEAVY if name in loaded] == []
    assert "checker.cli" in loaded


@pytest.mark.parametrize("arguments", [["--help"], ["targets", "--format", "json"], ["schema"]])
def test_rich_is_imported_for_text_only(arguments: list[str]) -> None:
    """JSON needs no terminal library."""
    assert "rich" not in modules_after(PROBE.format(arguments=arguments))


def test_import_checker_imports_nothing() -> None:
    """The package itself is a name, a version and two promises."""
    loaded = modules_after("import json, sys, checker; print(json.dumps(sorted(sys.modules)))")
    assert {name for name in loaded if name.startswith("checker")} == {"checker"}
    assert [name for name in HEAVY if name in loaded] == []


def test_public_names_are_there_when_asked_for() -> None:
    """``check``, ``Report`` and ``__version__`` are all that is public; anything else is an AttributeError."""
    import checker
    from checker import audit, report

    assert checker.check is audit.check
    assert checker.Report is report.Report
    assert checker.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = checker.nothing
