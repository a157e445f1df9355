"""The evaluator computes what the operators' own reference implementation computes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from checker.load import load_model

I = np.array([[1, -2, 3], [4, 5, -6]], dtype="i8")  # noqa: E741
F = np.array([[1.0, -2.5, 3.5], [4.0, 0.5, -6.0]], dtype="f4")
P = np.abs(F)
B = np.array([[True, False, True], [False, False, True]])


def ints(*values: int) -> np.ndarray:
    """Make a vector of int64."""
    return np.array(values, dtype="i8")


def scalar(value: float, kind: str = "i8") -> np.ndarray:
    """Make an array of rank 0."""
    return np.array(value, dtype=kind)


Case = tuple[str, list[np.ndarray | None], dict[str, object], int]

CASES: list[Case] = [
    *[(op, [F], {}, 1) for op in ("Neg", "Abs", "Floor", "Ceil", "Round", "Exp", "Sin", "Cos", "Erf", "Sigmoid")],
    *[(op, [P], {}, 1) for op in ("Sqrt", "Reciprocal", "Log")],
    *[(op, [I, ints(2, 3, -4)], {}, 1) for op in ("Add", "Sub", "Mul", "Div", "Mod", "Equal", "Less", "Greater")],
    *[(op, [F, F[:1]], {}, 1) for op in ("Add", "Div", "LessOrEqual", "GreaterOrEqual", "Max", "Min")],
    *[(op, [B, B[:1]], {}, 1) for op in ("And", "Or", "Xor")],
    ("Not", [B], {}, 1),
    ("Mod", [F, P], {"fmod": 1}, 1),
    ("Pow", [P, scalar(2, "f4")], {}, 1),
    ("Cast", [F], {"to": 7}, 1),
    ("Cast", [I], {"to": 9}, 1),
    ("Clip", [F, scalar(-1, "f4"), scalar(2, "f4")], {}, 1),
    ("Clip", [F, None, scalar(2, "f4")], {}, 1),
    ("MatMul", [F, F.T.copy()], {}, 1),
    *[(op, [F], {"axes": [1], "keepdims": 0}, 1) for op in ("ReduceMax", "ReduceMin", "ReduceMean", "ReduceProd")],
    ("ReduceSum", [I, ints(0)], {}, 1),
    ("ReduceSum", [I], {"noop_with_empty_axes": 1}, 1),
    ("ArgMax", [F], {"axis": 1}, 1),
    ("CumSum", [F, scalar(1)], {"reverse": 1, "exclusive": 1}, 1),
    ("Range", [scalar(2), scalar(11), scalar(3)], {}, 1),
    ("Range", [scalar(5), scalar(-5), scalar(-2)], {}, 1),
    ("NonZero", [F], {}, 1),
    ("EyeLike", [F], {"k": 1}, 1),
    ("OneHot", [ints(0, 2), scalar(3), np.array([0.0, 1.0], dtype="f4")], {"axis": 0}, 1),
    ("TopK", [F, ints(2)], {"axis": 1}, 2),
    ("Gather", [F, ints(2, 0)], {"axis": 1}, 1),
    ("Gather", [F, scalar(-1)], {}, 1),
    ("GatherElements", [F, np.array([[0, 1, 0]], dtype="i8")], {"axis": 0}, 1),
    ("GatherND", [F, np.array([[0, 1], [1, 2]], dtype="i8")], {}, 1),
    ("ScatterND", [F, np.array([[1]], dtype="i8"), F[:1]], {}, 1),
    ("ScatterElements", [F, np.array([[1, 0, 1]], dtype="i8"), F[:1]], {"axis": 0}, 1),
    ("Concat", [F, F], {"axis": 1}, 1),
    ("Slice", [F, ints(0), ints(2**62), ints(1), ints(2)], {}, 1),
    ("Slice", [F, ints(-1), ints(-(2**62)), ints(1), ints(-1)], {}, 1),
    ("Slice", [F, ints(1), ints(-1), ints(-1)], {}, 1),
    ("Slice", [F, ints(5), ints(9), ints(1)], {}, 1),
    ("Unsqueeze", [F, ints(0, -1)], {}, 1),
    ("Squeeze", [F[None], ints(0)], {}, 1),
    ("Squeeze", [F[None]], {}, 1),
    ("Reshape", [F, ints(0, -1, 1)], {}, 1),
    ("Flatten", [F[None]], {"axis": 2}, 1),
    ("Transpose", [F], {}, 1),
    ("Transpose", [F[None]], {"perm": [2, 0, 1]}, 1),
    ("Expand", [F[:1], ints(2, 1, 3)], {}, 1),
    ("Tile", [F, ints(2, 1)], {}, 1),
    ("ConstantOfShape", [ints(2, 2)], {"value": numpy_helper.from_array(ints(7))}, 1),
    ("ConstantOfShape", [ints(2)], {}, 1),
    ("Split", [F, ints(1, 2)], {"axis": 1}, 2),
    ("Split", [F.T.copy()], {}, 3),
    ("Where", [B, F, scalar(0, "f4")], {}, 1),
    ("Pad", [F, ints(0, 1, 1, 0), scalar(9, "f4")], {}, 1),
    ("Trilu", [F, scalar(1)], {"upper": 0}, 1),
    ("Shape", [F], {"start": 1}, 1),
    ("Size", [F], {}, 1),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]}-{place}" for place, case in enumerate(CASES)])
def test_constants_come_out_as_the_reference_computes_them(case: Case) -> None:
    """Elements, shape and type agree with onnx's reference evaluator."""
    op, inputs, attributes, count = case
    names = ["" if array is None else f"i{place}" for place, array in enumerate(inputs)]
    stored = [numpy_helper.from_array(array, f"i{place}") for place, array in enumerate(inputs) if array is not None]
    outputs = [f"o{place}" for place in range(count)]
    graph = helper.make_graph(
        [helper.make_node(op, names, outputs, **attributes)],
        "g",
        [],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    expected = ReferenceEvaluator(model).run(None, {})
    found = load_model(model)
    assert not found.nodes
    assert not found.problems
    for value, array in zip(found.outputs, expected, strict=True):
        array = np.asarray(array)  # noqa: PLW2901
        assert value.const is not None
        assert value.const.shape == array.shape == value.shape
        assert value.dtype == array.dtype.name
        assert np.allclose(value.const, array, rtol=1e-6, equal_nan=True)


def test_division_by_zero_is_left_alone() -> None:
    """An integer division by zero is nobody's constant."""
    stored = [numpy_helper.from_array(ints(1, 2), "a"), numpy_helper.from_array(ints(0, 1), "b")]
    out = helper.make_tensor_value_info("o", 7, [2])
    graph = helper.make_graph([helper.make_node("Div", ["a", "b"], ["o"])], "g", [], [out], stored)
    found = load_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))
    assert found.outputs[0].constant
    assert found.outputs[0].const is None


def test_slice_of_old_opsets_has_attributes() -> None:
    """Before opset 10 starts and ends were attributes."""
    node = helper.make_node("Slice", ["a"], ["o"], starts=[1], ends=[9], axes=[1])
    out = helper.make_tensor_value_info("o", 1, None)
    graph = helper.make_graph([node], "g", [], [out], [numpy_helper.from_array(F, "a")])
    found = load_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4))
    assert np.array_equal(found.outputs[0].const, F[:, 1:])
