"""Peak activation memory, against a simulation of every order, and the search for a better one."""

from __future__ import annotations

import random
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from onnx import parser

from checker.cost import measure
from checker.cost.memory import peak, plan
from checker.cost.order import best_order
from checker.cost.sizes import value_bytes
from checker.graph import Graph, Node, Value
from checker.load import load_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checker.cost import Memory

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'


def _memory(text: str) -> Memory:
    return measure(load_model(parser.parse_model(HEAD + text)), orders=True).memory


def _random_graph(seed: int, count: int) -> Graph:
    """Make a graph of element-wise and other nodes with one to three operands of any earlier value."""
    pick = random.Random(seed)  # noqa: S311  # tests want the same graphs each time
    values = [Value("x", "int8", (pick.randint(1, 40),))]
    nodes = []
    for index in range(count):
        taken = tuple(pick.sample(values, min(len(values), pick.choice((1, 1, 2, 3)))))
        same = pick.random() < 0.4
        made = Value(f"v{index}", "int8", taken[0].shape if same else (pick.randint(1, 40),))
        nodes.append(Node(f"n{index}", "Relu" if same else "Conv", inputs=taken, outputs=(made,)))
        values.append(made)
    used = {value.name for node in nodes for value in node.inputs if value}
    return Graph("g", tuple(nodes), (values[0],), tuple(v for v in values[1:] if v.name not in used))


def _orders(graph: Graph) -> list[tuple[Node, ...]]:
    """Return every order in which the nodes can run."""
    made_by = {value.name: node for node in graph.nodes for value in node.outputs if value}
    orders = []
    for order in permutations(graph.nodes):
        place = {node.name: position for position, node in enumerate(order)}
        before = ((made_by[v.name], node) for node in order for v in node.inputs if v and v.name in made_by)
        if all(place[first.name] < place[then.name] for first, then in before):
            orders.append(order)
    return orders


def _simulated(graph: Graph, order: Sequence[Node], *, in_place: bool) -> int:
    """Run an order by hand: allocate, note the peak, free what nothing needs any more."""
    keep = {value.name for value in graph.outputs}
    live = {value.name: value.size or 0 for value in graph.inputs}
    most = sum(live.values())
    for position, node in enumerate(order):
        later = {value.name for each in order[position + 1 :] for value in each.inputs if value} | keep
        out, taken = node.outputs[0], [value for value in node.inputs if value]
        assert out is not None
        free = {value.shape for value in taken if value.name not in later and value.name != "x"}
        over = in_place and node.op == "Relu" and out.shape in free
        live[out.name] = out.size or 0
        most = max(most, sum(live.values()) - (live[out.name] if over else 0))
        live = {name: size for name, size in live.items() if name in later}
    return most


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_the_best_order_is_the_best_of_all(seed: int, in_place: bool) -> None:
    """On graphs of seven nodes: the peak of the file's order is the simulated one, and the best order the least of all.

    Where the search does not claim that no order is better, it is at least no worse than the file's.
    """
    graph = _random_graph(seed, 7)
    laid = plan(graph, value_bytes)
    assert laid is not None
    every = {order: _simulated(graph, order, in_place=in_place) for order in _orders(graph)}
    assert peak(laid, in_place=in_place)[0] == every[graph.nodes]
    found = best_order(laid, in_place=in_place)
    names = tuple(graph.nodes[index] for index in found.order)
    assert every[names] == found.peak <= every[graph.nodes]
    if found.optimal:
        assert found.peak == min(every.values())


def test_the_search_finds_the_least_in_most_graphs() -> None:
    """Proven or not, on small graphs the order that is found is nearly always the best one."""
    hits = 0
    for seed in range(100, 130):
        graph = _random_graph(seed, 7)
        laid = plan(graph, value_bytes)
        assert laid is not None
        hits += best_order(laid).peak == min(_simulated(graph, order, in_place=False) for order in _orders(graph))
    assert hits >= 28


def test_a_wide_graph_stays_within_the_bound_and_is_never_worse() -> None:
    """A hundred and twenty nodes without a waist: the search stops by itself, the same each time."""
    laid = plan(_random_graph(1, 120), value_bytes)
    assert laid is not None
    first, again = best_order(laid), best_order(laid)
    assert first == again
    assert first.peak <= peak(laid)[0]
    assert sorted(first.order) == list(range(120))
    assert peak(laid, first.order)[0] == first.peak


def test_views_and_overwriting_are_told_apart() -> None:
    """A Reshape shares memory where views do; a Relu overwrites its operand where that is allowed, never the input."""
    memory = _memory(
        "g (float[10] x) => (float[10] y) <int64[2] s = {2, 5}, int64[1] t = {10}> "
        "{a = Sigmoid(x) r = Reshape(a, s) b = Relu(r) u = Reshape(b, t) y = Tanh(u)}"
    )
    assert memory.peak == 80
    assert memory.views == 80
    assert memory.in_place == 80  # the input and the first result: nobody may write over the input
    assert memory.optimal
    chain = _memory("g (float[10] x) => (float[1] y) {a = Exp(x) b = Relu(a) c = Add(b, b) y = ReduceSum(c)}")
    assert (chain.peak, chain.in_place) == (80, 80)
    wide = _memory("g (float[1] x) => (float[1] y) <int64[1] n = {10}> {a = Expand(x, n) b = Relu(a) y = ReduceSum(b)}")
    assert (wide.peak, wide.in_place) == (80, 44)


def test_what_is_alive_at_the_peak_is_named() -> None:
    """The Add holds both operands and its result; the input is dead by then."""
    memory = _memory("g (float[10] x) => (float[10] y) {a = Relu(x) b = Sigmoid(a) y = Add(a, b)}")
    assert memory.at.startswith("Add")
    assert {(live.value, live.bytes) for live in memory.alive} == {("a", 40), ("b", 40), ("y", 40)}
    assert sum(live.bytes for live in memory.alive) == memory.peak


def test_a_better_order_is_found_where_branches_swell() -> None:
    """Two branches that widen and narrow again: one after the other needs less than side by side, as in the file."""
    memory = _memory(
        "g (float[1] x) => (float[1] y) <int64[1] n = {100}> "
        "{a = Expand(x, n) b = Expand(x, n) c = ReduceSum(a) d = ReduceSum(b) y = Add(c, d)}"
    )
    assert memory.peak == 4 * (100 + 100 + 1)
    assert memory.best_order == 4 * (1 + 100 + 1)
    assert memory.optimal


def test_open_axes_leave_a_least_peak() -> None:
    """With an open axis the peak is not known; with that axis at 1 it is at least so much."""
    memory = _memory("g (float[N,10] x) => (float[N,10] y) {y = Relu(x)}")
    assert memory.peak is None
    assert memory.best_order is None
    assert memory.least == 80


def test_one_open_axis_in_every_tensor_is_a_formula() -> None:
    """Twice as many images need twice the memory; where a tensor does not grow with the axis there is no formula."""
    memory = _memory("g (float[N,10] x) => (float[N,10] y) {y = Relu(x)}")
    assert memory.formula == "80*N"
    other = _memory("g (float[N,10] x, float[10] b) => (float[N,10] y) {y = Add(x, b)}")
    assert (other.formula, other.least) == (None, 120)
    square = _memory("g (float[N,N] x) => (float[N,N] y) {y = Relu(x)}")
    assert (square.formula, square.least) == (None, 8)
