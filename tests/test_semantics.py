"""The worked example of how a verdict comes about, line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.composites import raise_composites
from checker.load import load_model
from checker.placement import Placements
from checker.target import Status
from checker.targets import read_file
from checker.verdict import Answer, Verdict, audit

FOLDER = Path(__file__).parent.parent / "fixtures" / "semantics"
TARGET = read_file(FOLDER / "target.toml")


def answer(name: str) -> tuple[Placements, Verdict]:
    """Audit one model of the example."""
    parser = pytest.importorskip("onnx.parser")
    graph = load_model(parser.parse_model((FOLDER / f"{name}.onnxtxt").read_text()))
    return audit(graph, raise_composites(graph), TARGET)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conv_stride2", Answer.READY),
        ("conv_stride4", Answer.READY_WITH_FALLBACK),
        ("conv_default", Answer.READY),
        ("softmax_unknown", Answer.UNKNOWN),
        ("softmax_rank3", Answer.READY),
        ("softmax_rank5", Answer.BLOCKED),
        ("gelu_parts", Answer.READY),
        ("erf_alone", Answer.READY_WITH_FALLBACK),
        ("gelu_operator", Answer.NEEDS_CHANGES),
        ("attention_parts", Answer.READY),
        ("attention_operator", Answer.NEEDS_CHANGES),
        ("rmsnorm_parts", Answer.BLOCKED),
        ("gridsample", Answer.BLOCKED),
        ("vanishing", Answer.READY),
    ],
)
def test_the_worked_example_holds(name: str, expected: Answer) -> None:
    """Each model of the table gets the verdict that the table states."""
    assert answer(name)[1].answer is expected


def test_a_failed_condition_is_told_with_the_models_numbers() -> None:
    """The reason names the constraint and what the node has."""
    _, verdict = answer("conv_stride4")
    assert [reason.sentence for reason in verdict.reasons] == ["needs `max(strides) <= 3`; here strides = [4, 4]"]


def test_an_unsure_row_is_named() -> None:
    """An unknown rank leaves the row that refuses open, and the reason says so."""
    placements, verdict = answer("softmax_unknown")
    assert [unmet.text for unmet in placements.items[0].unsure] == ["rank(input) > 4"]
    assert verdict.reasons[0].here == "rank(input) = unknown"


def test_a_composite_is_one_placement() -> None:
    """The five nodes of a GELU are taken as one, the row says so once."""
    placements, _ = answer("gelu_parts")
    assert [(each.op, len(each.covers)) for each in placements] == [("Gelu", 5)]


def test_a_composite_without_a_row_is_placed_as_written() -> None:
    """Attention in parts has no row of its form: its three nodes are asked for one by one."""
    placements, _ = answer("attention_parts")
    assert [each.op for each in placements] == ["MatMul", "Softmax", "MatMul"]


def test_a_composites_row_refuses_all_of_its_nodes() -> None:
    """RMSNorm in parts is refused though Add, Mul and Div have rows that accept."""
    placements, verdict = answer("rmsnorm_parts")
    assert placements.counts()["unsupported"] == 6
    assert [reason.op for reason in verdict.reasons] == ["RMSNormalization"]


@pytest.mark.parametrize(("name", "op"), [("gelu_operator", "Gelu"), ("attention_operator", "Attention")])
def test_lowering_at_an_older_opset_is_the_change(name: str, op: str) -> None:
    """The operator is refused with the opset; in parts at the newest opset that is allowed the file is READY."""
    _, verdict = answer(name)
    best = verdict.changes[0]
    assert (best.answer, best.what) == (Answer.READY, f"re-export at opset 19 with {op} in parts")


def test_what_vanishes_is_folded() -> None:
    """Dropout in inference mode and Identity count as folded, and nothing is left to compute."""
    placements, _ = answer("vanishing")
    assert [each.status for each in placements] == [Status.FOLDED, Status.FOLDED]
    assert placements.compute == ()
