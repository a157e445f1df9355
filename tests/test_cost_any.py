"""Counting never fails, whatever shapes a stranger's file claims."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checker import schema
from checker.cost import measure
from checker.graph import Graph, Node, Value
from checker.macs import COUNTERS, count_macs
from checker.polynomial import least

DIMS = st.one_of(st.integers(0, 5), st.sampled_from(["N", "H"]), st.none())
SHAPES = st.one_of(st.none(), st.lists(DIMS, max_size=5).map(tuple))
TYPES = st.sampled_from(["float32", "int64", "uint8", "string", None])
VALUES = st.builds(Value, st.sampled_from("abcdefgh"), TYPES, SHAPES, st.booleans())
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "num_heads": st.integers(0, 3),
        "kv_num_heads": st.integers(0, 3),
        "q_num_heads": st.integers(0, 3),
        "hidden_size": st.integers(0, 3),
        "equation": st.sampled_from(["ij,jk", "...i,ij->...j", "ii,i", "a", "", "a,b,c->"]),
        "K": st.integers(0, 4),
        "N": st.integers(0, 4),
        "transA": st.integers(0, 1),
        "group": st.integers(0, 3),
        "kernel_shape": st.lists(st.integers(0, 3), max_size=3).map(tuple),
    },
)


@st.composite
def _nodes(draw: Any) -> Node:
    op, domain = draw(st.sampled_from(sorted(COUNTERS))), draw(st.sampled_from(["", "com.microsoft"]))
    known = schema.newest(op, domain)
    names = [formal.name for formal in known.inputs] if known else []
    inputs = tuple(draw(st.lists(VALUES, max_size=max(len(names), 2))))
    args = dict(zip(names, inputs, strict=False))
    outputs = tuple(draw(st.lists(VALUES, min_size=1, max_size=2)))
    return Node("n", op, domain, attrs=draw(ATTRIBUTES), args=args, inputs=inputs, outputs=outputs)


@given(_nodes())
@settings(max_examples=400, deadline=None)
def test_no_shape_makes_counting_fail(node: Node) -> None:
    """A node with any ranks, symbols and attributes has a cost, and says whether it is exact."""
    graph = Graph("g", (node,), tuple(dict.fromkeys(v for v in node.inputs if v)), node.outputs, {"": 17})  # type: ignore[arg-type]
    cost = measure(graph, orders=True)
    assert cost.macs >= 0
    assert cost.bytes_moved >= 0
    counted = count_macs(node)
    assert cost.complete == isinstance(counted, int)
    if counted is not None:
        assert cost.macs == least(counted)
