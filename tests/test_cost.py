"""What a network costs: counts that can be checked by hand, and torch's own."""

from __future__ import annotations

import csv
import lzma
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from onnx import parser

from checker.cli import main
from checker.composites import raise_composites
from checker.cost import measure
from checker.cost.terms import TERMS
from checker.load import load_file, load_model

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Corpus

    from checker.cost import Cost

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'


def _cost(text: str) -> Cost:
    graph = load_model(parser.parse_model(HEAD + text))
    return measure(graph, raise_composites(graph))


@pytest.mark.parametrize(
    ("text", "macs", "kind"),
    [
        ("g (float[1,8,10,10] x, float[16,8,3,3] w) => (float[1,16,8,8] y) {y = Conv(x, w)}", 16 * 64 * 72, "Conv3x3"),
        (
            "g (float[1,8,10,10] x, float[16,8,1,1] w) => (float[1,16,10,10] y) {y = Conv(x, w)}",
            16 * 100 * 8,
            "Conv1x1",
        ),
        (
            "g (float[1,8,10,10] x, float[8,1,3,3] w) => (float[1,8,8,8] y) {y = Conv <group = 8> (x, w)}",
            8 * 64 * 9,
            "DepthwiseConv",
        ),
        (
            "g (float[1,8,5,5] x, float[8,4,2,2] w) => (float[1,4,10,10] y) {y = ConvTranspose <strides=[2,2]> (x, w)}",
            8 * 25 * 4 * 4,
            "ConvTranspose",
        ),
        ("g (float[5,7] a, float[3,7] b) => (float[5,3] y) {y = Gemm <transB = 1> (a, b)}", 5 * 7 * 3, "MatMul"),
        ("g (float[7,5] a, float[7,3] b) => (float[5,3] y) {y = Gemm <transA = 1> (a, b)}", 5 * 7 * 3, "MatMul"),
        ("g (float[2,4,5,7] a, float[2,4,7,3] b) => (float[2,4,5,3] y) {y = MatMul(a, b)}", 8 * 5 * 7 * 3, "MatMul"),
        (
            'g (float[2,5,7] a, float[2,3,7] b) => (float[2,5,3] y) {y = Einsum <equation = "bik,bjk->bij"> (a, b)}',
            2 * 5 * 7 * 3,
            "MatMul",
        ),
        (
            "g (float[6,2,5] x, float[1,12,5] w, float[1,12,3] r) => (float[6,1,2,3] y) {y=LSTM<hidden_size=3>(x,w,r)}",
            6 * 2 * 4 * 3 * (5 + 3),
            "Recurrent",
        ),
    ],
)
def test_macs_follow_the_definition_of_the_operator(text: str, macs: int, kind: str) -> None:
    """One MAC per output element and inner index (or per input element for a transposed convolution)."""
    cost = _cost(text)
    assert cost.macs == macs
    assert cost.macs_by_kind == {kind: 1.0}
    assert cost.complete


def test_element_wise_work_is_never_a_mac() -> None:
    """Normalisation, activation and pooling count nothing."""
    cost = _cost("g (float[1,8,10,10] x) => (float[1,8,5,5] y) {r = Relu(x) m = Mul(r, x) y = AveragePool <kernel_shape = [2,2], strides = [2,2]> (m)}")  # fmt: skip # noqa: E501
    assert cost.macs == 0
    assert cost.macs_by_kind == {}


def test_peak_activation_memory_counts_what_is_alive_together() -> None:
    """While the Add runs, both its inputs and its output are alive; the first input is dead by then."""
    cost = _cost("g (float[10] x) => (float[10] y) {a = Relu(x) b = Sigmoid(a) y = Add(a, b)}")
    assert cost.peak_activation_bytes == 3 * 10 * 4


def test_an_unknown_shape_makes_the_count_a_lower_bound() -> None:
    """A convolution of unknown size counts nothing, and the result says so."""
    cost = _cost("g (float[N,8,H,W] x, float[16,8,3,3] w) => (float[N,16,P,Q] y) {y = Conv(x, w)}")
    assert not cost.complete
    assert cost.peak_activation_bytes is None


@pytest.mark.slow
def test_macs_equal_those_that_torch_counted(corpus: Path) -> None:
    """Every static graph of the corpus has the MACs that torch counted in the module that was exported.

    To the last one, but for DETR: its first decoder layer attends over constant queries, which folds away.
    """
    with (corpus / "truth.tsv").open(encoding="utf-8") as lines:
        truth = {row["arch"]: row for row in csv.DictReader(lines, delimiter="\t") if row["macs"]}
    compared = 0
    for path in sorted((corpus / "graphs").glob("*__[td][sy][12][0-9].onnx.xz")):
        row = truth.get(path.name.split("__")[0])
        if row is None:
            continue
        cost = measure(load_model(lzma.decompress(path.read_bytes())))
        assert cost.complete, path.name
        counted = {int(float(row["macs"])), int(float(row["macs_live"] or 0))}
        if path.name.startswith("detr_"):
            assert 0.995 * max(counted) < cost.macs < max(counted), path.name
        else:
            assert cost.macs in counted, path.name
        compared += 1
    assert compared > 100


@pytest.mark.parametrize("term", sorted(TERMS))
def test_every_figure_is_explained(term: str, capsys: pytest.CaptureFixture[str]) -> None:
    """``edgelint explain`` prints the definition that docs/cost.md has."""
    assert main(["explain", term]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{term}\n\n")
    page = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
    assert told.removeprefix(f"{term}\n\n").strip() in page


@pytest.mark.parametrize(
    ("quantized", "plain"),
    [
        ("resnet18__ts17_qdq", "resnet18__ts17"),
        ("resnet18__ts17_qop", "resnet18__ts17"),
        ("mobilenetv2_100__ts17_qdq", "mobilenetv2_100__ts17"),
        ("mobilenetv2_100__ts17_qop", "mobilenetv2_100__ts17"),
    ],
)
def test_quantization_changes_no_count(quantized: str, plain: str, corpus: Corpus) -> None:
    """A quantized file has the parameters and multiply-accumulates of the one that it was made of."""
    counted = [measure(load_file(corpus(name)).graph) for name in (quantized, plain)]
    assert len({(cost.macs, cost.parameters) for cost in counted}) == 1
    assert counted[0].weight_bytes["stored"] < counted[1].weight_bytes["stored"] / 3.5
