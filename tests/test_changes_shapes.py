"""Fixed shapes, and what rewiring leaves untouched."""

from __future__ import annotations

from dataclasses import replace

import onnx
import pytest
from composite_models import graph_of
from running import assert_same, assert_whole
from test_place import row, table

from checker.changes import (
    Shop,
    shapes,
)
from checker.lowering import lowered
from checker.place import place
from checker.rewire import bypassed, replaced, unquantized


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("float[N, 3, H, W] x", {"N": 1, "H": 224, "W": 224}),
        ("float[N, H, W, 3] x", {"N": 1, "H": 224, "W": 224}),
        ("float[N, 2, past, 32] x, int64[N, seq] i", {"N": 1, "past": 128, "seq": 128}),
        ("float[1, 1, 64, width] x", {"width": 224}),
        ("float[2, 3] x", {}),
    ],
)
def test_likely_lengths(declared: str, expected: dict[str, int]) -> None:
    """The batch is one, pictures have two sides, the rest is a sequence."""
    assert shapes.lengths(graph_of("y = Identity (x)", inputs=declared, output="float y")) == expected


def test_a_sum_of_symbols_has_the_sum_of_their_lengths() -> None:
    """Exporters write the length of a mask as what it is made of."""
    graph = graph_of("y = Relu (x)", inputs="float[N, past] x, float[N, M] m", output="float[N, past] y")
    second = replace(graph.inputs[1], shape=("N", "past + 1"))
    assert shapes.lengths(replace(graph, inputs=(graph.inputs[0], second)))["past + 1"] == 129


def test_a_file_is_loaded_again_with_fixed_shapes() -> None:
    """What depends on a dimension is folded once it has a length; without the file the facts alone are changed."""
    from checker.load import load_bytes
    from checker.load.pinned import pinned

    body = "s = Shape (x) i = Constant <value = int64 {1}> () d = Gather (s, i) c = Cast <to = 1> (d) y = Mul (x, c)"
    text = f'<ir_version: 8, opset_import: ["" : 17]> g (float[N, M] x) => (float[N, M] y) {{ {body} }}'
    loaded = load_bytes(onnx.parser.parse_model(text))
    shop = Shop(lambda sizes: pinned(loaded, sizes))
    shop.knows(loaded.graph, ())
    target = table(row("Mul"))
    state = shop.state(loaded.graph, target, "fp16")
    assert len(loaded.graph.nodes) > 1
    (candidate,) = shapes.propose(state, shop)
    again = candidate.make()
    assert again is not None
    assert [(node.op, node.outputs[0].shape) for node in again.nodes if node.outputs[0]] == [("Mul", (1, 128))]
    (candidate,) = shapes.propose(state, Shop())
    alone = candidate.make()
    assert alone is not None
    assert (alone.inputs[0].shape, len(alone.nodes)) == ((1, 128), len(loaded.graph.nodes))


def test_nodes_that_a_change_does_not_concern_stay_the_same_objects() -> None:
    """What was found out about them holds, and nothing is numbered twice."""
    graph = graph_of("a = Relu (x) b = HardSwish (a) y = Sin (b)")
    middle = graph.nodes[1]
    parts = lowered(middle, 17, 17)
    assert parts is not None
    changed = replaced(graph, {id(middle): parts})
    assert_whole(changed)
    assert changed.nodes[0] is graph.nodes[0]
    assert changed.nodes[-1] is graph.nodes[2]
    assert_same(graph, changed)


def test_an_output_that_is_bypassed_keeps_its_name() -> None:
    """Whoever computes the value computes it under the name of the output, for its other users too."""
    graph = graph_of("a = Relu (x) y = Sin (a) z = Cos (a)", output="float[2, 4, 8] y, float[2, 4, 8] z")
    sin = graph.nodes[1]
    assert sin.inputs[0] is not None
    changed = bypassed(graph, {"y": sin.inputs[0]}, [sin])
    assert_whole(changed)
    assert [[v.name for v in node.inputs if v] for node in changed.nodes] == [["x"], ["y"]]


def test_without_quantization_the_float_model_is_left() -> None:
    """Q/DQ is a fact of values; taken away, the facts are those of the float file."""
    pairs = "s = Constant <value = float {0.1}> () z = Constant <value = int8 {0}> () "
    pairs += "q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Relu (d)"
    graph = graph_of(pairs)
    assert graph.nodes[0].inputs[0] is not None
    assert graph.nodes[0].inputs[0].quant is not None
    plain = unquantized(graph)
    assert plain.nodes[0].inputs[0] is not None
    assert plain.nodes[0].inputs[0].quant is None
    target = table(row("Relu", "native", 'storage(X) == "float32"'))
    assert [each.status.value for each in place(plain, (), target, "fp16") if each.nodes] == ["native"]
