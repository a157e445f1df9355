"""What a table says of an observation, its culprits, and the sides of its constraints that were observed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checker.errors import InputError
from checker.probes.cases import build
from checker.probes.replay import Coverage, Replay, replay
from checker.target import Status, Target
from checker.targets import find, read_file

TABLE = """
[target]
id = "acme-one"
vendor = "Acme"
chip = "One"
toolchain = "acmec 1.0"
precision = ["fp16"]
unlisted = "unsupported"
rejected = "fallback"

[source.probe]
kind = "probe"
where = "evidence/acme-one/acmec-1.0.jsonl"
date = 2026-11-24

[source.guide]
kind = "vendor-doc"
title = "Guide"
version = "1"
where = "page 7"
date = 2026-11-24

[[model]]
require = ["opset <= 19"]
otherwise = "all-fallback"
evidence = "probe"

[[always]]
require = ["every(inputs, rank) <= 3"]
evidence = "probe"

[[op]]
name = "Relu"
status = "native"
inserts = [{op = "Transpose", on = "host"}]
evidence = "probe"

[[op]]
name = "Abs"
status = "native"
require = ["rank(X) <= 2", "dtype(X) == 'float32'"]
evidence = "probe"

[[op]]
name = "HardSwish"
form = "decomposed"
status = "fallback"
evidence = "probe"

[[op]]
name = "Neg"
status = "native"
require = ["rank(X) == 1"]
evidence = "guide"
"""
HEAD = '<ir_version: 8, opset_import: ["": 17]> g '
QUANTIZED = HEAD + (
    "(float[1,3] x) => (float[1,3] y) <float s = {0.1}, uint8 z = {0}> "
    "{ q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Neg (d) }"
)
RELU = HEAD + "(float[1,3] x) => (float[1,3] y) { y = Relu (x) }"
ABS = HEAD + "(float[1,3,4] x) => (float[1,3,4] y) { y = Abs (x) }"
SIN = HEAD + "(float[1,3] x) => (float[1,3] y) { a = Abs (x) y = Sin (a) }"
SWISH = HEAD + (
    "(float[1,3] x) => (float[1,3] y) <float c = {3}, float l = {0}, float u = {6}, float s = {6}> "
    "{ a = Add (x, c) b = Clip (a, l, u) d = Mul (x, b) y = Div (d, s) }"
)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """A table of a few rows."""
    path = tmp_path / "one.toml"
    path.write_text(TABLE)
    return read_file(path)


def seen(target: Target, text: str, answer: str, *culprits: str, **more: Any) -> Replay:
    """Replay an observation of a model in text."""
    named = [{"op": op, "count": 1} for op in culprits]
    record = {"precision": "fp16", "answer": answer, "culprits": named, **more}
    return replay(build({"text": text}), record, target)


def test_operators_that_a_line_about_the_file_leaves_to_the_host_are_the_culprits(tmp_path: Path) -> None:
    """Those that the file has, and no others: Q and DQ are no nodes that a row could speak of."""
    path = tmp_path / "two.toml"
    line = """[[model]]
require = ["len(quantized_to) == 0"]
otherwise = "fallback"
host = ["QuantizeLinear", "com.microsoft.QuantizeLinear"]
evidence = "probe"

[[always]]"""
    path.write_text(TABLE.replace("[[always]]", line).replace('"rank(X) == 1"', '"rank(X) == 2"'))
    target = read_file(path)
    quantized, plain = (seen(target, text, "host") for text in (QUANTIZED, ABS.replace(",4]", "]")))
    assert (quantized.agrees, set(quantized.culprits)) == (True, {"QuantizeLinear"})
    assert (plain.agrees, set(plain.culprits)) == (False, set())
    path.write_text(TABLE.replace('"all-fallback"', '"fallback"'))
    with pytest.raises(InputError, match="`host` names the operators"):
        read_file(path)


@pytest.mark.parametrize(
    ("text", "answer", "agrees"),
    [
        (ABS, "host", True),
        (ABS, "native", False),
        (SIN, "refused", True),
        (SIN, "compiler-error", True),
        (SIN, "host", False),
        (SIN, "crashed", None),
        (SIN, "timeout", None),
        (SIN, "not-asked", None),
    ],
)
def test_an_observation_agrees_or_not_or_says_nothing(
    target: Target, text: str, answer: str, agrees: bool | None
) -> None:
    """Crashes and what was not asked are no answers to compare with."""
    assert seen(target, text, answer).agrees is agrees


def test_a_workaround_says_nothing_of_the_file_as_it_is(target: Target) -> None:
    """It is another question."""
    assert seen(target, ABS, "native", variant={"disable_rules": ["x"]}).agrees is None


def test_culprits_are_what_runs_on_the_host_or_refuses(target: Target) -> None:
    """Where the file is refused, what merely falls back is no culprit."""
    assert seen(target, ABS, "PARTIAL").culprits == {"Abs"}
    assert seen(target, SIN.replace("[1,3]", "[1,3,4]"), "REFUSED").culprits == {"Sin"}
    assert seen(target, RELU, "ALL").culprits == {"inserted:Transpose"}
    assert seen(target, RELU, "PARTIAL", "Transpose").culprits == {"Transpose"}
    assert seen(target, RELU, "PARTIAL", "inserted:Transpose").culprits == {"inserted:Transpose"}


def test_a_file_that_falls_back_as_a_whole_has_every_operator_for_a_culprit(target: Target) -> None:
    """No row is asked there."""
    text = RELU.replace("17", "20").replace("y = Relu (x)", "a = Relu (x) y = Abs (a)")
    assert seen(target, text, "PARTIAL").culprits == {"Relu", "Abs"}


def test_a_composite_is_named_as_the_compiler_names_it(target: Target) -> None:
    """As one, or by the parts that it names."""
    assert seen(target, SWISH, "PARTIAL", "HardSwish").culprits == {"HardSwish"}
    assert seen(target, SWISH, "PARTIAL").culprits == {"HardSwish"}
    assert seen(target, SWISH, "PARTIAL", "Clip", "Erf").culprits == {"Clip"}


def test_an_operator_is_named_by_its_function_body_where_the_compiler_does_so(target: Target) -> None:
    """A toolchain without a kernel replaces an operator by what ONNX says that it does."""
    text = HEAD + "(float[1,3] x) => (float[1,3] y) { y = HardSwish (x) }"
    unlisted = replace(target, unlisted=Status.FALLBACK)
    assert seen(unlisted, text, "PARTIAL", "HardSigmoid", "Mul", "Exp").culprits == {"HardSigmoid", "Mul"}
    assert seen(unlisted, text, "PARTIAL", "HardSwish", "Mul").culprits == {"HardSwish"}
    assert seen(unlisted, text, "PARTIAL").culprits == {"HardSwish"}


def test_the_branches_of_an_operator_on_the_host_are_there_with_it(target: Target) -> None:
    """What the compiler names of them are culprits of ours too."""
    branches = (
        "<then_branch = t () => (float[3] a) { a = Abs (x) }, else_branch = e () => (float[3] b) { b = Neg (x) }>"
    )
    text = HEAD + f"(bool c, float[3] x) => (float[3] y) {{ y = If (c) {branches} }}"
    unlisted = replace(target, unlisted=Status.FALLBACK)
    assert seen(unlisted, text, "PARTIAL", "If", "Neg").culprits == {"If", "Neg"}


def test_an_operator_that_the_compiler_made_itself_stands_for_its_nodes() -> None:
    """ONNX Runtime makes a Gemm of MatMul and Add; a Gemm that is in the file is a Gemm."""
    (hexagon,) = find(["qualcomm-hexagon-v73"])
    weights = "<float[3,3] w = {1, 0, 0, 0, 1, 0, 0, 0, 1}, float[3] b = {1, 2, 3}>"
    made = HEAD + f"(float[N,3] x) => (float[N,3] y) {weights} {{ a = MatMul (x, w) y = Add (a, b) }}"
    written = HEAD + f"(float[N,3] x) => (float[N,3] y) {weights} {{ y = Gemm (x, w, b) }}"
    assert seen(hexagon, made, "PARTIAL", "Gemm").theirs == {"MatMul", "Add"}
    assert seen(hexagon, made, "PARTIAL", "Gemm").culprits == {"MatMul", "Add"}
    assert seen(hexagon, written, "PARTIAL", "Gemm").theirs == {"Gemm"}


def test_constraints_are_counted_on_both_sides(target: Target) -> None:
    """One that never failed, or was never reached, is one-sided; rows that no probe bears out do not count."""
    coverage = Coverage(target)
    assert "Neg: rank(X) == 1" not in coverage.sides
    coverage.add(seen(target, ABS, "host"))
    assert not coverage.sides["Abs: rank(X) <= 2"].both
    coverage.add(seen(target, SIN, "refused"))
    assert coverage.sides["Abs: rank(X) <= 2"].both
    assert set(coverage.one_sided) == {
        "Abs: dtype(X) == 'float32'",
        "model: opset <= 19",
        "always: every(inputs, rank) <= 3",
    }
