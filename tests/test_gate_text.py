"""The gate as people read it on a terminal: in full, in twenty lines, and while it works."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from judged import HOSTILE, audited, judged_report
from small import folder, model, run

from checker import report
from checker.render import brief, terminal

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

__all__ = ["audited", "folder", "judged_report"]


def named(found: report.Report, path: str, *, passes: bool) -> report.Report:
    """Return a report of another model."""
    assert found.gate is not None
    gate = dataclasses.replace(found.gate, passed=passes, failures=() if passes else found.gate.failures)
    return dataclasses.replace(found, model=dataclasses.replace(found.model, path=path), gate=gate)


@pytest.mark.parametrize("width", [80, 120])
def test_a_gate_is_as_recorded(judged_report: report.Report, snapshot: SnapshotAssertion, width: int) -> None:
    """What is new and fixed, the waivers, and why it fails, after the verdicts."""
    text = terminal.render([judged_report], width=width, color=False)
    assert text == snapshot
    assert max(map(len, text.splitlines())) <= width


def test_verbose_lists_every_node(audited: report.Report) -> None:
    """With the row that decides it."""
    text = terminal.render([audited], width=100, color=False, detail=True, verbose=True)
    assert "Every node" in text
    assert "Conv: native (row Conv; measured)" in text
    assert "Every node" not in terminal.render([audited], width=100, color=False, detail=True)


@pytest.mark.parametrize("width", [80, 120])
def test_the_short_text_is_as_recorded(judged_report: report.Report, snapshot: SnapshotAssertion, width: int) -> None:
    """One that fails with its reasons, one that passes in a line, the sum."""
    both = [named(judged_report, "good.onnx", passes=True), judged_report]
    assert brief.render(both, width=width, color=False) == snapshot


@pytest.mark.parametrize("failing", [0, 1, 2, 5, 19, 50])
@pytest.mark.parametrize("passing", [0, 1, 18, 19, 20, 50])
@pytest.mark.parametrize("width", [60, 120])
def test_the_short_text_has_at_most_twenty_lines(
    judged_report: report.Report, failing: int, passing: int, width: int
) -> None:
    """However many models there are; all are named or counted, those that fail first, and no line is too wide."""
    if not failing + passing:
        return
    reports = [named(judged_report, f"good{n}.onnx", passes=True) for n in range(passing)]
    reports += [named(judged_report, f"bad{n}.onnx", passes=False) for n in range(failing)]
    lines = brief.render(reports, width=width, color=False).splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) <= width
    told = {word: sum(line.startswith(word) for line in lines) for word in ("good", "bad")}
    for word, verb, total in (("good", "pass", passing), ("bad", "fail", failing)):
        more = [
            int(line.split()[1])
            for line in lines
            if line.startswith("and ") and line.rstrip("es").endswith(f"more {verb}".rstrip("s"))
        ]
        assert told[word] + sum(more) == total, lines
    kinds = [line[:3] for line in lines if line.startswith(("good", "bad"))]
    assert kinds == sorted(kinds)


def test_a_hostile_name_cannot_steer_the_short_text(judged_report: report.Report) -> None:
    """Control characters of a path are shown."""
    text = brief.render([named(judged_report, HOSTILE, passes=False)], width=200, color=False)
    assert "\x1b" not in text
    assert "\r" not in text


def test_quiet_is_short_where_targets_are_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And a table of all targets where none is."""
    assert run("check", "good.onnx", "refused.onnx", "--target", "acme-one", "--quiet") == 1
    assert capsys.readouterr().out.splitlines() == [
        "refused.onnx",
        "  acme-one fp16: BLOCKED, Sin: Sin is not listed",
        "good.onnx: passes, READY on acme-one",
        "2 models: 1 failed, 1 passed",
    ]
    assert run("check", "good.onnx", "--quiet") == 0
    assert "verdict" in capsys.readouterr().out


def test_quiet_and_verbose_exclude_each_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both at once is bad usage."""
    assert run("check", "good.onnx", "--quiet", "--verbose") == 2
    assert "not allowed with" in capsys.readouterr().err


def test_progress_is_for_terminals(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, percentage and an estimate on standard error; nothing of it in a pipe, with --quiet, or for one step."""
    for number in range(3):
        Path(f"m{number}.onnx").write_bytes(model("good"))
    assert run("check", "m0.onnx", "m1.onnx", "m2.onnx") == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert run("check", "m0.onnx", "m1.onnx", "m2.onnx") == 0
    err = capsys.readouterr().err
    assert "3/3" in err
    assert "100%" in err
    other = Path("tables/one.toml").read_text().replace("acme-one", "acme-two")
    Path("tables/two.toml").write_text(other)
    assert run("check", "m0.onnx") == 0
    assert "2/2" in capsys.readouterr().err
    for more in (["m0.onnx", "--target", "acme-one"], ["m0.onnx", "m1.onnx", "--quiet"]):
        run("check", *more)
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize("width", [80, 120])
def test_long_target_ids_leave_every_line_whole(audited: report.Report, width: int) -> None:
    """Grades are shortened rather than wrapped, and a reason goes below where there is no room beside it."""
    longest = "qualcomm-hexagon-tflite-delegate"
    found = dataclasses.replace(
        audited,
        targets=tuple(
            dataclasses.replace(each, id=longest[: -n or None], grade="measured-elsewhere", macs_on_accelerator=0.5)
            for n, each in enumerate(audited.targets)
        ),
    )
    lines = terminal.render([found], width=width, color=False, quiet=True).splitlines()
    assert max(map(len, lines)) <= width
    told = [line for line in lines if line.startswith("qualcomm-")]
    assert len(told) == 3
    assert all("elsew." in line for line in told)
