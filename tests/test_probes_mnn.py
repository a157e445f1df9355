"""Answers of MNN as they were given, and facts of its table."""

from __future__ import annotations

import pytest

from checker.load import load_model
from checker.probes import mnn, replay
from checker.probes.cases import build
from checker.probes.toolchain import Case
from checker.probes.worker import Raw
from checker.targets import find
from checker.verdict import Answer

LACKING = """Start to Optimize the MNN Net...
[12:45:53] :220: These Op Not Support: ONNX::IsNaN | ONNX::Mish
Converted Failed!
"""
FAILED_RUN = """Converted Success!
ERROR: Unary Op can not execute
Create execution error : 101
"""


def asked(op: str, dtype: str = "float32", **attrs: object) -> dict[str, object]:
    """Describe a model of one operator of one input."""
    return {"op": op, "opset": 17, "inputs": [{"name": "X", "dtype": dtype, "shape": [1, 8, 16, 16]}], "attrs": attrs}


def case(op: str) -> Case:
    """Make a case."""
    return Case("c", "mnn-cpu", "fp32", asked(op))


def ran(*layers: str, wrong: str = "", differs: str = "") -> dict[str, object]:
    """Return the answer of a worker that ran the module."""
    return {"written": True, "layers": layers, "ran": wrong, "differs": differs}


def test_operators_that_the_converter_lacks_are_named() -> None:
    """It returns as if it had succeeded."""
    found = mnn.interpret(case("IsNaN"), Raw("answered", {"written": False}, LACKING, "convert"))
    assert (found.outcome, found.stage, found.culprits) == ("refused", "convert", {"IsNaN": 1, "Mish": 1})


def test_an_operator_of_onnx_runtime_is_named_with_its_domain() -> None:
    """The converter leaves it out; the worker tells which operators only ONNX Runtime's domain has in the file."""
    raw = Raw("answered", {"written": False, "contrib": ["Mish"]}, LACKING, "convert")
    assert mnn.interpret(case("IsNaN"), raw).culprits == {"IsNaN": 1, "com.microsoft.Mish": 1}


def test_a_file_that_is_written_and_gives_no_output_is_refused() -> None:
    """Converting proves nothing."""
    raw = Raw("answered", ran("UnaryOp.ERF", wrong="the module gives no output"), FAILED_RUN)
    found = mnn.interpret(case("Erf"), raw)
    assert (found.outcome, found.stage) == ("refused", "run")
    assert found.says.endswith("ERROR: Unary Op can not execute; Create execution error : 101")


def test_other_numbers_are_told_and_do_not_refuse() -> None:
    """The module runs; what it computes stands in the words."""
    found = mnn.interpret(case("Cast"), Raw("answered", ran("Cast", differs="output 0 differs"), "Converted Success!"))
    assert (found.outcome, found.says) == ("native", "loaded, ran once; output 0 differs")


def test_an_operator_that_becomes_several_is_decomposed() -> None:
    """The layers are listed in the order of the file."""
    found = mnn.interpret(case("ReduceL2"), Raw("answered", ran("UnaryOp.SQUARE", "Reduction.SUM", "UnaryOp.SQRT"), ""))
    assert (found.outcome, len(found.into)) == ("decomposed", 3)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (asked("AveragePool", kernel_shape=[2, 2], strides=[2, 2]), Answer.READY),
        (asked("AveragePool", kernel_shape=[2, 2]), Answer.BLOCKED),
        (asked("MaxPool", kernel_shape=[2, 2], strides=[2, 2], dilations=[2, 2]), Answer.BLOCKED),
        (asked("IsNaN"), Answer.BLOCKED),
        (asked("Abs"), Answer.READY),
        (asked("Abs", "uint8"), Answer.BLOCKED),
        (asked("Hardmax"), Answer.BLOCKED),
    ],
)
def test_what_is_not_converted_or_run_blocks(question: dict[str, object], expected: Answer) -> None:
    """There is no other device to fall back on."""
    (target,) = find(["mnn-cpu"])
    record = {"record": "op", "case": "c", "precision": "fp32", "asked": question, "answer": "refused"}
    graph = load_model(build(question).SerializeToString())
    assert replay.replay(graph, record, target).answer is expected
