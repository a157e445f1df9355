"""Rules about int8 and fp16: each speaks of a small faulty network and is silent about the sound one beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from onnx import parser

from checker.composites import raise_composites
from checker.load import load_file, load_model
from checker.rules import Finding, Subject, run

if TYPE_CHECKING:
    from conftest import Corpus

BOXES = "b = Mul (x, k)  s = Sigmoid (x)"
NORM = """two = Constant <value = float {2.0}> ()  e = Constant <value = float {0.00001}> ()
  m = ReduceMean <axes = [-1]> (x)  d = Sub (x, m)  p = Pow (d, two)  v = ReduceMean <axes = [-1]> (p)
  a = Add (v, e)  q = Sqrt (a)  y = Div (d, q)"""
CASES = {
    "box-score-concat": (
        f"g (float[1,4,9] x) => (float[1,8,9] y) <float k = {{8.0}}> {{ {BOXES} y = Concat <axis = 1> (b, s) }}",
        f"g (float[1,4,9] x) => (float[1,4,9] b, float[1,4,9] s) <float k = {{8.0}}> {{ {BOXES} }}",
    ),
    "fp16-mask": (
        (
            "g (float[1,4,4] x, bool[1,4,4] m) => (float[1,4,4] y) <float low = {-1e9}>"
            " { w = Where (m, x, low)  y = Softmax (w) }"
        ),
        (
            "g (float[1,4,4] x, bool[1,4,4] m) => (float[1,4,4] y) <float low = {-1e4}>"
            " { w = Where (m, x, low)  y = Softmax (w) }"
        ),
    ),
    "fp16-norm-overflow": (
        f"g (float[1,4,8] x) => (float[1,4,8] y) {{ {NORM} }}",
        "g (float[1,4,8] x, float[8] s) => (float[1,4,8] y) { y = LayerNormalization (x, s) }",
    ),
    "int64-range": (
        "g (int64[4] x) => (int64[4] y) <int64 k = {3000000000}> { y = Mul (x, k) }",
        "g (int64[4] x) => (int64[4] y) <int64[1] s = {0}, int64[1] e = {9223372036854775807}> { y = Slice (x, s, e) }",
    ),
    "int8-sensitive": (
        "g (float[1,4,8] x) => (float[1,4,8] y) { y = Softmax (x) }",
        "g (float[1,4,8] x) => (float[1,4,8] y) { y = Relu (x) }",
    ),
    "residual-scales": (
        (
            "g (float[1,4] x, float[1,4] z) => (float[1,4] y) <float a = {0.5}, float b = {0.01}, int8 o = {0}>"
            " { p = QuantizeLinear (x, a, o) q = DequantizeLinear (p, a, o)"
            " r = QuantizeLinear (z, b, o) t = DequantizeLinear (r, b, o) y = Add (q, t) }"
        ),
        (
            "g (float[1,4] x, float[1,4] z) => (float[1,4] y) <float a = {0.5}, float b = {0.1}, int8 o = {0}>"
            " { p = QuantizeLinear (x, a, o) q = DequantizeLinear (p, a, o)"
            " r = QuantizeLinear (z, b, o) t = DequantizeLinear (r, b, o) y = Add (q, t) }"
        ),
    ),
}


def _findings(text: str, precisions: frozenset[str] = frozenset()) -> dict[str, Finding]:
    graph = load_model(parser.parse_model('<ir_version: 8, opset_import: ["" : 17]> ' + text))
    return {found.rule: found for found in run(Subject(graph, raise_composites(graph), precisions=precisions))}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_speaks_of_the_fault_and_only_of_it(rule: str) -> None:
    """The faulty network has the finding with its node, the sound one has none."""
    faulty, sound = CASES[rule]
    assert _findings(faulty)[rule].nodes
    assert rule not in _findings(sound)


@pytest.mark.parametrize("rule", ["box-score-concat", "fp16-mask", "fp16-norm-overflow", "int8-sensitive"])
def test_a_rule_about_a_precision_needs_a_build_in_it(rule: str) -> None:
    """Where only the other precision is in question, the rule is silent."""
    other = "int8" if rule.startswith("fp16") else "fp16"
    assert rule in _findings(CASES[rule][0], frozenset({"int8", "fp16"}))
    assert rule not in _findings(CASES[rule][0], frozenset({other}))


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("yolov8n__ts17", {"box-score-concat", "int8-sensitive"}),
        ("smp_unet_r18__ts17", set()),
        ("resnet18__ts17", set()),
        ("resnet18__ts17_qdq", {"residual-scales"}),
        ("resnet18__ts17_qdq_a16w8", set()),
        ("resnet18__ts17_qdq_convonly", {"qdq-gap", "residual-scales"}),
        ("vit_tiny_patch16_224__ts17_qdq", {"qdq-inside-layer", "residual-scales"}),
        ("bert_small__dy18", {"fp16-mask", "int8-sensitive"}),
        ("hf_vit_eager__ts14", {"fp16-norm-overflow", "int8-sensitive"}),
    ],
)
def test_real_networks_have_the_hazards_that_they_have(corpus: Corpus, name: str, rules: set[str]) -> None:
    """Each network has the findings that its layers give cause for, and no other of these."""
    about = {*CASES, "qdq-gap", "qdq-inside-layer"}
    graph = load_file(corpus(name)).graph
    assert {found.rule for found in run(Subject(graph, raise_composites(graph)))} & about == rules
