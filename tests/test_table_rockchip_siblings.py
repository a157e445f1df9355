"""What tells RK3588's siblings from it, and from one another, as rknn-toolkit2 said."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from checker.answer import Answer, answer
from checker.composites import raise_composites
from checker.load import load
from checker.place import place
from checker.probes import evidence, replay
from checker.probes.cases import build
from checker.target import Target
from checker.targets import find

SIBLINGS = ("rk3562", "rk3566", "rk3576", "rv1106", "rv1126b")
VIT = Path(__file__).resolve().parent.parent / "fixtures" / "networks" / "vit_tiny_patch16_224.onnx"


@cache
def target(chip: str) -> Target:
    """Return a sibling's table."""
    return find([f"rockchip-{chip}"])[0]


@cache
def seen(chip: str) -> evidence.Evidence:
    """Return what the compiler said for a sibling."""
    (path,) = replay.evidence_of(target(chip))
    return evidence.read(path)


def ours(chip: str, case: str, precision: str) -> replay.Replay:
    """Place the model of an observation."""
    (record,) = (each for each in seen(chip).ops if each["case"] == case and each["precision"] == precision)
    return replay.replay(build(dict(record["asked"])), record, target(chip))


@pytest.mark.parametrize(
    ("case", "answers"),
    [
        ("Relu/1x50x100", {"rk3566": "Reshape", "rk3576": "", "rv1106": ""}),
        ("composite:Attention/plain-both", {"rk3566": "Reshape, Softmax", "rv1106": ""}),
        ("LayerNormalization/op-permute", {"rk3566": "", "rv1106": "LayerNormalization"}),
        ("LayerNormalization/op-tokens", {"rk3566": "Reshape", "rv1106": "LayerNormalization"}),
        ("composite:GroupNormalization/c32hw14g4", {"rk3566": "", "rv1106": "GroupNormalization"}),
        ("InstanceNormalization/between", {"rk3566": "Reshape, Transpose", "rv1106": "InstanceNormalization"}),
        ("composite:Pad/norm-relu-reflect", {"rk3566": "Pad, Reshape, Transpose", "rk3576": "Pad"}),
        ("composite:Pad/norm-relu-reflect-residual", {"rk3566": "Reshape, Transpose", "rk3576": ""}),
        ("composite:Dense/c62hw7", {"rk3566": "", "rv1106": ""}),
        ("composite:Dense/c64hw7", {"rk3566": "Flatten"}),
        ("composite:Pool/max-c", {"rk3566": "ReduceMax", "rk3576": "", "rv1106": "ReduceMax"}),
        ("composite:WindowReverse/conv-w7", {"rk3576": "Transpose", "rk3562": "Transpose"}),
        ("composite:WindowReverse/nchw-w7", {"rk3576": "", "rk3562": ""}),
        ("Softmax/1x1024x1024", {"rk3562": "", "rk3576": "", "rk3566": "Softmax", "rv1106": "Softmax"}),
        ("ConvTranspose-11/k3s3p0o0", {"rk3562": "", "rk3576": "", "rk3566": "ConvTranspose", "rv1106": ""}),
        ("Resize/linear-align_corners-32to64", {"rk3562": "", "rk3576": "Resize"}),
        ("Resize/linear-align_corners-20to66", {"rk3562": "Resize", "rk3576": "Resize"}),
        ("Conv/dilated-c128hw16d4g1", {"rv1106": "Gather"}),
        ("Conv/dilated-c128hw16d6g1", {"rv1106": ""}),
    ],
)
def test_the_chips_differ_as_the_compiler_said(case: str, answers: dict[str, str]) -> None:
    """The same small model, chip by chip: what runs on the CPU; nothing where the NPU takes all of it."""
    for chip, culprits in answers.items():
        found = ours(chip, case, "int8" if chip == "rv1106" else "fp16")
        named = sorted(name.removeprefix("inserted:") for name in found.culprits)
        assert (chip, ", ".join(named)) == (chip, culprits)
        assert found.agrees


@pytest.mark.parametrize(
    ("chip", "expected", "culprits"),
    [
        ("rk3576", Answer.READY, set()),
        ("rk3562", Answer.READY, set()),
        ("rv1126b", Answer.READY, set()),
        ("rk3566", Answer.READY_WITH_FALLBACK, {"Softmax"}),
        ("rv1106", Answer.READY_WITH_FALLBACK, {"LayerNormalization"}),
    ],
)
def test_a_vision_transformer_chip_by_chip(chip: str, expected: Answer, culprits: set[str]) -> None:
    """ViT-Tiny is taken whole by three chips; RK3566 has no softmax, RV1106 no LayerNormalization."""
    graph = load(VIT)
    found = place(graph, tuple(raise_composites(graph)), target(chip), target(chip).precision[0])
    assert answer(found) is expected
    assert {each.op for each in found.compute if each.status.value == "fallback"} == culprits


def test_rv1106_is_asked_in_int8_only() -> None:
    """The chip has no half precision."""
    assert target("rv1106").precision == ("int8",)
    assert {each["precision"] for each in (*seen("rv1106").ops, *seen("rv1106").networks)} == {"int8"}


@pytest.mark.parametrize("chip", SIBLINGS)
def test_what_no_chip_can_build_is_inherited(chip: str) -> None:
    """A pass that fails for RK3588 fails for its siblings, whatever they say of the operator themselves."""
    found = ours(chip, "composite:DFLdecode/sep-80", "int8" if chip == "rv1106" else "fp16")
    assert found.agrees
    assert found.culprits == {"Reshape"}


@pytest.mark.parametrize("chip", SIBLINGS)
def test_every_kind_of_answer_was_observed(chip: str) -> None:
    """The evidence has acceptances, fallbacks and refusals, of small models and of networks."""
    small = [each["answer"] for each in seen(chip).ops]
    whole = [each["answer"] for each in seen(chip).networks]
    assert min(small.count(answer) for answer in ("native", "decomposed", "host", "compiler-error")) >= 12
    assert min(whole.count(answer) for answer in ("ALL", "PARTIAL", "REFUSED")) >= 8
