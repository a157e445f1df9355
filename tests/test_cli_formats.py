"""``check --format ...`` on files: valid, the same bytes every time, and the same problem is recognised again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from small import RESNET, folder, run
from test_render_formats import schema

from checker.cli import CHECK_FORMATS, main

if TYPE_CHECKING:
    from conftest import Corpus

__all__ = ["folder"]

TARGET = ("--target", "acme-one")
CHAIN = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 4] x) => (float[1, 3, 4] y) {
    a = Relu (x) b = Abs (a) c = Sin (b) y = Relu (c)
}"""


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Check and return what was printed."""
    capsys.readouterr()
    run("check", *arguments)
    return capsys.readouterr().out


def results(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[Any]:
    """Check with SARIF output, see that it is valid, and return the results."""
    data = json.loads(printed(capsys, *arguments, "--format", "sarif"))
    jsonschema.Draft4Validator(schema("sarif-2.1.0.json")).validate(data)
    found: list[Any] = data["runs"][0]["results"]
    return found


def write(name: str, text: str) -> str:
    """Write a model as text."""
    from onnx import parser

    Path(name).write_bytes(parser.parse_model(text).SerializeToString())
    return name


@pytest.mark.parametrize("kind", CHECK_FORMATS)
@pytest.mark.parametrize("asked", [(), TARGET])
def test_the_same_input_gives_the_same_bytes(
    folder: Path, capsys: pytest.CaptureFixture[str], kind: str, asked: tuple[str, ...]
) -> None:
    """For one model and for several, with targets asked for and without, and to a file as to standard output."""
    for models in (["partly.onnx"], ["good.onnx", "refused.onnx"]):
        first = printed(capsys, *models, *asked, "--format", kind)
        assert first
        assert printed(capsys, *models, *asked, "--format", kind) == first
        run("check", *models, *asked, "--format", kind, "--output", "out")
        assert Path("out").read_text(encoding="utf-8") == first


def test_every_reason_of_a_verdict_is_a_result(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the findings, with the level of what it makes of the verdict."""
    found = results(capsys, write("m.onnx", CHAIN), *TARGET)
    assert [(each["ruleId"], each["level"]) for each in found] == [
        ("placement/unsupported", "error"),
        ("placement/fallback", "warning"),
    ]
    assert "needs `rank(X) <= 2`; here rank(X) = 3" in found[1]["message"]["text"]
    rules = {each["rule"] for each in json.loads(printed(capsys, str(RESNET), *TARGET, "--format", "json"))["findings"]}
    assert rules
    assert rules <= {each["ruleId"] for each in results(capsys, str(RESNET), *TARGET)}


def test_a_result_is_recognised_after_renaming(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other names and other positions, the same fingerprints; another operator, another one."""
    prints = []
    for text in (CHAIN, CHAIN.replace("a = Relu (x) b = Abs (a)", "first = Relu (x) aa = Relu (first) b = Abs (aa)")):
        found = results(capsys, write("m.onnx", text), *TARGET)
        prints.append([each["partialFingerprints"] for each in found])
    assert prints[0] == prints[1]
    other = results(capsys, write("m.onnx", CHAIN.replace("Sin", "Cos")), *TARGET)
    assert other[0]["partialFingerprints"] not in prints[0]


def test_a_result_is_recognised_in_another_export(corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
    """Before and after a simplifier, which writes Gemm for MatMul and Add: what it leaves alone keeps its print."""
    found = []
    for name in ("bert_small__ts17", "bert_small__ts17_sim"):
        arguments = ["check", str(corpus(name)), "--target", "nvidia-orin-dla", "--format", "sarif", "--no-policy"]
        main(arguments)
        listed = json.loads(capsys.readouterr().out)["runs"][0]["results"]
        found.append(
            {each["partialFingerprints"]["edgelint/v1"] for each in listed if each["ruleId"] == "placement/fallback"}
        )
    assert len(found[0] & found[1]) > 0.6 * len(found[0])


def test_paths_are_the_repositorys(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder below the repository's root the path still starts at the root."""
    (folder / ".git").mkdir()
    (folder / "deep").mkdir()
    monkeypatch.chdir(folder / "deep")
    uris = []
    for given in ("../partly.onnx", str(folder / "partly.onnx")):
        main(["check", given, *TARGET, "--opsets", "../tables", "--format", "sarif"])
        (result, *_) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
        uris.append(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
    assert uris == ["partly.onnx", "partly.onnx"]


def test_a_baseline_gives_results_a_state(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New, unchanged, absent."""
    run("check", write("m.onnx", CHAIN), *TARGET, "--format", "json", "--output", "last.json")
    write("m.onnx", CHAIN.replace("c = Sin (b)", "c = Cos (b)"))
    found = results(capsys, "m.onnx", *TARGET, "--baseline", "last.json")
    assert {(each["baselineState"], each["properties"]["op"]) for each in found if "properties" in each} == {
        ("new", "Cos"),
        ("unchanged", "Abs"),
    }
    assert [each["ruleId"] for each in found if each["baselineState"] == "absent"] == ["placement/unsupported"]


def test_junit_has_a_suite_for_each_target(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused model is a failure, and the exit code is that of every format."""
    root = ET.fromstring(printed(capsys, "good.onnx", "refused.onnx", *TARGET, "--format", "junit"))  # noqa: S314
    assert [(suite.get("name"), suite.get("failures")) for suite in root] == [("acme-one", "1")]
    for kind in CHECK_FORMATS:
        assert run("check", "refused.onnx", *TARGET, "--format", kind) == 1
        assert run("check", "good.onnx", *TARGET, "--format", kind) == 0


def test_cyclonedx_hashes_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the hash that sha256sum prints, without ``--hash`` being asked for."""
    import hashlib

    (component,) = json.loads(printed(capsys, "good.onnx", "--format", "cyclonedx"))["components"]
    digest = hashlib.sha256(Path("good.onnx").read_bytes()).hexdigest()
    assert component["hashes"] == [{"alg": "SHA-256", "content": digest}]
