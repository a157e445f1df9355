"""The Hexagon v73 table says what the QNN provider and its compiler said."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checker.composites import raise_composites
from checker.graph import Graph
from checker.load import load, load_model
from checker.paths import opsets_dir
from checker.place import place
from checker.placement import Placements
from checker.probes.cases import build
from checker.target import Target
from checker.targets import find
from checker.verdict import Answer, verdict

EVIDENCE = opsets_dir() / "evidence" / "qualcomm-hexagon-v73" / "onnxruntime-qnn-2.7.0.jsonl.xz"

REFUSED = {Answer.BLOCKED, Answer.NEEDS_CHANGES}
MEANS = {
    "native": {Answer.READY},
    "decomposed": {Answer.READY},
    "host": {Answer.READY_WITH_FALLBACK},
    "refused": REFUSED,
    "compiler-error": REFUSED,
}
"""What an answer to a small model says of the file; an answer that was not asked for says nothing."""

NO_KERNEL = "ONNX Runtime's CPU provider has no kernel for the type or version either; only common types have rows"
EDGE = "a model of nothing but Q/DQ, Identity or Dropout: they are folded, and at the graph's edge count as nothing"
FOLDED = "the number of elements of a known shape is folded"
PREPROCESS = (
    "the vendor's preprocessing recognises this spelling of GELU only where it divides by the square root of two"
)
WIDE_INPUT = "a graph input of rank 5 that is int64 or bool: a fact of the file, not of the node"
S2D = "space to depth between a graph input and a graph output: beside any other node it is taken"
STATED = "the file states the shape of its result, or of a graph output: only then is it known"
FUSED = "the constant is added to the convolution's bias before the provider sees the file"
UNFOLD = "the Reshape that ends the fused window is not told from one after any other Transpose of six axes"
FUNCTION = "the deprecated GroupNormalization of opset 18 is expanded into its function body"

EXCEPTIONS: dict[str, str] = {
    **dict.fromkeys(
        [
            "Acos-7/r3-float64 fp16",
            "Acosh-9/r3-float64 fp16",
            "Asin-7/r3-float64 fp16",
            "Asinh-9/r3-float64 fp16",
            "Atan-7/r3-float64 fp16",
            "Atanh-9/r3-float64 fp16",
            "Cosh-9/r3-float64 fp16",
            "Erf-13/r3-float64 fp16",
            "HardSwish-14/r3-float64 fp16",
            "Identity-16/r3-float64 fp16",
            "Mish-18/r3-float64 fp16",
            "Reciprocal-13/r3-float64 fp16",
            "Sinh-9/r3-float64 fp16",
            "Softplus-1/r3-float64 fp16",
            "Softsign-1/r3-float64 fp16",
            "Tan-7/r3-float64 fp16",
            "Det-11/r3-float64 fp16",
            "Size-13/r3-float64 fp16",
            "NonZero-13/r3-int8 fp16",
            "NonZero-13/r3-float64 fp16",
            "Mod-13/same-uint64 fp16",
            "Mod-13/scalar-uint64 fp16",
            "Mean-13/same-float64 fp16",
            "Mean-13/scalar-float64 fp16",
            "GlobalLpPool-22/r4/v fp16",
            "EmbedLayerNormalization-1/ms-b fp16",
            "GroupNorm-1/ms-b fp16",
        ],
        NO_KERNEL,
    ),
    **dict.fromkeys(
        [
            "Identity-16/r4 int8",
            "Identity-16/r6 fp16",
            "Identity-16/r3-uint8 fp16",
            "Identity-16/r3-int8 fp16",
            "DequantizeLinear-13/u8-r1 fp16",
            "QuantizeLinear-13/u8-r1 fp16",
            "DequantizeLinear-13/u8-r2 fp16",
            "QuantizeLinear-13/u8-r2 fp16",
            "DequantizeLinear-13/u8-r3 fp16",
            "QuantizeLinear-13/u8-r3 fp16",
            "DequantizeLinear-13/u8-r4 fp16",
            "QuantizeLinear-13/u8-r4 fp16",
            "DequantizeLinear-13/u8-r5 fp16",
            "QuantizeLinear-13/u8-r5 fp16",
            "DequantizeLinear-13/u8-r6 fp16",
            "QuantizeLinear-13/u8-r6 fp16",
            "Dropout-10/base/v fp16",
            "Dropout-12/base/v fp16",
            "Dropout-13/base/v fp16",
            "Dropout-22/base/v fp16",
            "Dropout-13/eval fp16",
            "DequantizeLinear-21/dt-uint8 fp16",
            "DequantizeLinear-21/dt-int8 fp16",
            "DequantizeLinear-21/dt-uint16 fp16",
            "DequantizeLinear-21/dt-int16 fp16",
            "DequantizeLinear-21/dt-int32 fp16",
            "QuantizeLinear-21/dt-uint8 fp16",
            "QuantizeLinear-21/dt-int8 fp16",
            "QuantizeLinear-21/dt-uint16 fp16",
            "QuantizeLinear-21/dt-int16 fp16",
            "QDQ-Identity/u8 int8",
            "QDQ-Identity/s8 int8",
            "QDQ-Identity/u16 int8",
            "QDQ-Identity/s16 int8",
            "Drop/edge fp16",
            "Identity-sym/r3 fp16",
            "DequantizeLinear-sym/u8-r3 fp16",
            "QuantizeLinear-sym/u8-r3 fp16",
            "Dropout-sym/base/v fp16",
        ],
        EDGE,
    ),
    **dict.fromkeys(
        [
            "Size-13/r1 fp16",
            "Size-13/r2 fp16",
            "Size-13/r3 fp16",
            "Size-13/r4 fp16",
            "Size-13/r4 int8",
            "Size-13/r5 fp16",
            "Size-13/r6 fp16",
            "Size-1/r3/v fp16",
            "Size-13/r3/v fp16",
            "Size-19/r3/v fp16",
            "Size-21/r3/v fp16",
            "Size-23/r3/v fp16",
            "Size-24/r3/v fp16",
            "Size-25/r3/v fp16",
            "Size-13/r3-int32 fp16",
            "Size-13/r3-int64 fp16",
            "Size-13/r3-float16 fp16",
            "Size-13/r3-bool fp16",
            "Size-13/r3-uint8 fp16",
            "Size-13/r3-int8 fp16",
            "Size-13/f fp16",
        ],
        FOLDED,
    ),
    **dict.fromkeys(
        [
            "GreaterOrEqual-12/same/v fp16",
            "LessOrEqual-12/same/v fp16",
            "NonMaxSuppression-11/static fp16",
            "NonZero-13/constshape fp16",
        ],
        STATED,
    ),
    **dict.fromkeys(
        [
            "GeluErf-ts/o20 int8",
            "GeluErf-mulr/o17 int8",
            "GeluErf-halffirst-mulr/o17 int8",
        ],
        PREPROCESS,
    ),
    **dict.fromkeys(
        [
            "PixelUnshuffle/r6 fp16",
            "PixelUnshuffle/r6 int8",
            "S2D/nchw fp16",
            "S2D/perm-034 fp16",
        ],
        S2D,
    ),
    **dict.fromkeys(
        [
            "GroupNormalization-18/gn-r4 int8",
        ],
        FUNCTION,
    ),
    **dict.fromkeys(
        [
            "Concat-13/int64-r5 fp16",
            "Reshape-14/int64-rk5 fp16",
            "Cast-13/int64-rk5 fp16",
            "Slice-13/int64-rk5 fp16",
            "Cast-13/bool-rk5 fp16",
        ],
        WIDE_INPUT,
    ),
    **dict.fromkeys(
        [
            "R5unit/conv-add fp16",
        ],
        FUSED,
    ),
    **dict.fromkeys(
        [
            "Unfold/gather6 fp16",
            "Unfold/gather6-4 fp16",
        ],
        UNFOLD,
    ),
}


def evidence(record: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of one kind."""
    with lzma.open(EVIDENCE, "rt", encoding="utf-8") as file:
        for line in file:
            found = json.loads(line)
            if found["record"] == record:
                yield found


@cache
def target() -> Target:
    """Return the table under test."""
    return find(["qualcomm-hexagon-v73"])[0]


def placed(graph: Graph, precision: str) -> Placements:
    """Place a graph on the target."""
    return place(graph, raise_composites(graph), target(), precision)


@cache
def disagreements() -> dict[str, tuple[str, Answer]]:
    """Return the small models of which the table says something else than the compiler."""
    found = {}
    for case in evidence("op"):
        if case["answer"] in MEANS:
            ours = verdict(placed(load_model(build(case["asked"])), case["precision"])).answer
            if ours not in MEANS[case["answer"]]:
                found[f"{case['case']} {case['precision']}"] = (case["answer"], ours)
    return found


def test_the_table_says_what_the_compiler_said_of_every_small_model() -> None:
    """Each observation equals the verdict on the same case, but for the named exceptions."""
    assert {case: what for case, what in disagreements().items() if case not in EXCEPTIONS} == {}


def test_no_exception_is_out_of_date() -> None:
    """An exception that agrees by now has to go."""
    assert set(EXCEPTIONS) - set(disagreements()) == set()


def test_every_kind_of_answer_was_observed() -> None:
    """The evidence has acceptances, fallbacks, refusals and failures to finalize, in both precisions."""
    seen = [(case["answer"], case["precision"]) for case in evidence("op")]
    for answer in ("native", "decomposed", "host", "refused", "compiler-error"):
        assert seen.count((answer, "fp16")) > 25, answer
    for answer in ("native", "decomposed", "host"):
        assert seen.count((answer, "int8")) > 100, answer


def test_evidence_names_no_machine() -> None:
    """The compiler's words are short and hold no path."""
    for case in (*evidence("op"), *evidence("network")):
        said = case.get("says", "")
        assert len(said) <= 300
        assert not any(word in said for word in ("tmp/", "home/", "root/", "work/", "Users\\")), said


NETWORKS = {
    Answer.READY: "ALL",
    Answer.READY_WITH_FALLBACK: "PARTIAL",
    Answer.BLOCKED: "REFUSED",
    Answer.NEEDS_CHANGES: "REFUSED",
}
UNNAMED = "an axis of its input has no name, or a made-up one: the file does not say whether it is dynamic"
OPEN = {
    "basic-pitch__saved_models-icassp_2022-nmp": UNNAMED,
    "magika__standard_v3_3-model": UNNAMED,
    "rapidocr-onnxruntime__ch_ppocr_mobile_v2.0_cls_infer": UNNAMED,
    "acts_zoo__dy26": "it holds operators that its opset does not have: ONNX Runtime refuses, a finding reports it",
}
"""Networks on which table and compiler differ, and why."""


@pytest.mark.slow
def test_networks_come_out_as_the_compiler_said(corpus: Callable[[str], Path]) -> None:
    """Every network of the corpus has the compiler's answer, or is named as one that differs."""
    asked, differing, ready = 0, {}, []
    for network in evidence("network"):
        if network["answer"] not in NETWORKS.values() or network["network"].endswith("__fixedshape"):
            continue
        try:
            path = corpus(network["network"])
        except pytest.skip.Exception:
            try:
                path = corpus(f"shipped__{network['network']}")
            except pytest.skip.Exception:
                continue
        ours = verdict(placed(load(path), network["precision"])).answer
        asked += 1
        if NETWORKS.get(ours) != network["answer"]:
            differing[network["network"]] = (network["answer"], ours.value)
            if ours is Answer.READY:
                ready.append(network["network"])
    assert ready == []
    assert {name: what for name, what in differing.items() if name not in OPEN} == {}
    assert asked
