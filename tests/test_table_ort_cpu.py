"""The ONNX Runtime table says what sessions of ONNX Runtime said, and what its kernel registry lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from checker import schema
from checker.composites import raise_composites
from checker.graph import Graph
from checker.load import load, load_model
from checker.paths import opsets_dir
from checker.place import place
from checker.probes import evidence, replay
from checker.probes.cases import build
from checker.target import Status, Target
from checker.targets import find
from checker.verdict import Answer, verdict

FOLDER = opsets_dir() / "evidence" / "onnxruntime-cpu"
FROM_OPSET = 7
"""ONNX Runtime promises nothing below; the table has the lower versions that the registry still serves."""

EXCEPTIONS = {
    "Size-25/bfloat16": "the size of a known shape is folded, whatever the element type",
    "Dropout-22/bfloat16": "Dropout in inference mode is folded",
    **dict.fromkeys(
        ["NotInOpset/thresholdedrelu-9", "NotInOpset/mvn-8"],
        "known at an opset that ONNX gives no version for, where no exporter writes it: the rows ask for a version",
    ),
    **dict.fromkeys(
        [
            *(f"QuantizeLinear-28/{dtype}" for dtype in ("float32", "float16", "bfloat16", "int32")),
            *(f"DequantizeLinear-28/{dtype}" for dtype in ("float32", "float16", "bfloat16")),
        ],
        "a file of one Q or DQ has no node left; beside other nodes the file's rule on opset 28 refuses it",
    ),
    **dict.fromkeys(
        ["com.microsoft.GridSample-1/float32", "com.microsoft.GridSample-1/float16"],
        "the formal names of this operator are not in opsets/schemas, so no row can speak of it",
    ),
}


@cache
def target() -> Target:
    """Return the table under test."""
    return find(["onnxruntime-cpu"])[0]


def answer(graph: Graph, precision: str) -> Answer:
    """Return the verdict on a graph, without changes."""
    return verdict(place(graph, raise_composites(graph), target(), precision)).answer


@cache
def disagreements() -> dict[str, tuple[str, Answer]]:
    """Return the one-operator cases on which table and sessions differ."""
    return {
        seen.record["case"]: (seen.record["answer"], seen.answer)
        for seen in replay.small(target())
        if (seen.record["answer"] != "refused") is not (seen.answer is Answer.READY)
    }


def test_the_table_says_what_sessions_said_of_every_operator() -> None:
    """Each one-operator model is READY exactly where a session was built and ran, but for the named exceptions."""
    assert {case: what for case, what in disagreements().items() if case not in EXCEPTIONS} == {}


def test_no_exception_is_out_of_date() -> None:
    """An exception that agrees by now has to go."""
    assert set(EXCEPTIONS) - set(disagreements()) == set()


def test_both_sides_of_the_boundary_were_asked() -> None:
    """There are refusals as well as acceptances in the evidence."""
    answers = [record["answer"] for record in evidence.read(FOLDER / "onnxruntime-1.32.0.jsonl").ops]
    assert answers.count("refused") > 200
    assert answers.count("native") > 1000


@pytest.mark.slow
def test_networks_come_out_as_sessions_said(corpus: Callable[[str], Path]) -> None:
    """READY where the session was built, BLOCKED where it was refused."""

    def graph(stem: str) -> Graph | None:
        try:
            return load(corpus(stem))
        except pytest.skip.Exception:
            return None

    found = list(replay.networks(target(), graph))
    assert {seen.record["network"]: seen.answer for seen in found if seen.network_class != seen.record["answer"]} == {}
    assert {seen.answer for seen in found} == {Answer.READY, Answer.BLOCKED}


def registry() -> dict[str, set[int]]:
    """Return the schema versions that the registry's kernels serve, by ONNX operator.

    A kernel with an open end serves only the version at which it begins.
    """
    found: dict[str, set[int]] = {}
    for line in (FOLDER / "kernels-1.32.0.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("ai.onnx "):
            continue
        _, operator, span, *_ = line.split()
        low, high = span.split("-")
        versions = {each.since for each in schema.history(operator, "") if not each.deprecated}
        served = {int(low)} if high == "open" else set(range(int(low), int(high) + 1))
        found.setdefault(operator, set()).update(versions & served)
    return {operator: versions for operator, versions in found.items() if versions}


def test_rows_serve_the_versions_that_the_registry_serves() -> None:
    """No row claims a schema version without a kernel, and no kernel's version is left out."""
    native: dict[str, set[int]] = {}
    for row in target().rows:
        if row.status is Status.NATIVE and "." not in row.op:
            versions = {each.since for each in schema.history(row.op, "") if not each.deprecated}
            native.setdefault(row.op, set()).update(v for v in versions if row.since is None or v in row.since)
    assert native == registry()


@pytest.mark.parametrize(("opset", "expected"), [(16, Answer.READY), (22, Answer.BLOCKED)])
def test_an_open_ended_kernel_serves_its_own_version_only(opset: int, expected: Answer) -> None:
    """RoiAlign has a kernel for its version 16, and none for version 22."""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[1,8,16,16] x) => (float[1,8,2,2] y) '
        "<float[1,4] rois = {0, 0, 8, 8}, int64[1] batch = {0}> "
        "{ y = RoiAlign <output_height = 2, output_width = 2> (x, rois, batch) }"
    )
    assert answer(load_model(build({"text": text})), "fp32") is expected


def test_a_quantized_file_of_opset_28_is_refused() -> None:
    """QuantizeLinear-28 and DequantizeLinear-28 have no kernels, although their pairs are folded before placement."""
    text = (
        '<ir_version: 10, opset_import: ["": OPSET]> g (float[1,8] x) => (float[1,8] z) '
        "<float s = {0.1}, int8 o = {0}> "
        "{ q = QuantizeLinear (x, s, o) d = DequantizeLinear (q, s, o) z = Relu (d) }"
    )
    for opset, expected in ((21, Answer.READY), (28, Answer.NEEDS_CHANGES)):
        graph = load_model(build({"text": text.replace("OPSET", str(opset))}))
        assert answer(graph, "int8") is expected
