"""The Hexagon tables say what the QNN provider and its compiler said; test_probes_laws.py replays every small case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from checker.answer import Answer
from checker.graph import Graph
from checker.load import load
from checker.probes import evidence, replay
from checker.targets import find, ids

TARGETS = tuple(name for name in ids() if name.startswith("qualcomm-hexagon-v"))

HEAD = '<ir_version: 9, opset_import: ["": 20, "com.microsoft": 1]> g '
GELU = HEAD + "(float[1,8,16] x) => (float[1,8,16] y) { y = Gelu (x) }"
GELU_HALF = GELU.replace("float[", "float16[")
ELU = HEAD + "(float[1,8,16] x) => (float[1,8,16] y) { y = Elu (x) }"
RSQRT = HEAD + "(float[1,8,16] x) => (float[1,8,16] y) { s = Sqrt (x) r = Reciprocal (s) y = Mul (x, r) }"
CONV = HEAD + (
    "(float[1,3,8,8] x) => (float[1,3,8,8] y) <float[3,3,1,1] w = {1, 0, 0, 0, 1, 0, 0, 0, 1}> "
    "{ c = Conv <kernel_shape = [1, 1]> (x, w) y = Relu (c) }"
)
DYNAMIC = CONV.replace("[1,3,8,8]", "[N,3,8,8]")
OLD = GELU.replace('"": 20', '"": 18')
CUSTOM = HEAD.replace('"com.microsoft"', '"my.ops"') + "(float[1,8] x) => (float[1,8] y) { y = my.ops.Thing (x) }"
GRU = HEAD + (
    "(float[N,1,2] x) => (float[N,1,1,1] y) <float[1,3,2] w = {1, 1, 1, 1, 1, 1}, float[1,3,1] r = {1, 1, 1}> "
    "{ y = GRU <hidden_size = 1> (x, w, r) }"
)


def seen(name: str, text: str, answer: str, precision: str = "fp16") -> replay.Replay:
    """Place a model beside an answer to it."""
    record = {"precision": precision, "answer": answer}
    return replay.replay(replay.build({"text": text}), record, find([name])[0])


@pytest.mark.parametrize("name", TARGETS)
def test_what_all_of_them_say(name: str) -> None:
    """What the provider and ONNX Runtime's loader decide is the same for every chip."""
    assert seen(name, CONV, "native").answer is Answer.READY
    assert seen(name, DYNAMIC, "host").answer is Answer.READY_WITH_FALLBACK
    assert seen(name, OLD, "refused").answer is Answer.BLOCKED
    assert seen(name, CUSTOM, "refused").answer is Answer.BLOCKED
    assert seen(name, GRU, "refused").answer is Answer.BLOCKED


@pytest.mark.parametrize("name", TARGETS)
def test_the_oldest_chip_lacks_kernels_for_float32(name: str) -> None:
    """v68 refuses a float32 GELU, Elu or reciprocal root; it takes them in half precision, as the others do in both."""
    expected = Answer.BLOCKED if name == "qualcomm-hexagon-v68" else Answer.READY
    for text in (GELU, ELU, RSQRT):
        assert seen(name, text, "native").answer is expected, text
    assert seen(name, GELU_HALF, "native").answer is Answer.READY
    assert seen(name, GELU, "native", "int8").answer is Answer.READY


def test_a_dynamic_file_falls_back_node_by_node() -> None:
    """What does not depend on the dynamic dimension runs on the HTP."""
    text = DYNAMIC.replace("(float[N,3,8,8] x)", "(float[N,3,8,8] x, float[1,8] z)").replace(
        "=> (float[N,3,8,8] y)", "=> (float[N,3,8,8] y, float[1,8] s)"
    )
    found = seen("qualcomm-hexagon-v73", text.replace("y = Relu (c)", "y = Relu (c) s = Sigmoid (z)"), "host")
    assert found.culprits == {"Conv", "Relu"}


def test_a_branch_that_reads_a_constant_stays_on_the_host() -> None:
    """A constant of the graph around an If is out of reach for its branches; values that are computed are not."""
    text = HEAD + (
        "(float[1,2] x, bool c) => (float[1,2] y) <float[2] k = {1, 2}> { y = If (c) "
        "<then_branch = t () => (float[1,2] a) { a = Add (x, k) }, "
        "else_branch = e () => (float[1,2] b) { b = Neg (x) }> }"
    )
    assert seen("qualcomm-hexagon-v73", text, "host").answer is Answer.READY_WITH_FALLBACK
    assert seen("qualcomm-hexagon-v73", text.replace("Add (x, k)", "Abs (x)"), "native").answer is Answer.READY


def test_operators_are_looked_up_in_the_wide_types_that_a16w8_makes() -> None:
    """A float file quantized with 16-bit activations: LRN has no such kernel, and takes 8 bits."""
    text = HEAD + "(float[1,8,4,4] x) => (float[1,8,4,4] y) { y = LRN <size = 5> (x) }"
    assert seen("qualcomm-hexagon-v73", text, "refused", "a16w8").answer is Answer.BLOCKED
    assert seen("qualcomm-hexagon-v73", text, "native", "int8").answer is Answer.READY


@pytest.mark.parametrize("name", TARGETS)
def test_no_exception_is_out_of_date(name: str) -> None:
    """A small model that is excepted and agrees by now has to go."""
    differing = {f"{s.record['case']} {s.record['precision']}" for s in replay.small(find([name])[0]) if not s.agrees}
    assert set(evidence.exceptions(name)["observations"]) <= differing


@pytest.mark.parametrize("name", TARGETS)
def test_every_kind_of_answer_was_observed(name: str) -> None:
    """The evidence has acceptances, fallbacks, refusals and failures to finalize, of small models and of networks."""
    (path,) = replay.evidence_of(find([name])[0])
    read = evidence.read(path)
    answers = [(record["answer"], record["precision"]) for record in read.ops]
    for answer, least in (("native", 80), ("decomposed", 80), ("host", 200), ("refused", 25), ("compiler-error", 20)):
        assert answers.count((answer, "fp16")) >= least, answer
    for answer in ("native", "decomposed", "host"):
        assert answers.count((answer, "int8")) >= 60, answer
    networks = [record["answer"] for record in read.networks]
    assert min(networks.count(answer) for answer in ("ALL", "PARTIAL", "REFUSED")) >= 8
    assert len(networks) >= 40


@pytest.mark.parametrize("name", TARGETS)
def test_evidence_names_no_machine(name: str) -> None:
    """The compiler's words hold no path."""
    (path,) = replay.evidence_of(find([name])[0])
    read = evidence.read(path)
    for record in (*read.ops, *read.networks):
        said = record.get("says", "")
        assert not any(word in said for word in ("tmp/", "home/", "root/", "work/", "Users\\")), said


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_networks_come_out_as_the_compiler_said(name: str, corpus: Callable[[str], Path]) -> None:
    """Every network of the corpus has the compiler's answer."""

    def graph(stem: str) -> Graph | None:
        try:
            return load(corpus(stem))
        except pytest.skip.Exception:
            return None

    found = list(replay.networks(find([name])[0], graph))
    assert {s.record["network"]: s.answer.value for s in found if s.network_class != s.record["answer"]} == {}
    assert found
