"""Composites read forwards: the parts compute what the operator computes, and raising takes them back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from composite_models import graph_of, number, weight
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from checker.composites import lower, raise_, raise_composites
from checker.graph import Graph, Value

Arrays = dict[str, npt.NDArray[np.generic]]


def model_of(graph: Graph) -> onnx.ModelProto:
    """Write a graph back as a model that can be run."""
    constants: dict[str, Value] = {}
    nodes = []
    for node in graph.nodes:
        for value in node.inputs:
            if value is not None and value.constant:
                constants[value.name] = value
        attrs = {name: value for name, value in node.attrs.items() if name in node.given and value is not None}
        names = [value.name if value is not None else "" for value in node.inputs]
        outputs = [value.name if value is not None else "" for value in node.outputs]
        nodes.append(helper.make_node(node.op, names, outputs, name=node.name, domain=node.domain, **attrs))

    def info(value: Value) -> onnx.ValueInfoProto:
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype))
        return helper.make_tensor_value_info(value.name, kind, value.shape)

    held = [numpy_helper.from_array(np.asarray(v.const, order="C"), v.name) for v in constants.values()]
    made = helper.make_graph(nodes, "g", [info(v) for v in graph.inputs], [info(v) for v in graph.outputs], held)
    imports = [helper.make_opsetid(domain, version) for domain, version in graph.opsets.items()]
    return helper.make_model(made, opset_imports=imports, ir_version=10)


def run(graph: Graph) -> npt.NDArray[np.generic]:
    """Run a graph on numbers drawn with a fixed seed."""
    rng = np.random.default_rng(0)
    feeds: Arrays = {}
    for value in graph.inputs:
        shape = tuple(int(dim) for dim in value.shape or ())
        if value.dtype == "bool":
            feeds[value.name] = rng.random(shape) > 0.3
        elif value.dtype == "int64":
            feeds[value.name] = np.arange(int(np.prod(shape))).reshape(shape) % 4
        else:
            feeds[value.name] = rng.standard_normal(shape).astype(value.dtype)
    result: npt.NDArray[np.generic] = ReferenceEvaluator(model_of(graph)).run(None, feeds)[0]
    return result


QKV4 = "float[2, 4, 5, 8] q, float[2, 4, 6, 8] k, float[2, 4, 6, 8] v"
OUT4 = "float[2, 4, 5, 8] y"
QKV3 = "float[2, 5, 32] q, float[2, 6, 16] k, float[2, 6, 16] v"
TABLES = "float[2, 3, 4, 8] x, float[2, 4, 4] c, float[2, 4, 4] s"
SCALES = weight("s", "8") + weight("b", "8")

OPERATORS = {
    "Gelu": ("y = Gelu (x)", {"opset": 20}),
    "Gelu tanh": ('y = Gelu <approximate = "tanh"> (x)', {"opset": 20}),
    "Swish": ("y = Swish (x)", {"opset": 24}),
    "Swish with a slope": ("y = Swish <alpha = 1.5> (x)", {"opset": 24}),
    "HardSwish": ("y = HardSwish (x)", {"opset": 17}),
    "Mish": ("y = Mish (x)", {"opset": 18}),
    "LayerNormalization": (SCALES + "y = LayerNormalization <axis = -1> (x, s, b)", {"opset": 17}),
    "LayerNormalization without bias": (SCALES + "y = LayerNormalization <epsilon = 0.001> (x, s)", {"opset": 18}),
    "RMSNormalization": (SCALES + "y = RMSNormalization <axis = -1> (x, s)", {"opset": 23}),
    "RotaryEmbedding": (
        "y = RotaryEmbedding (x, c, s)",
        {"opset": 23, "inputs": TABLES, "output": "float[2, 3, 4, 8] y"},
    ),
    "RotaryEmbedding interleaved": (
        "y = RotaryEmbedding <interleaved = 1> (x, c, s)",
        {"opset": 23, "inputs": TABLES, "output": "float[2, 3, 4, 8] y"},
    ),
    "Attention": ("y = Attention (q, k, v)", {"opset": 23, "inputs": QKV4, "output": OUT4}),
    "Attention with a scale": ("y = Attention <scale = 0.5> (q, k, v)", {"opset": 23, "inputs": QKV4, "output": OUT4}),
    "Attention with a soft cap": (
        "y = Attention <softcap = 2.0> (q, k, v)",
        {"opset": 23, "inputs": QKV4, "output": OUT4},
    ),
    "Attention with an added mask": (
        "y = Attention (q, k, v, m)",
        {"opset": 23, "inputs": QKV4 + ", float[5, 6] m", "output": OUT4},
    ),
    "Attention with a chosen mask": (
        "y = Attention (q, k, v, m)",
        {"opset": 23, "inputs": QKV4 + ", bool[2, 4, 5, 6] m", "output": OUT4},
    ),
    "Attention, causal": (
        "y = Attention <is_causal = 1> (q, k, v)",
        {"opset": 23, "inputs": QKV4.replace("5, 8] q", "6, 8] q"), "output": "float[2, 4, 6, 8] y"},
    ),
    "Attention of three axes with grouped queries": (
        "y = Attention <q_num_heads = 4, kv_num_heads = 2> (q, k, v)",
        {"opset": 23, "inputs": QKV3, "output": "float[2, 5, 32] y"},
    ),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_parts_compute_what_the_operator_computes(name: str) -> None:
    """Both are run on the same numbers; the operator is gone from the lowered graph."""
    body, options = OPERATORS[name]
    graph = graph_of(body, **options)  # type: ignore[arg-type]
    lowered = lower(graph, list(graph.nodes))
    assert graph.nodes[0].op not in {node.op for node in lowered.nodes}
    assert [value.name for value in lowered.outputs] == [value.name for value in graph.outputs]
    np.testing.assert_allclose(run(lowered), run(graph), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", OPERATORS)
def test_parts_are_recognised_as_the_operator_that_they_are(name: str) -> None:
    """Lowering and raising agree: the same kind is found in its parts, over all of them."""
    body, options = OPERATORS[name]
    graph = graph_of(body, **options)  # type: ignore[arg-type]
    kind = graph.nodes[0].op
    lowered = lower(graph, list(graph.nodes))
    found = [each for each in raise_composites(lowered) if each.kind == kind]
    assert [each.form for each in found] == ["decomposed"]


@pytest.mark.parametrize("name", OPERATORS)
def test_shapes_of_the_parts_are_those_that_inference_gives(name: str) -> None:
    """The values between the parts carry the shapes and types that ONNX infers for them."""
    body, options = OPERATORS[name]
    lowered = lower(graph := graph_of(body, **options), list(graph.nodes))  # type: ignore[arg-type]
    inferred = onnx.shape_inference.infer_shapes(model_of(lowered), strict_mode=True, data_prop=True)
    shapes = {
        each.name: tuple(dim.dim_value for dim in each.type.tensor_type.shape.dim) for each in inferred.graph.value_info
    }
    for node in lowered.nodes:
        for value in node.outputs:
            if value is not None and value.name in shapes:
                assert value.shape == shapes[value.name], (node.op, value.name)


def test_group_normalisation_is_lowered_to_instance_normalisation() -> None:
    """The groups are made and taken back by Reshape; scale and bias become columns."""
    body = weight("s", "4") + weight("b", "4") + "y = GroupNormalization <num_groups = 2> (x, s, b)"
    graph = graph_of(body, inputs="float[1, 4, 5, 6] x", output="float[1, 4, 5, 6] y", opset=21)
    lowered = lower(graph, list(graph.nodes))
    assert [node.op for node in lowered.nodes] == ["Reshape", "InstanceNormalization", "Reshape", "Mul", "Add"]
    assert [each.kind for each in raise_composites(lowered)] == ["GroupNormalization"]


def test_an_operator_with_further_outputs_stays() -> None:
    """Nothing else could compute the mean that someone asks for."""
    body = SCALES + "y, m = LayerNormalization <axis = -1> (x, s, b)"
    graph = graph_of(body, output="float[2, 4, 8] y, float[2, 4, 1] m")
    assert lower(graph, list(graph.nodes)).nodes[0].op == "LayerNormalization"


def test_raising_writes_one_operator_where_the_opset_has_it() -> None:
    """Five nodes become one Gelu at opset 20, and stay five at opset 17."""
    body = number("root", 1.4142135) + number("one", 1.0) + number("half", 0.5)
    body += "d = Div (x, root) e = Erf (d) a = Add (e, one) m = Mul (x, a) y = Mul (m, half)"
    new, old = graph_of(body, opset=20), graph_of(body, opset=17)
    assert [node.op for node in raise_(new, raise_composites(new)).nodes] == ["Gelu"]
    assert len(raise_(old, raise_composites(old)).nodes) == 5
    np.testing.assert_allclose(run(raise_(new, raise_composites(new))), run(new), rtol=1e-4, atol=1e-5)


def test_raising_an_attention_turns_transposed_keys_back() -> None:
    """Keys that arrive as (batch, heads, size, length) get a Transpose before the operator."""
    body = "s = MatMul (q, k) p = Softmax <axis = -1> (s) y = MatMul (p, v)"
    inputs = "float[2, 4, 5, 8] q, float[2, 4, 8, 6] k, float[2, 4, 6, 8] v"
    graph = graph_of(body, inputs=inputs, output=OUT4, opset=23)
    raised = raise_(graph, raise_composites(graph))
    assert [node.op for node in raised.nodes] == ["Transpose", "Attention"]
    np.testing.assert_allclose(run(raised), run(graph), rtol=1e-4, atol=1e-5)
