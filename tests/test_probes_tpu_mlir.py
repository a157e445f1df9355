"""Answers of tpu-mlir as they were given, and facts of Sophgo's tables."""

from __future__ import annotations

import pytest

from checker.placement import Placement
from checker.probes import evidence, replay, tpu_mlir
from checker.probes.toolchain import Case
from checker.probes.worker import Raw
from checker.targets import find

WRITTEN = {"": "", "f16": "fp16", "bf16": "bf16", "f32": "fp32"}
MOVED = frozenset({"Expand", "Flatten", "Reshape", "Squeeze", "Tile", "Transpose", "Trilu", "Unsqueeze", "Concat"})
"""What only moves data stays in the type in which the file hands it in until something computes."""

UNTOLD = frozenset({"And", "Einsum", "Mul", "ReduceMean", "Upsample"})
"""Rows that do not tell all that another precision is for: a constant that is one number throughout, all axes."""


def case(precision: str, name: str = "c") -> Case:
    """Make a case."""
    return Case(name, "sophgo-bm1684x", precision, {"op": "Softmax"})


def answered(*operators: str, **more: object) -> Raw:
    """Make the answer of a build that came to the end."""
    return Raw("answered", {"operators": list(operators), "cpu": [], "modes": ["TPU_STATIC"], **more})


def test_half_precision_in_an_int8_build_is_an_answer_of_its_own() -> None:
    """It is taken, and both the operators and the words say in what it runs; a Cast is no work."""
    found = tpu_mlir.interpret(case("int8"), answered("Cast:i8", "MatMul:i8", "Cast:f16", "Softmax:f16", "Cast:f32"))
    assert (found.outcome, found.into) == ("decomposed", ("MatMul", "Softmax:f16"))
    assert found.says == "in another precision: Softmax:f16"


def test_the_precision_that_was_asked_for_is_not_named() -> None:
    """Half precision in a half-precision build is what was wanted; single precision in it is not."""
    found = tpu_mlir.interpret(case("fp16"), answered("Cast:f16", "Softmax:f16", "Active:f32"))
    assert found.into == ("Softmax", "Active:f32")


def test_a_dynamic_sub_network_is_taken_and_said() -> None:
    """The chip computes it, with sizes that are known at run time only."""
    found = tpu_mlir.interpret(case("fp16"), answered("TopK:f16", modes=["TPU_DYNAMIC"]))
    assert (found.outcome, found.says) == ("native", "a dynamic sub-network")


def test_a_function_of_the_host_is_a_fallback_but_for_the_quantization_of_inputs() -> None:
    """Files for CV18xx have their inputs quantized on the host: no culprit."""
    found = tpu_mlir.interpret(case("int8"), answered("GenericCpu:i8", "Conv2D:i8", cpu=["quant"]))
    assert found.outcome == "native"
    found = tpu_mlir.interpret(case("int8"), answered("GenericCpu:i8", "GenericCpu:f32", cpu=["quant", "interp"]))
    assert (found.outcome, found.culprits) == ("host", {"interp": 1})


def test_operators_that_the_importer_lists_are_culprits() -> None:
    """It looks at all of them before it begins."""
    raw = Raw("answered", {"error": "RuntimeError: Op not support:{'Selu', 'IsNaN'}"}, stage="transform")
    found = tpu_mlir.interpret(case("int8"), raw)
    assert (found.outcome, found.culprits) == ("refused", {"IsNaN": 1, "Selu": 1})


def test_the_operator_that_the_importer_was_at_is_the_culprit_but_not_a_convolution_without_its_bias() -> None:
    """An assertion has no words; a bias behind a DequantizeLinear is missed where it is used."""
    found = tpu_mlir.interpret(
        case("int8"), Raw("answered", {"error": "AssertionError: ", "at": "Pad"}, stage="transform")
    )
    assert (found.culprits, found.says) == ({"Pad": 1}, "Pad: AssertionError: ")
    missed = {"error": "KeyError: 'Should addWeight first:b!!!'", "at": "Conv"}
    assert tpu_mlir.interpret(case("int8"), Raw("answered", missed, stage="transform")).culprits == {}


def test_an_end_of_the_lowering_is_a_compiler_error_in_its_last_words() -> None:
    """The program aborts: what it wrote before is the reason."""
    log = "not support kernel dims\nUNREACHABLE executed at /x/lib/Conv.cpp:30!\nStack dump:\n"
    raw = Raw("answered", {"error": "RuntimeError: [!Error]: tpuc-opt m.mlir"}, log, "lower")
    found = tpu_mlir.interpret(case("int8"), raw)
    assert (found.outcome, found.says) == (
        "compiler-error",
        "not support kernel dims (unreachable code at Conv.cpp:30)",
    )


@pytest.mark.parametrize("name", ["sophgo-bm1684x", "sophgo-bm1688", "sophgo-cv181x", "sophgo-cv186x"])
def test_the_table_names_the_precision_that_an_operator_of_an_int8_file_runs_in(name: str) -> None:
    """Wherever one operator became one: the type of its result is what the row says."""
    (target,) = find([name])
    seen = 0
    for each in replay.small(target):
        record = each.record
        if record["precision"] != "int8" or each.agrees is not True or len(record.get("into", ())) != 1:
            continue
        found: tuple[Placement, ...] = tuple(each.placements.compute)
        if len(found) == 1 and found[0].op not in MOVED | UNTOLD and found[0].status.taken:
            kind = record["into"][0].partition(":")[2]
            assert (record["case"], found[0].runs_as) == (record["case"], WRITTEN[kind])
            seen += bool(kind)
    assert seen > 10


def test_names_of_culprits_are_operators_of_onnx() -> None:
    """So a report calls them as the file does."""
    names = evidence.names_of("tpu-mlir", "sophgo-cv181x")
    assert names["interp"] == "Resize"


def test_operators_without_a_lowering_are_named_from_what_is_left_of_them() -> None:
    """The lowering prints what it could not turn into the chip's operators; a comparison goes by its mode."""
    log = (
        '%7 = "top.Erf"(%6) : (tensor<1xf32>) -> tensor<1xf32> loc("a")\n'
        '%8 = "top.Compare"(%6, %7) {mode = "Equal"} : (tensor<1xf32>) -> tensor<1xf32> loc("b")\n'
        "unimplemented tpu dialect!\nUNREACHABLE executed at /x/lib/TopToTpuPass.cpp:1921!\n"
    )
    raw = Raw("answered", {"error": "RuntimeError: [!Error]: tpuc-opt m.mlir"}, log, "lower")
    found = tpu_mlir.interpret(case("int8"), raw)
    assert (found.culprits, found.says) == ({"Erf": 1, "Equal": 1}, "no lowering: Equal, Erf")


def test_the_operator_whose_result_the_importer_lost_is_the_culprit() -> None:
    """Not the one that asks for it."""
    told = {"error": "KeyError: 'operand y1 not found'", "at": "Slice", "lost": "MaxPool"}
    found = tpu_mlir.interpret(case("int8"), Raw("answered", told, stage="transform"))
    assert found.culprits == {"MaxPool": 1}
