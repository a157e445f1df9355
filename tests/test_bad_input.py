"""Whatever is wrong with what was given is one line on standard error and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small import RESNET, ROOT, TABLE, external, folder, model, run

from checker.cli import main

__all__ = ["folder"]

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 12345\n"

BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "text": (b"hello world, this is text\n", "a text file"),
    "pointer": (POINTER, "git lfs pull"),
    "truncated": (RESNET.read_bytes()[:9000], "truncated"),
    "cyclic": (model("cyclic"), "cycle"),
    "duplicate": (model("duplicate"), "twice"),
    "dangling": (model("dangling"), "nothing"),
    "outside": (external("../../etc/passwd"), "leaves the model's folder"),
    "absolute": (external("/etc/passwd"), "inside the model's folder"),
}


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the single line that was written to standard error, and see that nothing else was written."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("edgelint: error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return err


class TestBadInput:
    """Whatever is wrong with what was given: one line, exit code 2, nothing written."""

    @pytest.mark.parametrize("case", BAD_FILES)
    def test_a_bad_file(self, folder: Path, capsys: pytest.CaptureFixture[str], case: str) -> None:
        """The file is named, with what is wrong with it."""
        content, says = BAD_FILES[case]
        Path("bad.onnx").write_bytes(content)
        before = sorted(folder.rglob("*"))
        assert run("check", "bad.onnx", "--target", "acme-one", "--output", "report.txt") == 2
        line = one_line(capsys)
        assert "bad.onnx" in line
        assert says in line
        assert sorted(folder.rglob("*")) == before

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["check", "nowhere.onnx"], "no such file"),
            (["check", "*.nothing"], "no file matches"),
            (["check", "tables"], "no .onnx file in this folder"),
            (["check", "good.onnx", "--target", "acme-on"], "did you mean `acme-one`"),
            (["check", "good.onnx", "--target", "zzzzzz"], "unknown target `zzzzzz`"),
            (["check", "good.onnx", "--target", "acme-one", "--precision", "bf16"], "acme-one offers fp16, int8"),
            (["check", "good.onnx", "--precision", "fp7"], "invalid choice: 'fp7'"),
            (["check", "good.onnx", "--fail-on", "sometimes"], "invalid choice"),
            (["check", "good.onnx", "--format", "xml"], "invalid choice: 'xml'"),
            (["check", "good.onnx", "--select", "nan-gard"], "did you mean `nan-guard`"),
            (["check", "good.onnx", "--ignore", "nonsense"], "unknown rule `nonsense`"),
            (["check", "good.onnx", "--opset", "17"], "--opset is for torch models"),
            (["check", "good.onnx", "--input", "x:1x3"], "--input is for one torch model"),
            (["check", "json:loads"], "json:loads: no such file"),
            (["check", "good.onnx", "--output", "nowhere/report.txt"], "nowhere/report.txt: cannot be written"),
            (["check", "good.onnx", "--output", "tables"], "tables"),
            (["check", "good.onnx", "--opsets", "nowhere"], "nowhere: no such folder"),
            (["check", "good.onnx", "--targe", "acme-one"], "unrecognized arguments"),
            (["check"], "the following arguments are required: PATH"),
            (["export", "json:loads", "--output", "m.onnx", "--input", "x"], "NAME:SHAPE"),
            (["targets", "acme-on"], "did you mean `acme-one`"),
            (["explain", "Rellu"], "did you mean Relu"),
            (["explain", "Relu", "--target", "nobody"], "unknown target `nobody`"),
        ],
    )
    def test_bad_usage(self, folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
        """The line says what is wrong, and suggests the nearest where there is one."""
        before = sorted(folder.rglob("*"))
        tables = [] if arguments[0] == "export" else ["--opsets", "tables"]
        assert main([*arguments, *tables]) == 2
        assert says in one_line(capsys)
        assert sorted(folder.rglob("*")) == before

    @pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"]])
    def test_no_such_command(self, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
        """A usage error comes without a dump of the usage."""
        assert main(arguments) == 2
        assert "usage:" not in one_line(capsys)

    @pytest.mark.parametrize(
        ("table", "says"),
        [
            ("[target", "one.toml"),
            ("x = 1", "[target]"),
            (TABLE.replace('"native"', '"maybe"', 1), "maybe"),
            (TABLE.replace("rank(X) <= 2", "rank(X <= 2"), "rank(X <= 2"),
            (TABLE.replace("rank(X) <= 2", "__import__('os')"), "__import__"),
            (TABLE.replace('evidence = "guide"', 'evidence = "gossip"', 1), "gossip"),
            (TABLE.replace('chip = "One"\n', ""), "chip"),
        ],
    )
    def test_a_malformed_table(self, folder: Path, capsys: pytest.CaptureFixture[str], table: str, says: str) -> None:
        """The file is named, and the fault."""
        (folder / "tables" / "one.toml").write_text(table)
        assert run("check", "good.onnx", "--target", "acme-one") == 2
        line = one_line(capsys)
        assert "one.toml" in line
        assert says in line

    def test_a_name_that_would_steer_the_terminal(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Control characters of a path are escaped in the message."""
        assert run("check", "evil\x1b[2J\nname.onnx") == 2
        assert "\x1b" not in one_line(capsys)

    def test_a_bug_is_one_line_too(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An unexpected exception gives no traceback unless it is asked for."""
        from checker import audit

        def broken(*_: object, **__: object) -> None:
            message = "two\nlines"
            raise ValueError(message)

        monkeypatch.setattr(audit, "examine", broken)
        assert run("check", "good.onnx") == 2
        assert "internal error: ValueError: two lines" in one_line(capsys)
        monkeypatch.setenv("EDGELINT_TRACEBACK", "1")
        with pytest.raises(ValueError, match="two"):
            run("check", "good.onnx")

    def test_no_traceback_in_a_real_process(self, folder: Path) -> None:
        """The whole program, as a shell sees it."""
        Path("bad.onnx").write_bytes(b"\x08\x07garbage" * 50)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "checker", "check", "bad.onnx"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
