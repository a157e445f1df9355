"""The command line: exit codes, reports, where output goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small import RESNET, folder, model, run

from checker.cli import main
from checker.render.json_schema import schema

__all__ = ["folder"]


class TestExitCodes:
    """0, 1 and 2."""

    @pytest.mark.parametrize(
        ("name", "fail_on", "code"),
        [
            ("good", "unknown", 0),
            ("partly", "never", 0),
            ("partly", "needs-changes", 0),
            ("partly", "fallback", 1),
            ("partly", "unknown", 1),
            ("refused", "blocked", 1),
            ("refused", "never", 0),
        ],
    )
    def test_the_threshold_decides(self, folder: Path, name: str, fail_on: str, code: int) -> None:
        """A verdict at the threshold or above it is exit code 1."""
        assert run("check", f"{name}.onnx", "--target", "acme-one", "--fail-on", fail_on) == code

    def test_the_default_threshold_is_needs_changes(self, folder: Path) -> None:
        """A fallback passes, a refusal does not."""
        assert run("check", "partly.onnx", "--target", "acme-one") == 0
        assert run("check", "refused.onnx", "--target", "acme-one") == 1

    def test_without_a_target_the_table_informs(self, folder: Path) -> None:
        """However bad the verdicts are."""
        assert run("check", "refused.onnx", "--fail-on", "unknown") == 0

    def test_a_bad_file_among_several(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It is one line on standard error; the others are reported, and the exit code is 2."""
        code = run("check", "good.onnx", "cyclic.onnx", "refused.onnx", "--target", "acme-one", "--format", "json")
        out, err = capsys.readouterr()
        assert code == 2
        assert err.count("\n") == 1
        assert [report["model"]["path"] for report in json.loads(out)] == ["good.onnx", "refused.onnx"]

    def test_a_vendor_stands_for_its_targets(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """In any case of letters."""
        assert run("check", "good.onnx", "--target", "acme chips", "--format", "json") == 0
        report = json.loads(capsys.readouterr().out)
        assert [target["id"] for target in report["targets"]] == ["acme-one"]


def report_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Check with JSON output and return what was printed."""
    run("check", *arguments, "--format", "json")
    return json.loads(capsys.readouterr().out)


class TestReports:
    """What ``check`` prints."""

    def test_a_constraint_is_explained_with_the_models_own_figures(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """In JSON, and in the text of a single target."""
        target = report_of(capsys, "partly.onnx", "--target", "acme-one")["targets"][0]
        assert target["answer"] == "READY_WITH_FALLBACK"
        assert target["counts"]["native"] == 1
        assert target["counts"]["fallback"] == 1
        reason = target["reasons"][0]
        assert (reason["op"], reason["status"], reason["constraint"]) == ("Abs", "fallback", "rank(X) <= 2")
        assert "rank(X) = 3" in reason["here"]
        assert "Acme guide 1.0" in reason["source"]
        run("check", "partly.onnx", "--target", "acme-one")
        text = " ".join(capsys.readouterr().out.split())
        assert "needs `rank(X) <= 2`; here rank(X) = 3" in text
        assert f"nodes: {reason['nodes'][0]}" in text

    def test_a_precision_that_only_some_offer(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The target that does not offer it answers UNKNOWN, with the reason and without figures."""
        other = (folder / "tables" / "one.toml").read_text().replace("acme-one", "acme-two").replace('"fp16", ', "")
        (folder / "tables" / "two.toml").write_text(other)
        asked = ("--target", "acme-one", "--target", "acme-two", "--precision", "fp16")
        assert run("check", "good.onnx", *asked) == 0
        capsys.readouterr()
        one, two = report_of(capsys, "good.onnx", *asked)["targets"]
        assert (one["answer"], two["answer"]) == ("READY", "UNKNOWN")
        assert "precision not offered: fp16" in two["reasons"][0]["here"]
        assert (two["macs_on_accelerator"], two["segments"], two["transfer_bytes"]) == (None, 0, None)

    def test_json_fits_the_schema_and_repeats(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """One report for one file, a list for several or a folder; the same bytes every time."""
        validator = jsonschema.Draft202012Validator(schema())
        for paths, many in ((["good.onnx"], False), (["good.onnx", "partly.onnx"], True), (["good*"], True)):
            printed = []
            for _ in range(2):
                run("check", *paths, "--format", "json")
                printed.append(capsys.readouterr().out)
            data = json.loads(printed[0])
            validator.validate(data)
            assert isinstance(data, list) is many
            assert printed[0] == printed[1]

    def test_paths_are_as_given(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Files and folders keep the spelling of the command line; folders are read in order, hidden ones not."""
        for name in ("sub/b.onnx", "sub/a.onnx", "sub/.git/c.onnx", "sub/note.txt"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(model("good"))
        for given, shown in (
            ("./sub", ["./sub/a.onnx", "./sub/b.onnx"]),
            ("sub/b*", ["sub/b.onnx"]),
            ("sub/**/*.onnx", ["sub/a.onnx", "sub/b.onnx"]),
        ):
            assert [r["model"]["path"] for r in report_of(capsys, given)] == shown
        assert report_of(capsys, "./good.onnx")["model"]["path"] == "./good.onnx"

    def test_hash_covers_the_whole_file(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Only with ``--hash`` is it the hash that sha256sum prints."""
        import hashlib

        said = report_of(capsys, "good.onnx", "--hash")["model"]
        assert (said["sha256_of"], said["sha256"]) == ("file", hashlib.sha256(model("good")).hexdigest())
        assert report_of(capsys, "good.onnx")["model"]["sha256_of"] == "structure"

    def test_output_goes_to_a_file(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The same bytes as on standard output, nothing but that file, and with ordinary permissions."""
        run("check", "good.onnx")
        printed = capsys.readouterr().out
        before = set(folder.iterdir())
        assert run("check", "good.onnx", "--output", "report.txt") == 0
        assert capsys.readouterr().out == ""
        assert Path("report.txt").read_text() == printed
        assert {path.name for path in set(folder.iterdir()) - before} == {"report.txt"}
        Path("ordinary").write_text("")
        assert Path("report.txt").stat().st_mode == Path("ordinary").stat().st_mode

    def test_colour_only_where_wanted(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Never in a pipe, never with NO_COLOR, always with ``--color always``."""

        def colored(*more: str) -> bool:
            run("check", "good.onnx", *more)
            return "\x1b[" in capsys.readouterr().out

        assert not colored()
        assert colored("--color", "always")
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        assert colored()
        assert not colored("--color", "never")
        monkeypatch.setenv("NO_COLOR", "1")
        assert not colored()
        assert colored("--color", "always")

    def test_quiet_keeps_the_verdicts(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Facts of the file, reasons in full and findings are gone."""
        run("check", "partly.onnx", "--target", "acme-one", "--quiet")
        text = capsys.readouterr().out
        assert "READY_WITH_FALLBACK" in text
        assert "opset" not in text

    def test_a_rule_can_be_left_out(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """``--select`` keeps only what it names, ``--ignore`` drops it."""
        path = str(RESNET)
        rules = {finding["rule"] for finding in report_of(capsys, path)["findings"]}
        assert "external-data-missing" in rules
        assert report_of(capsys, path, "--ignore", "external-data-missing,nan-guard")["findings"] == [
            f for f in report_of(capsys, path)["findings"] if f["rule"] != "external-data-missing"
        ]
        assert report_of(capsys, path, "--select", "nan-guard")["findings"] == []


class TestSimplify:
    """``--simplify``: the verdict after onnxsim, beside the raw one."""

    def test_both_verdicts_are_shown(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A node that computes with constants only is gone after onnxsim, and so is its refusal."""
        pytest.importorskip("onnxsim")
        text = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3] x) => (float[1, 3] y)
            { a = Relu (x) b = Sin (a) c = Sub (b, b) y = Relu (x) }"""
        from onnx import parser

        Path("m.onnx").write_bytes(parser.parse_model(text).SerializeToString())
        target = report_of(capsys, "m.onnx", "--target", "acme-one", "--simplify")["targets"][0]
        assert (target["answer"], target["simplified"]["answer"]) == ("BLOCKED", "READY")
        assert target["simplified"]["compute_nodes"] == 1
        for more in ([], ["--target", "acme-one"]):
            assert run("check", "m.onnx", "--simplify", *more) == (1 if more else 0)
            assert "after onnxsim: READY" in capsys.readouterr().out

    def test_without_onnxsim_the_extra_is_named(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One line says what to install."""
        import sys

        monkeypatch.setitem(sys.modules, "onnxsim", None)
        assert run("check", "good.onnx", "--simplify") == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "edgelint[simplify]" in err
        assert err.count("\n") == 1

    def test_missing_weights_are_one_line(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It computes with the weights; where they are not, it cannot."""
        pytest.importorskip("onnxsim")
        assert run("check", str(RESNET), "--simplify") == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "--simplify reads the weights" in err
        assert err.count("\n") == 1


class TestOtherCommands:
    """targets, explain, schema."""

    def test_targets_lists_and_shows(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A line a target; the whole table of one."""
        assert run("targets") == 0
        assert "acme-one" in capsys.readouterr().out
        assert run("targets", "acme-one", "--format", "json") == 0
        table = json.loads(capsys.readouterr().out)
        assert table["id"] == "acme-one"
        assert [row["op"] for row in table["rows"]] == ["Relu", "Abs"]
        assert run("targets", "acme-one") == 0
        assert "needs rank(X) <= 2" in capsys.readouterr().out

    def test_explain_an_operator(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Its rows on each target, and what becomes of it where none takes it."""
        assert run("explain", "Abs", "--target", "acme-one") == 0
        text = capsys.readouterr().out
        assert "needs rank(X) <= 2" in text
        assert "otherwise fallback" in text
        assert run("explain", "Sin", "--target", "acme-one", "--format", "json") == 0
        told = json.loads(capsys.readouterr().out)
        assert told["targets"] == [{"id": "acme-one", "toolchain": "acmec 1.0", "rows": [], "otherwise": "unsupported"}]

    def test_explain_a_rule(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The rule's own documentation, as text and as JSON."""
        assert main(["explain", "conv-bn-unfused"]) == 0
        assert "BatchNormalization" in capsys.readouterr().out
        assert main(["explain", "conv-bn-unfused", "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["rule"] == "conv-bn-unfused"

    def test_explain_a_named_condition(self, capsys: pytest.CaptureFixture[str]) -> None:
        """What a predicate in a table's constraint asks."""
        assert main(["explain", "depthwise"]) == 0
        assert "as many groups as input channels" in capsys.readouterr().out
        assert main(["explain", "depthwise", "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["predicate"] == "depthwise"

    def test_schema_is_a_schema(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It is the one that the tests use."""
        assert main(["schema"]) == 0
        assert json.loads(capsys.readouterr().out) == schema()
