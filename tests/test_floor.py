"""A lower bound of the latency, what fits, and the prefix that maps: from stated figures only, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from test_place import SOURCES, chain, row
from test_verdict import answer

from checker.cost import measure
from checker.cost_report import Fit, Floor
from checker.errors import InputError
from checker.floor import fit_of, floor_of, prefix_of
from checker.graph import Graph, Node, Value
from checker.partition import inserted_bytes, partition
from checker.place import place
from checker.target import Target
from checker.targets import build, find, read_all
from checker.verdict import Answer

HEAD = {
    "id": "acme-one",
    "vendor": "Acme",
    "chip": "One",
    "toolchain": "acmec 1",
    "precision": ["fp16", "int8"],
    "unlisted": "unsupported",
    "rejected": "fallback",
}


def _table(*rows: dict[str, Any], **more: Any) -> Target:
    head = {**HEAD, **{key: more.pop(key) for key in tuple(more) if key in {"partition", "precision"}}}
    cited = [{"evidence": "doc", **each} for each in rows]
    return build({"target": head, "source": SOURCES, "op": cited, **more}, "acme.toml", "")


def _product(macs_on: int = 1_000_000) -> Graph:
    """Return one matrix product of so many multiply-accumulates: [1, 1000] by [1000, n], weights of 2n kB in fp16."""
    x, w = Value("x", "float32", (1, 1000)), Value("w", "float32", (1000, macs_on // 1000), constant=True)
    y = Value("y", "float32", (1, macs_on // 1000))
    node = Node("m", "MatMul", since=13, args={"A": x, "B": w}, inputs=(x, w), outputs=(y,))
    return Graph("g", (node,), (x,), (y,), {"": 17}, initializers=(w,))


def _floor(graph: Graph, target: Target, precision: str | None = None) -> Floor | None:
    placed = place(graph, (), target, precision)
    return floor_of(placed, partition(placed), measure(graph))


def _fit(graph: Graph, target: Target, precision: str | None = None) -> Fit:
    return fit_of(place(graph, (), target, precision), measure(graph))


def test_the_floor_is_the_larger_of_compute_and_memory() -> None:
    """10^6 MACs at 2 TOPS are 1 us; 2 MB of weights, 2 kB in and 2 kB out at 1 GB/s are 2.004 ms."""
    target = _table(
        row("MatMul"),
        peak={"fp16_tops": 2, "evidence": "doc"},
        memory={"bandwidth_gb_per_s": 1, "evidence": "doc"},
    )
    floor = _floor(_product(), target)
    assert floor is not None
    assert floor.compute_ms == 0.001
    assert floor.bytes == 2 * (1_000_000 + 1000 + 1000)
    assert floor.memory_ms == 2.004
    assert (floor.latency_ms, floor.bound, floor.unknown, floor.sources) == (2.004, "memory", (), ("doc",))


def test_what_stays_on_the_chip_need_not_cross() -> None:
    """On-chip memory may hold weights from one inference to the next, so the bound leaves it out."""
    memory = {"bandwidth_gb_per_s": 1, "on_chip_bytes": 2_004_000, "evidence": "doc"}
    floor = _floor(_product(), _table(row("MatMul"), memory=memory))
    assert floor is not None
    assert (floor.bytes, floor.memory_ms) == (0, 0.0)


def test_nothing_is_made_up_where_nothing_is_stated() -> None:
    """No figure, no bound; figures of int8 say nothing of fp16, unless the clock follows from them."""
    floor = _floor(_product(), _table(row("MatMul")))
    assert floor is not None
    assert (floor.latency_ms, floor.cycles, floor.unknown) == (None, None, ("peak", "bandwidth"))
    int8 = _floor(_product(), _table(row("MatMul"), peak={"int8_tops": 2, "evidence": "doc"}))
    assert int8 is not None
    assert int8.compute_ms is None
    # 500 int8 MACs a cycle are 2 TOPS at 2 GHz; at 250 fp16 MACs a cycle a million take 4000 cycles, 2 us
    peak = {"int8_tops": 2, "int8_macs_per_cycle": 500, "fp16_macs_per_cycle": 250, "evidence": "doc"}
    fp16 = _floor(_product(), _table(row("MatMul"), peak=peak))
    assert fp16 is not None
    assert (fp16.cycles, fp16.compute_ms) == (4000, 0.002)


def test_cycles_stand_where_the_clock_is_the_integrators() -> None:
    """128 MACs a cycle and no clock: cycles, and no milliseconds."""
    floor = _floor(_product(), _table(row("MatMul"), peak={"fp16_macs_per_cycle": 128, "evidence": "doc"}))
    assert floor is not None
    assert (floor.cycles, floor.latency_ms, floor.unknown) == (7813, None, ("clock", "bandwidth"))


def test_what_fits_is_said_of_weights_and_activations_together() -> None:
    """Weights of 2 MB and 4 kB of activations in fp16; half of it in int8."""
    target = _table(row("MatMul"), memory={"on_chip_bytes": 1_500_000, "ram_bytes": 2_004_000, "evidence": "doc"})
    fit = _fit(_product(), target)
    assert (fit.weight_bytes, fit.activation_bytes, fit.on_chip, fit.ram) == (2_000_000, 4000, False, True)
    assert _fit(_product(), target, "int8").on_chip is True
    assert _fit(_product(), _table(row("MatMul"))).on_chip is None


def test_the_prefix_of_a_one_subgraph_target() -> None:
    """What maps after the first subgraph runs on the host: a fallback, and the nodes are named."""
    target = _table(row("Relu"), row("Sin", "fallback"), partition="one-subgraph")
    graph = chain("Relu", "Relu", "Sin", "Relu", "Relu")
    placed = place(graph, (), target)
    prefix = prefix_of(placed, partition(placed), measure(graph))
    assert prefix is not None
    assert (prefix.nodes, prefix.nodes_share, prefix.macs_share) == (2, 0.4, None)
    assert prefix.left == ("n3", "n4")
    assert answer(graph, target) is Answer.READY_WITH_FALLBACK
    assert answer(chain("Relu", "Relu"), target) is Answer.READY
    assert prefix_of(place(graph, (), _table(row("Relu"))), (), measure(graph)) is None


def test_an_insertion_on_the_host_crosses_twice() -> None:
    """The tensor goes to the host and comes back: 256 elements of two bytes, twice; on the accelerator nothing."""
    for device, crossing in (("host", 2 * 512), ("accelerator", 0)):
        target = _table(row("Relu", inserts=[{"op": "Transpose", "on": device}]))
        assert inserted_bytes(place(chain("Relu"), (), target)) == crossing


@pytest.mark.parametrize(
    ("section", "figures", "fault"),
    [
        ("peak", {"int8_top": 6}, "did you mean `int8_tops`"),
        ("peak", {"int8_tops": "six"}, "must be a number above zero"),
        ("memory", {"on_chip_bytes": 0}, "must be a number above zero"),
        ("memory", {"bandwidth_gb_per_s": True}, "must be a number above zero"),
    ],
)
def test_a_figure_that_nobody_reads_is_a_fault(section: str, figures: dict[str, Any], fault: str) -> None:
    """A key with a typing error, or a value that is no number, is one line that names it."""
    with pytest.raises(InputError, match=fault):
        _table(row("Relu"), **{section: {**figures, "evidence": "doc"}})


def test_a_figure_needs_a_source() -> None:
    """No figure without who says so."""
    with pytest.raises(InputError, match="`evidence` is missing"):
        _table(row("Relu"), peak={"int8_tops": 6})


def test_figures_of_one_chip_are_not_inherited_by_another() -> None:
    """A table that extends another and speaks of its own chip states its own figures or none."""
    parent = _table(row("Relu"), peak={"int8_tops": 6, "evidence": "doc"})
    other = build({"target": {"id": "acme-two", "chip": "Two", "extends": "acme-one"}}, "two.toml", "", parent)
    path = build({"target": {"id": "acme-path", "extends": "acme-one"}}, "path.toml", "", parent)
    assert dict(other.peak.values) == {}
    assert dict(path.peak.values) == {"int8_tops": 6}


def test_shipped_figures_are_within_reason() -> None:
    """Every stated peak lies between a microcontroller's and a data centre's; every figure cites a source."""
    assert any(target.peak.values for target in read_all())
    for target in read_all():
        for figures in (target.peak, target.memory):
            assert bool(figures.values) == bool(figures.sources), target.id
            assert all(source.id in target.sources for source in figures.sources)
        for key, value in target.peak.values.items():
            assert not key.endswith("_tops") or 0.01 <= value <= 1000, (target.id, key)


def test_rk3588_is_bound_as_its_documents_say() -> None:
    """Three cores of 1024 int8 MACs a cycle at 6 TOPS: half of that in fp16."""
    (target,) = find(["rockchip-rk3588"])
    int8, fp16 = (_floor(_product(3_000_000_000), target, precision) for precision in ("int8", "fp16"))
    assert int8 is not None
    assert fp16 is not None
    assert int8.compute_ms == 1.0
    assert fp16.compute_ms == 2.0
