"""Where nodes run on a target, and what runs together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checker.graph import Composite, Folded, Graph, Node, Quant, Value
from checker.partition import partition, share_on_accelerator, transfer_bytes
from checker.place import place
from checker.target import Grade, Status, Target
from checker.targets import build

SOURCES = {
    "doc": {"kind": "vendor-doc", "where": "https://acme.example"},
    "probe": {"kind": "probe", "where": "evidence/acme.jsonl"},
}


def table(*rows: dict[str, Any], **header: Any) -> Target:
    """Return a target with these rows; each cites the vendor's document unless it says otherwise."""
    more = {key: header.pop(key) for key in ("model", "always", "quantization") if key in header}
    head = {
        "id": "acme-one",
        "vendor": "Acme",
        "chip": "One",
        "toolchain": "acmec 1",
        "precision": ["fp16", "int8"],
        "unlisted": "unsupported",
        "rejected": "fallback",
        **header,
    }
    cited = [{"evidence": "doc", **row} for row in rows]
    return build({"target": head, "source": SOURCES, "op": cited, **more}, "acme.toml", "")


def row(name: str, status: str = "native", *require: str, **more: Any) -> dict[str, Any]:
    """Return a row as a table writes it."""
    return {"name": name, "status": status, "require": list(require), **more}


def chain(*nodes: Node | str, shape: Any = (1, 4, 8, 8), opset: int = 17, **more: Any) -> Graph:
    """Return a graph of nodes one after the other, each with one input X and one output Y of the same shape."""
    made: list[Node] = []
    value = first = Value("x0", "float32", shape)
    for index, each in enumerate(nodes):
        node = each if isinstance(each, Node) else Node(f"n{index}", each, since=13)
        out = Value(f"x{index + 1}", "float32", shape)
        args = {"X": value, "input": value, **node.args}
        made.append(replace(node, args=args, inputs=(value,), outputs=(out,), index=index))
        value = out
    return Graph("g", tuple(made), (first,), (value,), {"": opset}, 8, **more)


def statuses(graph: Graph, target: Target, *composites: Composite, precision: str | None = None) -> list[str]:
    """Return the status of every placement."""
    return [each.status.value for each in place(graph, composites, target, precision)]


def layer(graph: Graph, kind: str, *covers: int, **attrs: Any) -> Composite:
    """Return a composite of some nodes of a chain."""
    nodes = tuple(graph.nodes[index] for index in covers)
    node = Node(nodes[-1].name, kind, attrs=attrs, args={"X": nodes[0].inputs[0]}, inputs=nodes[0].inputs)
    return Composite(kind, "decomposed", replace(node, outputs=nodes[-1].outputs), nodes)


def test_the_first_row_whose_conditions_hold_decides() -> None:
    """Rows are asked in file order."""
    target = table(row("Relu", "unsupported", "rank(X) > 4"), row("Relu", "decomposed", "rank(X) == 4"), row("Relu"))
    assert statuses(chain("Relu"), target) == ["decomposed"]
    assert statuses(chain("Relu", shape=(1,)), target) == ["native"]
    assert statuses(chain("Relu", shape=(1, 1, 1, 1, 1)), target) == ["unsupported"]


def test_an_unsure_row_of_another_status_makes_the_node_unknown() -> None:
    """The first row may apply, so the second may not decide; one of the same status changes nothing."""
    target = table(row("Relu", "unsupported", "rank(X) > 4"), row("Relu"))
    (placement,) = place(chain("Relu", shape=None), (), target)
    assert (placement.status, placement.worst) == (Status.UNKNOWN, Status.UNSUPPORTED)
    assert [unmet.text for unmet in placement.unsure] == ["rank(X) > 4"]
    same = table(row("Relu", "native", "rank(X) > 4"), row("Relu"))
    assert statuses(chain("Relu", shape=None), same) == ["native"]


def test_a_number_that_cannot_be_read_may_be_part_of_a_layer_that_is_refused() -> None:
    """With the constant the layer in parts is refused; without it, its nodes are not taken for something else."""
    blind = Value("c", "float32", (), constant=True)
    mul = chain("Mul").nodes[0]
    graph = replace(chain("Mul"), nodes=(replace(mul, inputs=(*mul.inputs, blind)),))
    hides = table(row("Mul"), row("RMSNormalization", "unsupported", form="decomposed"))
    (placement,) = place(graph, (), hides)
    assert (placement.status, placement.worst) == (Status.UNKNOWN, Status.UNSUPPORTED)
    assert statuses(graph, table(row("Mul"), row("RMSNormalization", "unsupported", form="operator"))) == ["native"]
    assert statuses(chain("Mul"), hides) == ["native"]


def test_all_conditions_are_collected() -> None:
    """A node that fails three conditions is told all three, and the row with the fewest failures explains."""
    target = table(row("Relu", "native", "rank(X) == 1", "dim(X, 0) == 9", "dim(X, 1) == 9"), row("Sin"))
    (placement,) = place(chain("Relu"), (), target)
    assert [unmet.text for unmet in placement.failed] == ["rank(X) == 1", "dim(X, 0) == 9", "dim(X, 1) == 9"]
    two = table(row("Relu", "native", "rank(X) == 1", "dim(X, 0) == 9"), row("Relu", "native", "rank(X) == 2"))
    (placement,) = place(chain("Relu"), (), two)
    assert (placement.status, placement.why()) == (Status.FALLBACK, "needs `rank(X) == 2`; here rank(X) = 4")


def test_rejected_and_unlisted_are_two_things() -> None:
    """An operator whose rows all refuse has another fate than one without rows."""
    target = table(row("Relu", "native", "rank(X) == 1"))
    assert statuses(chain("Relu", "Sin"), target) == ["fallback", "unsupported"]
    assert place(chain("Sin"), (), target).items[0].why() == "not listed"


def test_a_row_that_may_apply_leaves_the_node_unknown() -> None:
    """None decides and one is open: the node is not rejected yet."""
    target = table(row("Relu", "native", "rank(X) == 1"))
    assert statuses(chain("Relu", shape=None), target) == ["unknown"]


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"opset": "7..17"}, "native"),
        ({"opset": "..16"}, "fallback"),
        ({"since": [6, 13]}, "native"),
        ({"since": [14]}, "fallback"),
        ({"precision": ["fp16"]}, "native"),
        ({"precision": ["int8"]}, "fallback"),
        ({"form": "operator"}, "native"),
        ({"form": "decomposed"}, "unsupported"),
    ],
)
def test_a_row_applies_where_versions_precision_and_form_fit(conditions: dict[str, Any], status: str) -> None:
    """A row that does not apply rejects; one of the other form does not speak of the operator at all."""
    assert statuses(chain("Relu"), table(row("Relu", **conditions))) == [status]


def test_an_operator_that_is_listed_in_parts_only_is_told_so() -> None:
    """The decomposed form is another question; the explanation names it."""
    (placement,) = place(chain("Gelu"), (), table(row("Gelu", form="decomposed")))
    assert (placement.status, placement.why()) == (
        Status.UNSUPPORTED,
        'needs `form == "decomposed"`; here form = "operator"',
    )


def test_what_holds_for_every_node_is_asked_of_a_row_that_takes() -> None:
    """``[[always]]`` rejects a node that its row accepts, and does not save one from a row that refuses."""
    always = [{"require": ["every(inputs, rank) <= 3"], "evidence": "doc"}]
    target = table(row("Relu"), row("Sin", "unsupported"), always=always)
    assert statuses(chain("Relu", "Sin"), target) == ["fallback", "unsupported"]
    assert place(chain("Relu"), (), target).items[0].failed[0].text == "every(inputs, rank) <= 3"


def test_an_operator_of_another_domain_is_another_operator() -> None:
    """com.microsoft.Gelu has its own rows; those of the ONNX Gelu say nothing about it."""
    gelu = Node("g", "Gelu", "com.microsoft", since=1)
    assert statuses(chain(gelu), table(row("Gelu"))) == ["unsupported"]
    assert statuses(chain(gelu), table(row("com.microsoft.Gelu"))) == ["native"]


def test_a_composites_row_decides_for_all_its_nodes() -> None:
    """A row without form speaks of both forms; a refusal stands even where the parts have rows."""
    graph = chain("Div", "Erf", "Mul")
    gelu = layer(graph, "Gelu", 0, 1, 2)
    parts = [row(name) for name in ("Div", "Erf", "Mul")]
    assert statuses(graph, table(row("Gelu"), *parts), gelu) == ["native"]
    assert statuses(graph, table(row("Gelu", "unsupported"), *parts), gelu) == ["unsupported"]
    assert statuses(graph, table(row("Gelu", "unsupported", form="operator"), *parts), gelu) == ["native"] * 3
    assert place(graph, (gelu,), table(row("Gelu"))).counts()["native"] == 3


def test_a_composite_without_a_deciding_row_is_placed_as_written() -> None:
    """All rows refuse by their conditions: the nodes are asked; one is open: the whole is unknown."""
    graph = chain("Div", "Erf", "Mul")
    gelu = layer(graph, "Gelu", 0, 1, 2)
    parts = [row(name) for name in ("Div", "Erf", "Mul")]
    assert statuses(graph, table(row("Gelu", "native", "rank(X) == 1"), *parts), gelu) == ["native"] * 3
    unknown = chain("Div", "Erf", "Mul", shape=None)
    target = table(row("Gelu", "unsupported", "rank(X) == 1"), *parts)
    assert statuses(unknown, target, layer(unknown, "Gelu", 0, 1, 2)) == ["unknown"]


def test_the_outermost_composite_with_a_row_is_taken() -> None:
    """Attention without rows gives way to the Softmax within it."""
    graph = chain("MatMul", "Exp", "Div", "MatMul")
    inner = layer(graph, "Softmax", 1, 2)
    outer = replace(layer(graph, "Attention", 0, 1, 2, 3), parts=(inner,))
    rows = [row("MatMul"), row("Softmax")]
    assert [each.op for each in place(graph, (outer,), table(*rows))] == ["MatMul", "Softmax", "MatMul"]
    assert [each.op for each in place(graph, (outer,), table(row("Attention"), *rows))] == ["Attention"]


def test_a_composites_versions_are_those_of_its_nodes() -> None:
    """``opset`` and ``since`` of a row are tested on the nodes that a composite covers."""
    graph = chain("Div", "Erf", "Mul")
    gelu = layer(graph, "Gelu", 0, 1, 2)
    assert statuses(graph, table(row("Gelu", opset="..17")), gelu) == ["native"]
    assert "native" not in statuses(graph, table(row("Gelu", opset="20..")), gelu)
    assert statuses(graph, table(row("Gelu", since=[13])), gelu) == ["native"]


def test_a_constraint_may_look_at_the_composite_around() -> None:
    """``within`` sees every level, ``variant`` the spelling."""
    graph = chain("MatMul", "Softmax", "MatMul")
    attention = replace(layer(graph, "Attention", 0, 1, 2), variant="plain")
    target = table(row("MatMul"), row("Softmax", "native", 'within("Attention")'))
    assert statuses(graph, target, attention) == ["native"] * 3
    assert statuses(graph, target) == ["native", "fallback", "native"]
    assert statuses(graph, table(row("Attention", "native", 'variant == "plain"')), attention) == ["native"]


def test_folded_nodes_are_placed_as_folded() -> None:
    """What vanished on loading is listed, and does not count as compute."""
    graph = chain("Relu", folded=(Folded("i", "Identity", "identity"),))
    placements = place(graph, (), table(row("Relu")))
    assert [each.status for each in placements] == [Status.NATIVE, Status.FOLDED]
    assert len(placements.compute) == 1


def test_nodes_in_bodies_are_placed_where_the_owner_is_taken() -> None:
    """A taken If asks for its branches; one on the host takes them along."""
    graph = chain(Node("if", "If", bodies={"then_branch": chain("Sin")}))
    assert statuses(graph, table(row("If"))) == ["native", "unsupported"]
    assert statuses(graph, table(row("If", "fallback"))) == ["fallback"]


def test_a_function_is_expanded_only_where_the_target_does_so() -> None:
    """An operator without rows is as good as the worst part of its ONNX function body."""
    graph = chain(Node("h", "HardSwish", since=14))
    rows = [row("HardSigmoid"), row("Mul")]
    assert statuses(graph, table(*rows)) == ["unsupported"]
    assert statuses(graph, table(*rows, expands_functions=True)) == ["decomposed"]
    assert statuses(graph, table(rows[0], row("Mul", "fallback"), expands_functions=True)) == ["fallback"]
    assert statuses(graph, table(rows[0], expands_functions=True)) == ["unsupported"]
    bare = chain(Node("h", "HardSwish", since=14))
    untyped = replace(bare, nodes=(replace(bare.nodes[0], inputs=(Value("x0"),)),))
    assert statuses(untyped, table(*rows, expands_functions=True)) == ["unknown"]


def test_precision_follows_the_file_and_the_target() -> None:
    """A quantized file is asked about int8 where offered; a precision that is not offered places nothing."""
    target = table(row("Relu"))
    assert place(chain("Relu"), (), target).precision == "fp16"
    quantized = Value("x", "float32", (1,), quant=Quant("int8"))
    graph = chain("Relu")
    graph = replace(graph, nodes=(replace(graph.nodes[0], inputs=(quantized,)),))
    assert place(graph, (), target).precision == "int8"
    assert place(graph, (), table(row("Relu"), precision=["fp32"])).precision == "fp32"
    refused = place(graph, (), target, "bf16")
    assert (refused.offered, refused.items) == (False, ())


def test_a_float_file_asked_about_int8_gets_the_recipe() -> None:
    """The facts of the target's quantization are assumed."""
    target = table(row("Relu", "native", "zero_point(X) == 0"), quantization={"symmetric": True})
    assert statuses(chain("Relu"), target, precision="int8") == ["native"]
    uneven = table(row("Relu", "native", "zero_point(X) == 0"), quantization={"symmetric": False})
    assert statuses(chain("Relu"), uneven, precision="int8") == ["unknown"]


def test_the_grade_is_that_of_the_row() -> None:
    """A probe is better than a document; an operator that a table of documents does not list is documented too."""
    target = table(row("Relu", evidence="probe"), row("Sin"))
    grades = [each.grade for each in place(chain("Relu", "Sin", "Cos"), (), target)]
    assert grades == [Grade.MEASURED, Grade.DOCUMENTED, Grade.DOCUMENTED]


def test_segments_alternate_between_devices() -> None:
    """A host node in the middle cuts the accelerator's work in two, and its tensors cross both borders."""
    target = table(row("Relu"), row("Sin", "fallback"))
    segments = partition(place(chain("Relu", "Relu", "Sin", "Relu"), (), target))
    assert [(each.device, len(each.nodes)) for each in segments] == [
        ("accelerator", 2),
        ("host", 1),
        ("accelerator", 1),
    ]
    assert [(each.bytes_in, each.bytes_out) for each in segments] == [(0, 512), (512, 512), (512, 0)]
    assert transfer_bytes(segments) == 1024
    assert share_on_accelerator(segments) == 0.75
    assert share_on_accelerator(segments, {"n0": 30, "n2": 10}) == 0.75


def test_one_subgraph_is_the_first() -> None:
    """A target that maps one subgraph leaves the rest to the host."""
    target = table(row("Relu"), row("Sin", "fallback"), partition="one-subgraph")
    segments = partition(place(chain("Relu", "Sin", "Relu", "Relu"), (), target))
    assert [(each.device, len(each.nodes)) for each in segments] == [("accelerator", 1), ("host", 3)]


def test_branches_that_do_not_meet_the_host_stay_together() -> None:
    """Nodes of one device are one segment unless a way between them leads over the other."""
    x, a, b, c = (Value(name, "float32", (4,)) for name in "xabc")
    nodes = (
        Node("relu", "Relu", args={"X": x}, inputs=(x,), outputs=(a,)),
        Node("sin", "Sin", args={"input": a}, inputs=(a,), outputs=(b,)),
        Node("relu2", "Relu", args={"X": a}, inputs=(a,), outputs=(c,)),
    )
    graph = Graph("g", nodes, (x,), (b, c), {"": 17})
    segments = partition(place(graph, (), table(row("Relu"), row("Sin", "fallback"))))
    assert [[node.name for node in each.nodes] for each in segments] == [["relu", "relu2"], ["sin"]]


def test_bytes_of_an_unknown_shape_are_unknown() -> None:
    """A tensor of unknown size makes the sum unknown, not small."""
    target = table(row("Relu"), row("Sin", "fallback"))
    segments = partition(place(chain("Relu", "Sin", shape=("N", 3)), (), target))
    assert transfer_bytes(segments) is None


def test_a_row_may_say_that_its_source_does_not_say() -> None:
    """An operator that is listed without its conditions is unknown, and may turn out as bad as a rejected one."""
    for rejected in ("fallback", "unsupported"):
        target = table(row("Relu", "unknown"), row("Sigmoid"), rejected=rejected)
        (relu, sigmoid) = place(chain("Relu", "Sigmoid"), (), target)
        assert (relu.status, relu.worst.value, sigmoid.status) == (Status.UNKNOWN, rejected, Status.NATIVE)
        assert relu.why() == "listed, but the source does not say under which conditions"


def test_an_unknown_row_counts_only_where_it_applies() -> None:
    """A condition tells for which nodes the source is silent."""
    target = table(row("Relu", "unknown", "rank(X) > 4"), row("Relu"))
    assert statuses(chain("Relu"), target) == ["native"]
    assert statuses(chain("Relu", shape=(1, 4, 8, 8, 8)), target) == ["unknown"]
