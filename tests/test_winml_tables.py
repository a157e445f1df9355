"""How published measurements become rows (docs/winml/)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from checker.paths import opsets_dir

sys.path.insert(0, str(Path(__file__).parent.parent / "docs" / "winml"))

from derive import Operator, Sample, rows
from tree import Example, leaves, opposite, tidy

TABLES = ("intel/intel-npu-openvino", "intel/intel-gpu-openvino", "qualcomm/qualcomm-adreno-qnn")
LINES = ("rank(X) <= 5",)


def operator(*measured: tuple[int, bool, str]) -> Operator:
    """Return an operator with a case for each schema version, answer to the one line, and result."""
    samples = tuple(Sample(since, True, (low,), (low,), {"npu": result}) for since, low, result in measured)  # noqa: FBT003
    return Operator("Sqrt", LINES, "dtype(X)", ("float32",), (), {"rank(X)": (1, 6)}, samples)


def found(cases: Operator) -> dict[str, tuple[tuple[int, ...], tuple[str, ...]]]:
    """Return the rows by status: versions and conditions."""
    return {row.status: (row.since, row.require) for row in rows(cases, "npu")}


def test_what_compiled_is_native_and_what_only_ran_is_fallback() -> None:
    """The two are told apart by the condition that separates them."""
    cases = operator(*[(13, True, "TT")] * 3, *[(13, False, "FT")] * 3)
    assert found(cases) == {"native": ((13,), ("1 <= rank(X) <= 5",)), "fallback": ((13,), ("rank(X) == 6",))}


@pytest.mark.parametrize("result", ["TF", "FF"])
def test_what_did_not_run_makes_no_row(result: str) -> None:
    """Compiled without running, or neither: nothing is known."""
    assert found(operator(*[(13, True, result)] * 3)) == {}


def test_a_version_that_contradicts_another_makes_no_row() -> None:
    """The same model compiled at one schema version and not at another: only the first is told."""
    cases = operator(*[(6, True, "FT")] * 3, *[(13, True, "TT")] * 3)
    assert found(cases) == {"native": ((13,), ("rank(X) >= 1",))}


def test_cases_that_no_line_separates_make_no_row() -> None:
    """Where equal conditions came out differently the table says nothing."""
    mixed = [Example((True,), "native"), Example((True,), "fallback")]
    assert [leaf.label for leaf in leaves(mixed, LINES, "native")] == [""]


@pytest.mark.parametrize(
    ("line", "negated"),
    [
        ("rank(X) <= 5", "rank(X) > 5"),
        ("axis in [0, 1]", "axis not in [0, 1]"),
        ("every(inputs, rank) <= 5", "not every(inputs, rank) <= 5"),
        ("const(A) and const(B)", "not (const(A) and const(B))"),
        ("not const(A)", "const(A)"),
    ],
)
def test_a_line_is_negated_as_one_would_write_it(line: str, negated: str) -> None:
    """All of some is not the negation of all."""
    assert opposite(line) == negated


def test_bounds_of_a_rank_stand_on_one_line() -> None:
    """Bounds are joined, and a weaker inequality beside an equation is left out."""
    lines = ("rank(X) <= 5", "rank(X) > 2", "axis != 1", "axis == 0")
    assert tidy(lines, {"rank(X)": (1, 6)}) == ("3 <= rank(X) <= 5", "axis == 0")


@pytest.mark.parametrize("name", TABLES)
def test_the_licence_is_beside_the_tables(name: str) -> None:
    """A table that rests on the package names the file with its licence, and that file is there."""
    folder = opsets_dir()
    assert "opsets/LICENSE-winml-cli.txt" in (folder / f"{name}.toml").read_text(encoding="utf-8")
    assert "MIT License" in (folder / "LICENSE-winml-cli.txt").read_text(encoding="utf-8")
