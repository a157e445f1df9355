"""The renderers: a fixed report, as people and as programs see it."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from checker import report
from checker.render import json as json_report
from checker.render import terminal, words
from checker.render.json_schema import schema

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

HOSTILE = "/evil\x1b[2J\r[bold]name"


@pytest.fixture
def audited() -> report.Report:
    """One report with something in every field: a target that takes all, one that does not, one that refuses."""
    softmax = report.Reason(
        op="Softmax",
        nodes=("/block.0/attn/Softmax", "/block.1/attn/Softmax"),
        status="fallback",
        constraint="rank(input) <= 4 and axis in {-1, rank(input) - 1}",
        here="rank(input) = 5, axis = -1",
        source="evidence/acme-one/acmec-1.0.jsonl",
        grade="measured",
        change="reshape to rank 4",
    )
    refused = report.Reason("", (), "refused", "opset <= 12", "opset = 17", "Acme guide 1.0", "documented")
    full = report.NodeEntry("/conv/Conv", "Conv", ("/conv/Conv",), "native", "measured", "Conv")
    part = report.NodeEntry(HOSTILE, "Softmax", (HOSTILE,), "fallback", "measured", "Softmax")
    ready, fallback, blocked = (
        report.TargetEntry(
            id=f"acme-{name}", toolchain="acmec 1.0", precision="int8", answer=answer, grade="measured",
            counts=report.Counts(12 - failed, 1, 0, failed, 0, 0), macs_on_accelerator=share, segments=segments,
            transfer_bytes=crossing, reasons=reasons, nodes=(full, part),
        )
        for name, answer, failed, share, segments, crossing, reasons in (
            ("two", "READY", 0, 1.0, 1, 0, ()),
            ("one", "READY_WITH_FALLBACK", 2, 0.9876, 5, 2_408_448, (softmax,)),
            ("old", "NEEDS_CHANGES", 0, None, 0, None, (refused,)),
        )
    )  # fmt: skip
    blocked = dataclasses.replace(blocked, changes=(report.Change("opset", "re-export at opset <= 12", "READY"),))
    simpler = report.Simplified("READY", 11, 1.0, 1)
    return report.Report(
        schema_version="1.0",
        tool=report.Tool("edgelint", "0.1.0", "0" * 64),
        model=report.Model(
            path="nets/tiny.onnx", sha256="1" * 64, sha256_of="structure", bytes=20_243, ir_version=8,
            producer="pytorch 2.13.0", opsets={"ai.onnx": 17},
            inputs=(report.Tensor("x", "float32", ("batch", 3, None, 224)), report.Tensor(HOSTILE, None, None)),
            outputs=(report.Tensor("y", "float32", (1, 1000)),), nodes=30, compute_nodes=12,
        ),
        composites=(report.CompositeEntry("Gelu", "decomposed", ("/Div", "/Erf"), "erf", "block.0.mlp"),),
        batchnorm=(report.BatchNormEntry("/bn", "BatchNormalization", "foldable", "/conv/Conv", "follows it"),),
        cost=report.CostEntry(
            1_823_000_000, 11_689_512, report.WeightBytes(46_758_048, 23_379_024, 11_689_512, 46_758_048), 6_021_120,
            {"Conv3x3": 0.9, "Linear": 0.1}, report.Growth(None, None), None, complete=False,
        ),
        targets=(ready, dataclasses.replace(fallback, simplified=simpler), blocked),
        findings=(
            report.FindingEntry(
                "dynamic-shape", "warning", "high", None, (), "dynamic dimensions: x [batch, 3, ?, 224]", "pin them"
            ),
            report.FindingEntry("odd-row", "info", "low", "acme-one", ("/conv/Conv",), "something", ""),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("detail", [False, True])
def test_text_is_as_recorded(audited: report.Report, snapshot: SnapshotAssertion, width: int, detail: bool) -> None:
    """The text for people is what was last looked at, narrow and wide, in short and in full."""
    assert terminal.render([audited], width=width, color=False, detail=detail) == snapshot


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("detail", [False, True])
def test_no_line_is_wider_than_asked(audited: report.Report, width: int, detail: bool) -> None:
    """Nothing sticks out on the right, and no line ends in spaces."""
    lines = terminal.render([audited], width=width, color=False, detail=detail).splitlines()
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []


def test_names_from_a_file_cannot_steer_the_terminal(audited: report.Report) -> None:
    """Control characters in a node's name are shown as escapes, and brackets are not markup."""
    for color in (False, True):
        text = terminal.render([audited], width=200, color=color, detail=True)
        assert "\x1b[2J" not in text
        assert "\r" not in text
        assert r"/evil\x1b[2J\r[bold]name" in text


def test_colour_changes_nothing_but_colour(audited: report.Report) -> None:
    """The same words, with ANSI codes around them."""
    import re

    plain = terminal.render([audited], width=80, color=False)
    painted = terminal.render([audited], width=80, color=True)
    assert painted != plain
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", painted)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_quiet_shows_the_verdicts_only(audited: report.Report) -> None:
    """Path, heading and one line a target with its reason; one more where onnxsim was asked for."""
    lines = terminal.render([audited], width=120, color=False, quiet=True).splitlines()
    assert len(lines) == 2 + len(audited.targets) + sum(t.simplified is not None for t in audited.targets)


def test_json_is_as_recorded(audited: report.Report, snapshot: SnapshotAssertion) -> None:
    """Keys, order and figures are what was last looked at."""
    assert json_report.render([audited], many=False) == snapshot


def test_json_fits_its_schema(audited: report.Report) -> None:
    """One report and a list of reports fit the schema, which itself is a valid 2020-12 schema."""
    jsonschema.Draft202012Validator.check_schema(schema())
    validator = jsonschema.Draft202012Validator(schema())
    validator.validate(json.loads(json_report.render([audited], many=False)))
    validator.validate(json.loads(json_report.render([audited], many=True)))


@pytest.mark.parametrize("path", ["model.sha256", "targets.0.answer", "cost.growth.macs", "batchnorm.0.reason"])
def test_a_missing_key_does_not_fit_the_schema(audited: report.Report, path: str) -> None:
    """Every key of the contract is required, at every depth."""
    data = json_report.plain(audited)
    *parents, last = path.split(".")
    place: Any = data
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    del place[last]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(data)


def test_a_wrong_answer_does_not_fit_the_schema(audited: report.Report) -> None:
    """A verdict is one of five words."""
    data = json_report.plain(audited)
    data["targets"][0]["answer"] = "MAYBE"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(data)


@pytest.mark.parametrize(
    ("number", "counted", "stored"),
    [
        (0, "0", "0 B"),
        (999, "999", "999 B"),
        (1000, "1 k", "0.977 KiB"),
        (999_999, "1 M", "977 KiB"),
        (11_689_512, "11.7 M", "11.1 MiB"),
        (4_112_000_000, "4.11 G", "3.83 GiB"),
        (5_000_000_000_000, "5 T", "4.547 TiB"),
    ],
)
def test_figures_have_three_digits(number: int, counted: str, stored: str) -> None:
    """Counts take decimal prefixes and bytes binary ones."""
    assert (words.quantity(number), words.size(number)) == (counted, stored)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (1.0, "100%"), (0.99999, "99.9%"), (0.00001, "0.1%"), (0.9876, "98.8%")],
)
def test_almost_all_is_not_all(share: float, text: str) -> None:
    """Only exactly everything rounds to 100 %, and only exactly nothing to 0 %."""
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([f"/b.{i}/Add" for i in range(12)], ["/b.{0..11}/Add"]),
        ([f"/b.{i}/fc{j}/Add" for i in range(4) for j in (1, 2)], ["/b.{0..3}/fc{1,2}/Add"]),
        ([f"/b.{i}/Add" for i in (0, 1, 2, 5, 6, 7, 9)], ["/b.{0,1,2,5,6,7,9}/Add"]),
        (["a1b1", "a1b2", "a2b1", "a3", "a4", "a5", "a6"], ["a1b1", "a1b2", "a2b1", "a{3..6}"]),
        (["x1", "x2", "x3"], ["x1", "x2", "x3"]),
        ([f"{{{i}}}" for i in range(7)], [f"{{{i}}}" for i in range(7)]),
        ([f"x{i:02}" for i in range(8)], ["x{00,01,02,03,04,05,06,07}"]),
    ],
)
def test_many_names_are_written_as_one(names: list[str], text: list[str]) -> None:
    """Names that differ in numbers are condensed where every combination is there, and only where they are many."""
    assert words.condensed(names) == text
