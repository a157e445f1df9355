"""Answers of pnnx and ncnn as they were given, and facts of their tables."""

from __future__ import annotations

from typing import Any

import pytest

from checker.load import load_model
from checker.probes import evidence, ncnn, replay
from checker.probes.cases import build
from checker.probes.toolchain import Case
from checker.probes.worker import Raw
from checker.targets import find
from checker.verdict import Answer

NO_KERNEL = "ort CreateSession failed Could not find an implementation for Abs(13) node with name 'Abs_0'"
LACKS = ["todo Gather", "todo IsNaN", "ignore Gather Gather_0 param axis=0"]
NOT_LOADED = "layer load_param 1 unsqueeze_0 failed\n"


def raw(answer: dict[str, Any], log: str = "", stage: str = "") -> Raw:
    """Make a raw answer; what is not told is as for a model that is taken."""
    whole = {"code": 0, "said": [], "layers": {"Input": 1, "ReLU": 1}, "lacking": {}, "untouched": {}, "inserted": {}}
    return Raw("answered", {**whole, "load": [0, 0], "run": "", "no_vulkan": {}, **answer}, log, stage)


def case(target: str = "ncnn-cpu") -> Case:
    """Make a case."""
    return Case("c", target, "fp32", asked("Relu", 17))


def asked(op: str, opset: int, *more: dict[str, Any], **attrs: object) -> dict[str, Any]:
    """Describe a model of one operator."""
    first = {"name": "X", "dtype": "float32", "shape": [1, 8, 16, 16]}
    return {"op": op, "opset": opset, "inputs": [first, *more], "attrs": attrs}


def axes(*values: int) -> dict[str, Any]:
    """Describe a constant input."""
    return {"name": "axes", "dtype": "int64", "shape": [len(values)], "const": True, "value": list(values)}


def test_what_loads_and_gives_the_right_numbers_is_taken() -> None:
    """Inputs and copies are no layers of the model."""
    found = ncnn.interpret(case(), raw({}))
    assert (found.outcome, found.into, found.says) == ("native", ("ReLU",), "")


def test_a_layer_that_ncnn_lacks_refuses_though_pnnx_ended_well() -> None:
    """An expression is of pnnx's making, and so is a Reshape that moves the batch: neither is a culprit."""
    lacking = {"Gather": 1, "Tensor.reshape": 12, "pnnx.Expression": 2}
    found = ncnn.interpret(case(), raw({"lacking": lacking, "inserted": {"Tensor.reshape": 12}, "said": LACKS}))
    assert (found.outcome, found.stage, dict(found.culprits)) == ("refused", "load", {"Gather": 1})
    assert found.says.startswith("no layer 1 Gather, 12 Tensor.reshape, 2 pnnx.Expression; todo Gather")


def test_an_unconverted_operator_that_bears_the_name_of_a_layer_refuses() -> None:
    """There is a layer Slice, and ncnn loads it without the parameters that pnnx left out."""
    found = ncnn.interpret(case(), raw({"untouched": {"Slice": 1}}))
    assert (found.outcome, dict(found.culprits)) == ("refused", {"Slice": 1})


def test_other_numbers_than_onnx_runtimes_refuse() -> None:
    """Loading is not acceptance."""
    found = ncnn.interpret(case(), raw({"run": "out0 differs from ONNX Runtime's by 2 of its range"}))
    assert (found.outcome, found.stage) == ("refused", "run")


def test_a_layer_that_cannot_be_loaded_is_named_by_its_type() -> None:
    """The log has the layer's name only."""
    answer = {"load": [-1], "kinds": {"unsqueeze_0": "ExpandDims"}}
    found = ncnn.interpret(case(), raw(answer, NOT_LOADED))
    assert (found.outcome, dict(found.culprits)) == ("refused", {"ExpandDims": 1})


def test_pnnx_falls_over_what_its_onnx_runtime_refuses() -> None:
    """It says why before it does, and names the first reason only: no list of culprits."""
    found = ncnn.interpret(case(), Raw("answered", {"code": -11, "said": [NO_KERNEL]}, "", "convert"))
    assert (found.outcome, found.stage, dict(found.culprits)) == ("refused", "convert", {})
    assert ncnn.interpret(case(), Raw("answered", {"code": -11, "said": []}, "", "convert")).outcome == "crashed"


def test_a_layer_without_vulkan_is_on_the_host() -> None:
    """Its type says so when the net is loaded."""
    found = ncnn.interpret(case("ncnn-vulkan"), raw({"no_vulkan": {"Squeeze": 37}}))
    assert (found.outcome, dict(found.culprits), found.says) == ("host", {"Squeeze": 37}, "without Vulkan: 37 Squeeze")


@pytest.mark.parametrize(
    ("question", "cpu", "vulkan"),
    [
        (asked("ReduceMean", 17, axes=[1]), Answer.READY, Answer.READY),
        (asked("ReduceMean", 18, axes(1)), Answer.BLOCKED, Answer.BLOCKED),
        (asked("ReduceMean", 18, axes(2, 3)), Answer.READY, Answer.READY),
        (asked("DepthToSpace", 17, blocksize=2, mode="DCR"), Answer.BLOCKED, Answer.BLOCKED),
        (asked("DepthToSpace", 17, blocksize=2, mode="CRD"), Answer.READY, Answer.READY),
        (asked("Unsqueeze", 17, axes(0)), Answer.READY, Answer.READY_WITH_FALLBACK),
    ],
)
def test_the_tables_follow_how_a_thing_is_written(question: dict[str, Any], cpu: Answer, vulkan: Answer) -> None:
    """A single axis that comes as an input is read as a number; a layer without Vulkan runs on the CPU."""
    record = {"record": "op", "case": "c", "precision": "fp32", "asked": question, "answer": "native"}
    graph = load_model(build(question).SerializeToString())
    assert [replay.replay(graph, record, find([name])[0]).answer for name in ("ncnn-cpu", "ncnn-vulkan")] == [
        cpu,
        vulkan,
    ]


def test_what_the_cpu_refuses_vulkan_refuses() -> None:
    """Converter and layers are the same; no answer says otherwise."""
    answers = [
        {(r["case"], r["precision"]): r["answer"] for r in evidence.read(replay.evidence_of(find([name])[0])[0]).ops}
        for name in ("ncnn-cpu", "ncnn-vulkan")
    ]
    cpu, vulkan = answers
    assert {vulkan[key] for key in vulkan if cpu.get(key) == "refused"} == {"refused"}
