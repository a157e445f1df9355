"""``edgelint compare``: what is said of two models is what ``check`` says of each, and the better verdict is easier."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from small import folder, run

from checker.gate import ANSWERS
from checker.render.markdown import text

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Corpus

assert folder  # a fixture


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert run(*arguments, "--format", "json") in {0, 1}
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("pair", list(product(("good", "partly", "refused"), repeat=2)), ids="-".join)
def test_sides_say_what_check_says(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Verdicts, shares and costs are those of two reports; the better verdict is easier; swapped, so is the answer."""
    found = _json(capsys, "compare", *(f"{name}.onnx" for name in pair))
    for side, name in zip("ab", pair, strict=True):
        alone = _json(capsys, "check", f"{name}.onnx")
        assert found[side]["model"] == alone["model"]
        assert found[side]["growth"] == alone["cost"]["growth"]
        mine, target = found["targets"][0][side], alone["targets"][0]
        assert {key: mine[key] for key in ("answer", "segments", "counts")} == {
            key: target[key] for key in ("answer", "segments", "counts")
        }
    one, two = (ANSWERS.index(found["targets"][0][side]["answer"]) for side in "ab")
    assert found["targets"][0]["easier"] == ("a" if one < two else "b" if two < one else "same")
    swapped = _json(capsys, "compare", *(f"{name}.onnx" for name in reversed(pair)))
    flip = {"a": "b", "b": "a"}
    assert swapped["targets"][0]["easier"] == flip.get(found["targets"][0]["easier"], found["targets"][0]["easier"])
    assert swapped["targets"][0]["only_a"] == found["targets"][0]["only_b"]


@pytest.mark.usefixtures("folder")
def test_a_reason_that_both_have_is_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    """A model beside itself has no reason of its own, whatever its verdict."""
    target = _json(capsys, "compare", "partly.onnx", "partly.onnx")["targets"][0]
    assert target["only_a"] == target["only_b"] == []
    assert target["a"] == target["b"]
    only = _json(capsys, "compare", "good.onnx", "partly.onnx")["targets"][0]["only_b"]
    assert [(reason["op"], reason["status"], reason["nodes"]) for reason in only] == [("Abs", "fallback", 1)]
    assert only[0]["why"].startswith("needs `rank(X) <= 2`; here rank(X) = 3")


@pytest.mark.usefixtures("folder")
def test_bad_input_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file, a folder, an unknown target and too few files are usage errors."""
    for arguments in (
        ("compare", "good.onnx", "nowhere.onnx"),
        ("compare", "good.onnx", "tables"),
        ("compare", "good.onnx", "cyclic.onnx"),
        ("compare", "good.onnx", "good.onnx", "--target", "no-such"),
        ("compare", "good.onnx"),
    ):
        assert run(*arguments) == 2
        out, err = capsys.readouterr()
        assert not out
        assert len(err.splitlines()) == 1


@pytest.mark.usefixtures("folder")
def test_text_and_markdown_name_both_and_say_why(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """Both formats hold the verdicts and the reason; nothing of a file's name is Markdown."""
    (folder / "a*b|c.onnx").write_bytes((folder / "refused.onnx").read_bytes())
    for style in ("text", "markdown"):
        assert run("compare", "good.onnx", "a*b|c.onnx", "--format", style) == 0
        out = capsys.readouterr().out
        assert "READY" in out
        assert "BLOCKED" in out
        assert "Sin" in out
    assert text("a*b|c.onnx") in out
    assert "a*b|c.onnx" not in out


def test_a_cnn_and_a_transformer(corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
    """The convolution grows in proportion and takes any size, the transformer does neither."""
    from checker.cli import main

    paths = [str(corpus(name)) for name in ("resnet50__ts17", "vit_tiny_patch16_224__ts17")]
    assert main(["compare", *paths, "--target", "nvidia-orin-dla", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["a"]["growth"]["macs"] == pytest.approx(1.0, abs=0.01)
    assert found["b"]["growth"]["macs"] > 1.1
    assert found["a"]["pinned_resolution"] is None
    assert found["b"]["pinned_resolution"].startswith("position-embedding: Add /Add ")
    assert found["b"]["composites"]["Attention"] == 12
    assert found["targets"][0]["easier"] == "a"
