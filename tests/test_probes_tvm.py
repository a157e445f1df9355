"""Answers of TVM as they were given, and facts of its table."""

from __future__ import annotations

import pytest

from checker.load import load_model
from checker.probes import replay, tvm
from checker.probes.cases import build
from checker.probes.toolchain import Case
from checker.probes.worker import Raw
from checker.targets import find
from checker.verdict import Answer

LACKING = "OpNotImplemented: The following operators are not supported for frontend ONNX: LSTM, DFT"


def asked(op: str, dtype: str = "float32", **attrs: object) -> dict[str, object]:
    """Describe a model of one operator of one input."""
    return {"op": op, "opset": 17, "inputs": [{"name": "X", "dtype": dtype, "shape": [1, 8, 16, 16]}], "attrs": attrs}


def case(op: str) -> Case:
    """Make a case."""
    return Case("c", "tvm", "fp32", asked(op))


def test_operators_that_the_front_end_lacks_are_named() -> None:
    """All of them, in one error."""
    found = tvm.interpret(case("LSTM"), Raw("answered", {"error": LACKING}, "", "import"))
    assert (found.outcome, found.stage, found.culprits) == ("refused", "import", {"LSTM": 1, "DFT": 1})


def test_the_operator_whose_conversion_fails_is_named() -> None:
    """The log has its name, the error has not."""
    log = "Error converting operator ReduceMean, with inputs: [x, axes]\n"
    raw = Raw("answered", {"error": "AssertionError: Only constant axes currently supported"}, log, "import")
    assert tvm.interpret(case("ReduceMean"), raw).culprits == {"ReduceMean": 1}


def test_an_operator_that_gives_too_few_outputs_is_named() -> None:
    """Nothing is printed then; the error has its name."""
    words = "AssertionError: Missing outputs during conversion. Expected 2 but Got 1 in MaxPool."
    assert tvm.interpret(case("MaxPool"), Raw("answered", {"error": words}, "", "import")).culprits == {"MaxPool": 1}


def test_a_network_is_compiled_and_not_run() -> None:
    """The words say how far it came."""
    network = Case("net", "tvm", "fp32")
    found = tvm.interpret(network, Raw("answered", {"into": {"add": 2}, "ran": False, "differs": ""}))
    assert (found.outcome, found.says) == ("native", "imported, compiled")


def test_other_numbers_are_told_and_do_not_refuse() -> None:
    """The compiled function runs; what it computes stands in the words."""
    raw = Raw("answered", {"into": {"abs": 1}, "ran": True, "differs": "output 0 differs"})
    found = tvm.interpret(case("Abs"), raw)
    assert (found.outcome, found.says) == ("native", "imported, compiled, ran once; output 0 differs")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (asked("Relu"), Answer.READY),
        (asked("IsNaN"), Answer.READY),
        (asked("Celu"), Answer.BLOCKED),
        (asked("LpNormalization"), Answer.BLOCKED),
    ],
)
def test_what_the_front_end_lacks_blocks(question: dict[str, object], expected: Answer) -> None:
    """Nothing else would compute it."""
    (target,) = find(["tvm"])
    record = {"record": "op", "case": "c", "precision": "fp32", "asked": question, "answer": "refused"}
    graph = load_model(build(question).SerializeToString())
    assert replay.replay(graph, record, target).answer is expected


RESHAPE = """<ir_version: 8, opset_import: ["": 17]>
g (float[N,4,8] x) => (float[N,32] y) <int64[1] zero={0}, int64[1] one={1}, int64[1] rest={32}> {
  s = Shape(x)
  SIZES
  b = Slice(t, zero, one)
  c = Concat<axis=0>(b, rest)
  y = Reshape(x, c)
}"""


@pytest.mark.parametrize(
    ("sizes", "expected"), [("t = Identity(s)", Answer.READY), ("i = Cast<to=6>(s) t = Cast<to=7>(i)", Answer.UNKNOWN)]
)
def test_a_shape_that_went_through_a_cast_is_not_known(sizes: str, expected: Answer) -> None:
    """The front end then has a tensor where it wants a shape; with an open batch nothing folds it."""
    (target,) = find(["tvm"])
    record = {"record": "op", "case": "c", "precision": "fp32", "asked": {}, "answer": "refused"}
    graph = load_model(build({"text": RESHAPE.replace("SIZES", sizes)}).SerializeToString())
    assert replay.replay(graph, record, target).answer is expected
