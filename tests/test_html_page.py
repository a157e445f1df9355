"""The HTML report as text: it stands alone, tells everything, and nothing in a model can break out of its data."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from checker import audit
from checker.cli import main
from checker.render.html import render
from checker.render.html.drawing import draw
from checker.render.html.page import LAYOUT, SCRIPTS

NETWORKS = Path(__file__).parent.parent / "fixtures" / "networks"
ROOM = Path(audit.__file__).parent / "render" / "html"
TARGETS = ("rockchip-rk3588", "arm-ethos-u55-128")


def examined(model: object, targets: tuple[str, ...] = TARGETS) -> audit.Examined:
    """Audit a model and keep what the report was made from."""
    return audit.examine(model, audit.Settings(audit.read_targets(targets)))


def data_of(page: str) -> list[dict[str, object]]:
    """Return the data in a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    decoded: list[dict[str, object]] = json.loads(found.group(1))
    return decoded


@pytest.fixture(scope="module")
def vit() -> audit.Examined:
    """A ViT in the file of which attention, GELU and patch embedding are in parts."""
    return examined(NETWORKS / "vit_tiny_patch16_224.onnx")


def test_the_page_refers_to_nothing_outside_itself(vit: audit.Examined) -> None:
    """No element of the page loads anything, and its policy forbids it."""
    page = render([vit])
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert not re.search(r"\b(src|href)\s*=\s*(?![\"']?#)", markup)
    assert "default-src 'none'" in page
    assert "connect-src" not in page


def test_the_same_model_gives_the_same_bytes(vit: audit.Examined) -> None:
    """Nothing in the page depends on the clock or on chance."""
    assert render([vit]) == render([examined(NETWORKS / "vit_tiny_patch16_224.onnx")])


def test_every_verdict_reason_and_finding_is_in_the_data(vit: audit.Examined) -> None:
    """The page holds the whole report, packed, but for names that it can join again."""
    (data,) = data_of(render([vit]))
    report, drawing, entries = data["report"], data["drawing"], data["entries"]
    names = [node["name"] for node in drawing["nodes"]]
    for packed, whole in zip(report["targets"], vit.report.targets, strict=True):
        assert packed["answer"] == whole.answer
        assert [reason["here"] for reason in packed["reasons"]] == [reason.here for reason in whole.reasons]
        for written, entry in zip(packed["nodes"], whole.nodes, strict=True):
            kind, at, *covers = written
            assert entries[kind] == [entry.op, entry.status, entry.grade, entry.row, list(entry.into)]
            assert (names[at] if isinstance(at, int) else at) == entry.name
            assert [names[c] if isinstance(c, int) else c for c in (covers[0] if covers else [at])] == list(
                entry.covers
            )
    assert [finding["message"] for finding in report["findings"]] == [f.message for f in vit.report.findings]


def test_folded_layers_lie_inside_each_other_or_apart(vit: audit.Examined) -> None:
    """A layer's nodes all lie in its parent, and two layers without such kinship share none."""
    folds = draw(vit).folds
    assert {"MultiHeadAttention", "Attention", "Gelu"} <= {fold.kind for fold in folds}
    for number, fold in enumerate(folds):
        if fold.parent is not None:
            assert set(fold.nodes) < set(folds[fold.parent].nodes)
        for other in folds[number + 1 :]:
            shared = set(fold.nodes) & set(other.nodes)
            assert not shared or set(other.nodes) < set(fold.nodes)


def test_edges_go_forward_and_join_the_ends(vit: audit.Examined) -> None:
    """Every compute node is reached from an input, and every output is reached."""
    drawing = draw(vit)
    ends = [index for index, node in enumerate(drawing.nodes) if node.op in {"input", "output"}]
    assert {drawing.nodes[index].name for index in ends} == {"input", "output"}
    reached = {index for index in ends if drawing.nodes[index].op == "input"}
    for start, end, _ in sorted(drawing.edges, key=lambda edge: edge[1]):
        if start in reached:
            reached.add(end)
    assert len(reached) == len(drawing.nodes)


def test_names_in_a_model_stay_text() -> None:
    """A node that is named like markup ends no element of the page."""
    evil = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'
    node = helper.make_node("Relu", ["x"], ["y"], name=evil)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("x", "y")]
    graph = helper.make_graph([node], evil, ends[:1], ends[1:])
    page = render([examined(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))])
    assert evil not in page
    assert data_of(page)[0]["drawing"]["nodes"][0]["name"] == evil
    assert page.count("<script") == 2 + len(SCRIPTS)


def test_several_models_share_a_page(vit: audit.Examined) -> None:
    """The page has all of them, with the libraries once."""
    other = examined(NETWORKS / "resnet18.onnx")
    page = render([vit, other])
    assert [each["report"]["model"]["nodes"] for each in data_of(page)] == [636, other.report.model.nodes]
    assert len(page) < len(render([vit])) + len(render([other])) - 500_000


def test_a_network_without_a_target_is_drawn_all_the_same() -> None:
    """With no target table at all there is still the network and its cost."""
    found = audit.examine(NETWORKS / "resnet18.onnx", audit.Settings(()))
    assert data_of(render([found]))[0]["drawing"]["targets"] == []


def test_the_libraries_are_those_that_are_named() -> None:
    """Each file in vendor has its hash and its licence in the README beside it."""
    listed = (ROOM / "vendor" / "README.md").read_text(encoding="utf-8")
    libraries = sorted((ROOM / "vendor").glob("*.js"))
    assert {f"vendor/{path.name}" for path in libraries} == {name for name in (*LAYOUT, *SCRIPTS) if "vendor" in name}
    for path in libraries:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in listed
    for name in re.findall(r"`([\w.]+\.LICENSE)`", listed):
        assert "ermission" in (ROOM / "vendor" / name).read_text(encoding="utf-8")


def test_scripts_stay_small() -> None:
    """One purpose a file, as for Python."""
    for path in (ROOM / "app").iterdir():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name


def test_a_model_in_memory_has_a_page() -> None:
    """Nothing in the page needs a path."""
    proto = onnx.load(str(NETWORKS / "resnet18.onnx"), load_external_data=False)
    assert "<memory>" in json.dumps(data_of(render([examined(proto, ("rockchip-rk3588",))])))


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    """``check --format html`` draws what it judged, with the gate's answer as exit code."""
    path = tmp_path / "report.html"
    asked = ["--format", "html", "--target", "arm-ethos-u55-128", "--fail-on", "fallback", "--output", str(path)]
    assert main(["check", str(NETWORKS / "vit_tiny_patch16_224.onnx"), *asked]) == 1
    (data,) = data_of(path.read_text(encoding="utf-8"))
    assert [target["id"] for target in data["report"]["targets"]] == ["arm-ethos-u55-128"]
