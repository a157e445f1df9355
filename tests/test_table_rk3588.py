"""The RK3588 table says what rknn-toolkit2 said; every small case is replayed by test_probes_laws.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checker.load import load
from checker.probes import evidence, replay
from checker.target import Target
from checker.targets import find

EVIDENCE = evidence.folder() / "rockchip-rk3588" / "rknn-toolkit2-2.5.0.jsonl.xz"

OPEN = {
    "bert_small__ts17_fp16": "no valid ONNX (float16 added to float32), which the compiler builds all the same",
    "mobilenetv2_100__ts17_qdq_convonly": "the last layers are float in an int8 file: groups of 8, not of 16",
    "resnet18__ts17_qdq_convonly": "a dequantized weight in front of a float layer ends the build (w_par['dtype'])",
}
"""Networks of the corpus on which table and compiler differ, and why."""


@cache
def target() -> Target:
    """Return the table under test."""
    return find(["rockchip-rk3588"])[0]


@cache
def seen() -> evidence.Evidence:
    """Return what the compiler said."""
    return evidence.read(EVIDENCE)


def said(case: str, precision: str = "fp16") -> list[dict[str, Any]]:
    """Return the observations of one case."""
    return [dict(each) for each in seen().ops if each["case"] == case and each["precision"] == precision]


def ours(case: str, precision: str = "fp16") -> replay.Replay:
    """Place the model of an observation."""
    (record,) = (each for each in said(case, precision) if not each.get("variant"))
    return replay.replay(replay.build(record["asked"]), record, target())


@pytest.mark.parametrize(
    ("case", "answer", "culprit"),
    [
        ("Gemm/classes1000", "READY", ""),
        ("Gemm/classes10", "READY_WITH_FALLBACK", "inserted:Reshape"),
        ("composite:Gelu/erf-a/tokens", "READY", ""),
        ("composite:Gelu/erf-mul/tokens", "READY_WITH_FALLBACK", "Erf"),
        ("composite:RMSNormalization/recip-left", "READY_WITH_FALLBACK", "Reciprocal"),
        ("composite:Attention/guard", "READY_WITH_FALLBACK", "IsNaN"),
        ("composite:WindowPartition/56w7C96", "READY", ""),
        ("Resize-13/linear-align_corners-sizes40.40", "READY_WITH_FALLBACK", "Resize"),
        ("Flatten/conv-gemm7", "READY_WITH_FALLBACK", "Flatten"),
        ("composite:TwinHeads/both-bias", "BLOCKED", "Add"),
        ("composite:DFLdecode/sep-80", "BLOCKED", "Reshape"),
        ("BatchNormalization-15/training", "BLOCKED", "BatchNormalization"),
        ("Constant-13/value_ints", "BLOCKED", ""),
        ("composite:Mask/gathernd-reversed", "READY_WITH_FALLBACK", "GatherND, Cast, inserted:Reshape"),
        ("composite:Mask/gathernd-in-order", "READY_WITH_FALLBACK", "Cast, inserted:Reshape"),
        ("composite:Mask/and-const", "READY_WITH_FALLBACK", "Cast, inserted:Cast, inserted:Reshape"),
        ("composite:Mask/bool-input", "READY", ""),
        ("composite:JointProjection/zero-bias-first", "BLOCKED", "Add"),
        ("composite:JointProjection/trained-bias-first", "READY", ""),
        ("composite:JointProjection/zero-bias-first-cross-covariance", "READY", ""),
        ("composite:RelativePosition/crossed", "BLOCKED", "Add"),
        ("composite:Attention/plain-two-takers", "BLOCKED", "Softmax"),
        ("composite:Attention/scaled-two-takers", "READY", ""),
        ("Order/swapped", "BLOCKED", ""),
    ],
)
def test_what_decides_real_networks_is_in_the_table(case: str, answer: str, culprit: str) -> None:
    """What the compiler does to classifiers, transformers, heads and decoders comes out, with the right culprit."""
    found = ours(case)
    assert found.agrees
    assert found.answer.value == answer
    assert found.culprits == (set(culprit.split(", ")) if culprit else set())


def test_a_pass_that_fails_names_the_rule_that_cures_it() -> None:
    """Where the table advises to switch a pass off, the same model was seen to build with it switched off."""
    cured = {rule for each in seen().ops for rule in (each.get("variant") or {}).get("disable_rules", ())}
    built = {
        rule
        for each in seen().ops
        for rule in (each.get("variant") or {}).get("disable_rules", ())
        if each["answer"] in {"native", "decomposed", "host"}
    }
    advised = {rule for row in target().rows for rule in cured if row.change and f"'{rule}'" in row.change}
    assert advised >= {"fuse_conv_conv_add", "fuse_mul_into_matmul", "seperate_conv_rs_split"}
    assert advised >= {"seperate_exmatmul_rs_split", "reduce_tp_in_mesh_forward"}
    assert advised <= built


def test_every_kind_of_answer_was_observed() -> None:
    """The evidence has acceptances, fallbacks and refusals, of small models and of networks."""
    small = [each["answer"] for each in seen().ops]
    whole = [each["answer"] for each in seen().networks]
    assert min(small.count(answer) for answer in ("native", "decomposed", "host", "refused", "compiler-error")) >= 50
    assert min(whole.count(answer) for answer in ("ALL", "PARTIAL", "REFUSED")) >= 8


def test_evidence_names_no_machine() -> None:
    """The compiler's words hold no path."""
    for each in (*seen().ops, *seen().networks):
        words = each.get("says", "")
        assert not any(part in words for part in ("tmp/", "home/", "root/", "work/", "site-packages")), words


@pytest.mark.slow
def test_networks_come_out_as_the_compiler_said(corpus: Callable[[str], Path]) -> None:
    """Every network of the corpus has the compiler's answer, or is named as one that differs."""
    asked, differing = 0, {}
    for network in seen().networks:
        if network.get("variant") or network.get("made") or network["answer"] not in {"ALL", "PARTIAL", "REFUSED"}:
            continue
        try:
            path = corpus(network["network"])
        except pytest.skip.Exception:
            continue
        found = replay.replay(load(path), network, target())
        asked += 1
        if replay.NETWORK_CLASS[found.answer] != network["answer"]:
            differing[network["network"]] = (network["answer"], found.answer.value)
    assert asked > 30
    assert {name: what for name, what in differing.items() if name not in OPEN} == {}
