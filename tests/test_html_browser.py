"""The HTML report in a real browser: headless Chromium loads it, and a reader finds his way."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from checker import audit
from checker.render.html import render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]

NETWORKS = Path(__file__).parent.parent / "fixtures" / "networks"
TARGETS = ("arm-ethos-u55-128", "rockchip-rk3588")
TEXTS = ("text", "quiet", "accent", "good", "bad", "warn", "odd")
STATUSES = ("native", "decomposed", "fallback", "unsupported", "unknown")
OFFLINE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all tests."""
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=CHROMIUM, args=list(OFFLINE))
        yield made
        made.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page on a ViT and a ResNet."""
    settings = audit.Settings(audit.read_targets(TARGETS))
    models = [NETWORKS / "vit_tiny_patch16_224.onnx", NETWORKS / "resnet18.onnx"]
    path = tmp_path_factory.mktemp("html") / "report.html"
    path.write_text(render([audit.examine(model, settings) for model in models]), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    """The page, opened; whatever the browser complains of fails the test, and so does a request to anywhere."""
    yield from opened(browser, report)


def opened(browser: Any, path: Path, **options: Any) -> Iterator[Any]:
    """Open a page and watch what it says and asks for."""
    made = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
    said: list[str] = []
    made.on("console", lambda message: said.append(message.text))
    made.on("pageerror", lambda error: said.append(str(error)))
    made.on("request", lambda request: None if request.url.startswith(("file:", "blob:")) else said.append(request.url))
    made.goto(path.as_uri())
    until(made, "network.state().drawn > 0")
    yield made
    assert said == []
    made.close()


def until(page: Any, condition: str, seconds: float = 60) -> None:
    """Wait for a condition (the page's policy forbids the browser tool's own way of waiting)."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        time.sleep(0.05)


def test_every_target_has_its_verdict(page: Any) -> None:
    """The table shows what the report says."""
    rows = page.locator("#verdict-table tbody tr").all_inner_texts()
    assert len(rows) == len(TARGETS)
    assert "arm-ethos-u55-128" in rows[0]
    assert "ready with fallback" in rows[0]
    assert "rockchip-rk3588" in rows[1]
    assert "fallback" not in rows[1]


def test_layers_unfold_and_fold_again(page: Any) -> None:
    """Folded there are fewer boxes; unfolded, one for each compute node, input and output."""
    folded = page.evaluate("network.state().boxes")
    page.get_by_role("button", name="Unfold all").click()
    until(page, "network.state().boxes === current().drawing.nodes.length")
    page.get_by_role("button", name="Fold all", exact=True).click()
    until(page, f"network.state().boxes === {folded}")


def test_one_layer_unfolds_with_the_keyboard_alone(page: Any) -> None:
    """From the graph's beginning down to the patch embedding, which Enter unfolds."""
    before = page.evaluate("network.state().boxes")
    page.focus("#canvas")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert "PatchEmbedding" in page.inner_text("#detail")
    page.keyboard.press("Enter")
    until(page, f"network.state().boxes > {before}")
    assert "Conv" in page.inner_text("#detail h3")
    page.keyboard.press("Enter")
    until(page, f"network.state().boxes === {before}")


def test_search_finds_nodes_by_name_and_inside_folded_layers(page: Any) -> None:
    """Twelve softmaxes lie in twelve folded attention layers."""
    page.keyboard.press("/")
    page.keyboard.type("softmax")
    until(page, "document.getElementById('hits').textContent === '12 found'")
    assert "MultiHeadAttention" in page.inner_text("#detail")
    page.keyboard.press("Enter")
    assert page.evaluate("network.state().hits.indexOf(network.state().here)") == 1


def test_another_target_paints_the_network_anew(page: Any) -> None:
    """What runs on the host on one target is native on the other, and the reasons follow."""
    assert "fallback" in page.inner_text("#legend")
    assert "MatMul" in page.inner_text("#reason-list")
    page.select_option("#target-choice", "1")
    until(page, "!document.getElementById('legend').textContent.includes('fallback')")
    assert "Every compute node runs on the accelerator" in page.inner_text("#reason-list")
    assert page.is_checked("#verdict-table input[value='1']")


def test_a_node_tells_its_constraint_and_source(page: Any) -> None:
    """The next problem is a node on the host; its detail has the row, the reason and where that comes from."""
    page.get_by_role("button", name="Next problem").click()
    told = page.inner_text("#detail")
    assert "fallback" in told
    assert "measured" in told
    assert page.locator("#detail details").count() >= 1


def test_another_model_can_be_chosen(page: Any) -> None:
    """Two reports, one page."""
    page.select_option("#model-choice", "1")
    until(page, "document.getElementById('title').textContent.endsWith('resnet18.onnx')")
    assert page.locator("#kinds").get_attribute("aria-label").startswith("Conv3x3")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_light_and_dark(browser: Any, report: Path, scheme: str) -> None:
    """Contrast of text and of every status colour with what is written on it is at least 4.5 (WCAG AA)."""
    for page in opened(browser, report, color_scheme=scheme):
        words = ["page", "panel", *TEXTS, "on-status", *STATUSES]
        colors = {word: page.evaluate(f"color('{word}')") for word in words}
        for text in TEXTS:
            for ground in ("page", "panel"):
                assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
        for status in STATUSES:
            assert contrast(colors["on-status"], colors[status]) >= 4.5, status


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours written #rrggbb (WCAG 2.2, relative luminance)."""
    luminances = []
    for color in (one, other):
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminances.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def test_no_part_is_wider_than_a_telephone(browser: Any, report: Path) -> None:
    """At 390 pixels the page itself does not scroll sideways."""
    for page in opened(browser, report):
        page.set_viewport_size({"width": 390, "height": 800})
        until(page, "document.documentElement.scrollWidth <= 390", 10)  # a chart follows a moment later


def test_five_thousand_nodes_can_be_used(browser: Any, tmp_path: Path) -> None:
    """A network of 5,000 nodes opens, unfolds, searches and changes target, each within seconds."""
    path = tmp_path / "large.html"
    settings = audit.Settings(audit.read_targets(TARGETS))
    path.write_text(render([audit.examine(large(1000), settings)]), encoding="utf-8")
    for page in opened(browser, path):
        page.get_by_role("button", name="Unfold all").click()
        until(page, "network.state().drawn >= 5000")
        page.fill("#search", "softmax")
        until(page, "document.getElementById('hits').textContent === '1000 found'", 20)
        page.select_option("#target-choice", "1")
        until(page, "document.getElementById('reason-list').textContent.includes('rockchip-rk3588')", 20)


def large(blocks: int) -> onnx.ModelProto:
    """Return a chain of residual blocks, five nodes each."""
    nodes, x = [], "x"
    for number in range(blocks):
        names = [f"{letter}{number}" for letter in "abcde"]
        nodes += [
            helper.make_node("Sigmoid", [x], [names[0]]),
            helper.make_node("Mul", [x, names[0]], [names[1]]),
            helper.make_node("Softmax", [names[1]], [names[2]], axis=-1),
            helper.make_node("Relu", [names[2]], [names[3]]),
            helper.make_node("Add", [names[3], x], [names[4]]),
        ]
        x = names[4]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("x", x)]
    graph = helper.make_graph(nodes, "large", ends[:1], ends[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def test_a_node_tells_what_it_becomes(page: Any) -> None:
    """In the compiler's own words, where the table has them."""
    page.keyboard.press("/")
    page.keyboard.type("patch_embed/proj/Conv")
    until(page, "document.getElementById('hits').textContent === '1 found'")
    assert "native Conv as PAD, CONV_2D" in " ".join(page.inner_text("#detail").split())
