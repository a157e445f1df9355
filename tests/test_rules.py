"""Each rule finds its fault in the smallest model that has it, and is silent without it."""

from __future__ import annotations

import pytest
from onnx import parser

from checker import batchnorm, rules
from checker.composites import raise_composites
from checker.load import load_model
from checker.rules.finding import Finding, Subject


def _findings(text: str, opset: int = 17, extra: str = "") -> dict[str, Finding]:
    head = f'<ir_version: 8, opset_import: ["" : {opset}{extra}]> '
    graph = load_model(parser.parse_model(head + text))
    subject = Subject(graph, raise_composites(graph), batchnorm.judge(graph))
    return {finding.rule: finding for finding in rules.run(subject)}


HALVES = ", ".join(["0.5"] * 108)
CONV = f"<float[4,3,3,3] w = {{{HALVES}}}> "
STATISTICS = "float[4] s = {1,1,1,1}, float[4] b = {0,0,0,0}, float[4] m = {0,0,0,0}, float[4] v = {1,1,1,1}"
NORM = f"<float[4,3,3,3] w = {{{HALVES}}}, {STATISTICS}> "

CASES = [
    (
        "conv-bn-unfused",
        f"g (float[1,3,8,8] x) => (float[1,4,6,6] y) {NORM}{{c = Conv(x, w) y = BatchNormalization(c, s, b, m, v)}}",
        f"g (float[1,3,8,8] x) => (float[1,4,6,6] y) {CONV}{{y = Conv(x, w)}}",
        "into",
    ),
    (
        "activation-unfusible",
        f"g (float[1,3,8,8] x) => (float[1,4,6,6] y) {CONV}{{c = Conv(x, w) r = Relu(c) y = Add(r, c)}}",
        f"g (float[1,3,8,8] x) => (float[1,4,6,6] y) {CONV}{{c = Conv(x, w) r = Relu(c) y = Add(r, r)}}",
        "also feeds",
    ),
    (
        "activation-unfusible",
        f"g (float[1,3,8,8] x) => (float[1,4,6,6] y, float[1,4,6,6] c) {CONV}{{c=Conv(x, w) i=Sigmoid(c) y=Mul(c, i)}}",
        f"g (float[1,3,8,8] x) => (float[1,4,6,6] y) {CONV}{{c = Conv(x, w) i = Sigmoid(c) y = Mul(c, i)}}",
        "the graph's output",
    ),
    (
        "dynamic-shape",
        "g (float[N,3] x) => (float[N,3] y) {y = Relu(x)}",
        "g (float[1,3] x) => (float[1,3] y) {y = Relu(x)}",
        "[N, 3]",
    ),
    (
        "nan-guard",
        "g (float[1,3] x) => (float[1,3] y) <float z = {0}> {p = Softmax(x) n = IsNaN(p) y = Where(n, z, p)}",
        "g (float[1,3] x) => (float[1,3] y) {y = Softmax(x)}",
        "IsNaN",
    ),
    (
        "operator-not-in-opset",
        "g (float[1,3] x) => (float[1,3] y) {y = Gelu(x)}",
        "g (float[1,3] x) => (float[1,3] y) {y = Relu(x)}",
        "Gelu",
    ),
    (
        "invalid-model",
        "g (float[1,3] x, float[1,4] z) => (float[1,3] y) {y = Add(x, z)}",
        "g (float[1,3] x, float[1,1] z) => (float[1,3] y) {y = Add(x, z)}",
        "",
    ),
    (
        "unknown-shape",
        "g (float[4,3] x) => (int64[2,N] y) {n = NonZero(x) y = Neg(n)}",
        "g (float[4,3] x) => (float[4,3] y) {y = Neg(x)}",
        "NonZero",
    ),
]


@pytest.mark.parametrize(("rule", "faulty", "sound", "says"), CASES)
def test_a_rule_speaks_of_the_fault_and_only_of_it(rule: str, faulty: str, sound: str, says: str) -> None:
    """The finding is there with the fault and gone without it."""
    found = _findings(faulty).get(rule)
    assert found is not None
    assert says in found.message
    assert found.fix
    assert rule not in _findings(sound)


def test_training_mode_is_an_error() -> None:
    """A BatchNormalization with training_mode = 1 and three outputs was exported without eval()."""
    text = (
        f"g (float[1,3,8,8] x) => (float[1,4,6,6] y) {NORM}"
        "{c = Conv(x, w) y, rm, rv = BatchNormalization <training_mode = 1> (c, s, b, m, v)}"
    )
    found = _findings(text)
    assert found["training-mode"].severity == "error"
    assert "conv-bn-unfused" not in found


def test_operators_of_a_runtime_are_named() -> None:
    """com.microsoft operators are listed with their domain."""
    found = _findings(
        "g (float[1,3] x) => (float[1,3] y) {y = com.microsoft.QuickGelu(x)}", extra=', "com.microsoft" : 1'
    )
    assert "com.microsoft.QuickGelu" in found["contrib-operator"].message


def test_a_layer_in_parts_is_told_with_its_operator() -> None:
    """An erf-GELU in five nodes is one Gelu, an operator since opset 20."""
    text = (
        "g (float[1,3] x) => (float[1,3] y) <float r = {1.41421356}, float i = {1}, float h = {0.5}> "
        "{d = Div(x, r) e = Erf(d) a = Add(e, i) m = Mul(x, a) y = Mul(m, h)}"
    )
    message = _findings(text)["decomposed-layer"].message
    assert "1 Gelu" in message
    assert "since opset 20; this file declares 17" in message
    assert "the declared opset 21 has one Gelu operator" in _findings(text, opset=21)["decomposed-layer"].message


def test_select_and_ignore_choose_rules() -> None:
    """Only what is selected, never what is ignored."""
    graph = load_model(parser.parse_model('<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) {y = Relu(x)}'))  # fmt: skip # noqa: E501
    subject = Subject(graph)
    assert [f.rule for f in rules.run(subject, select=["dynamic-shape"])] == ["dynamic-shape"]
    assert rules.run(subject, ignore=["dynamic-shape"]) == ()


def test_every_rule_has_documentation() -> None:
    """A rule's docstring is its page: a first line that says what is wrong, then why it matters."""
    assert len({rule.id for rule in rules.RULES}) == len(rules.RULES)
    for rule in rules.RULES:
        first, _, rest = rule.doc.strip().partition("\n")
        assert first.endswith("."), rule.id
        assert rest.strip(), rule.id
