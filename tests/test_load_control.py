"""If, Loop and Scan: bodies are graphs that see the values around them."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from checker.graph import Graph
from checker.load import load_model

INFO = helper.make_tensor_value_info


def body(nodes: list[onnx.NodeProto], inputs: list[object], outputs: list[object], **more: object) -> onnx.GraphProto:
    """Make the body of a control-flow node."""
    return helper.make_graph(nodes, "body", inputs, outputs, **more)


def branching(*, constant: bool) -> Graph:
    """An If whose branches use the outer value; its condition is an input or stored."""
    make = helper.make_node
    yes = body([make("Relu", ["x"], ["t"], name="yes")], [], [INFO("t", 1, None)])
    no = body([make("Neg", ["x"], ["t"], name="no"), make("Abs", ["t"], ["u"])], [], [INFO("u", 1, None)])
    nodes = [
        make("If", ["flag"], ["y"], then_branch=yes, else_branch=no, name="if"),
        make("Exp", ["y"], ["z"], name="after"),
    ]
    flag = numpy_helper.from_array(np.array([False]), "flag")
    inputs = [INFO("x", 1, [2, 3])] + ([] if constant else [INFO("flag", TensorProto.BOOL, [1])])
    graph = helper.make_graph(nodes, "g", inputs, [INFO("z", 1, None)], [flag] if constant else [])
    return load_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))


def test_both_branches_are_graphs_that_use_outer_values() -> None:
    """Bodies are walked after their owner, and the outer value knows its user."""
    found = branching(constant=False)
    owner = found.nodes[0]
    assert set(owner.bodies) == {"then_branch", "else_branch"}
    assert [node.op for node in found.walk()] == ["If", "Neg", "Abs", "Relu", "Exp"]
    assert [value.name for value in owner.implicit] == ["x"]
    assert found.users_of(found.inputs[0]) == (owner,)
    assert owner.outputs[0].shape == (2, 3)
    assert found.nodes[1].outputs[0].shape == (2, 3)
    names = [value.name for node in found.walk() for value in node.outputs if value is not None]
    assert len(set(names)) == len(names)


def test_a_known_condition_leaves_the_taken_branch() -> None:
    """The If vanishes, and what follows refers to the branch's result."""
    found = branching(constant=True)
    assert [node.op for node in found.nodes] == ["Neg", "Abs", "Exp"]
    assert [(folded.op, folded.reason) for folded in found.folded] == [("If", "branch")]
    assert found.producer_of(found.nodes[2].inputs[0]) is found.nodes[1]


def test_a_loop_carries_what_stays_true() -> None:
    """A carried value that keeps its shape has it; one that grows has none."""
    make = helper.make_node
    inner = body(
        [
            make("Identity", ["cond"], ["go"]),
            make("Relu", ["same"], ["same_out"]),
            make("Concat", ["grows", "x"], ["grows_out"], axis=0),
            make("Abs", ["same"], ["each"]),
        ],
        [INFO("i", 7, []), INFO("cond", 9, []), INFO("same", 1, None), INFO("grows", 1, None)],
        [INFO("go", 9, []), INFO("same_out", 1, None), INFO("grows_out", 1, None), INFO("each", 1, None)],
    )
    nodes = [make("Loop", ["n", "", "x", "x"], ["a", "b", "c"], body=inner)]
    graph = helper.make_graph(
        nodes,
        "g",
        [INFO("x", 1, [2, 3]), INFO("n", 7, [])],
        [INFO("a", 1, None), INFO("b", 1, None), INFO("c", 1, None)],
    )
    (loop,) = load_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])).nodes
    kept, grown, collected = loop.outputs
    assert kept.shape == (2, 3)
    assert grown.dtype == "float32"
    assert grown.shape is None
    assert collected.shape == (None, 2, 3)
    assert loop.bodies["body"].inputs[2].shape == (2, 3)
    assert loop.bodies["body"].inputs[3].shape is None


def test_a_scan_slices_its_inputs() -> None:
    """Each iteration sees one slice, and the outputs are stacked again."""
    make = helper.make_node
    inner = body(
        [make("Add", ["state", "x"], ["next"]), make("Identity", ["next"], ["out"])],
        [INFO("state", 1, None), INFO("x", 1, None)],
        [INFO("next", 1, None), INFO("out", 1, None)],
    )
    nodes = [make("Scan", ["s", "xs"], ["last", "all"], body=inner, num_scan_inputs=1)]
    graph = helper.make_graph(
        nodes, "g", [INFO("s", 1, [4]), INFO("xs", 1, [7, 4])], [INFO("last", 1, None), INFO("all", 1, None)]
    )
    (scan,) = load_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])).nodes
    assert [value.shape for value in scan.outputs] == [(4,), (7, 4)]
    assert scan.bodies["body"].inputs[1].shape == (4,)
