"""What the text report says of floors, memory and prefixes."""

from __future__ import annotations

import pytest

from checker.cost_report import Fit, Floor, MemoryEntry, MissingEntry, Prefix
from checker.render import cost_words
from checker.report import CostEntry, Growth, WeightBytes


def _cost(peak: int | None = 9 << 20, memory: MemoryEntry | None = None, **more: object) -> CostEntry:
    return CostEntry(
        macs=1_820_000_000,
        parameters=1000,
        weight_bytes=WeightBytes(4000, 2000, 1000, 4000),
        peak_activation_bytes=peak,
        macs_by_kind={"Conv3x3": 1.0},
        growth=Growth(None, None),
        pinned_resolution=None,
        complete=not more,
        memory=memory or MemoryEntry(),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("floor", "text"),
    [
        (
            Floor(2.726, 2.726, None, 2_662_230, None, 5, ("bandwidth",), ()),
            "at least 2.726 ms an inference (not stated: bandwidth): a floor, no promise",
        ),
        (
            Floor(4.0, 1.0, 4.0, None, "memory", 5, (), ()),
            "at least 4 ms an inference, bound by memory: a floor, no promise",
        ),
        (
            Floor(None, None, None, 31_946_752, None, 5, ("clock", "bandwidth"), ()),
            "at least 31.9 M cycles an inference (not stated: clock, bandwidth)",
        ),
    ],
)
def test_a_floor_is_told_as_a_bound(floor: Floor, text: str) -> None:
    """A time where it follows, cycles where there is no clock, and what is not stated."""
    assert cost_words.floor(floor) == text


def test_what_does_not_fit_is_told_with_both_sizes() -> None:
    """Weights and activations beside the room that there is."""
    fit = Fit(2 << 20, 1 << 20, 1 << 20, on_chip=False, ram_bytes=4 << 30, ram=True, sources=())
    said = "weights 2 MiB, activations 1 MiB: do not fit on the chip (1 MiB), fit into RAM (4 GiB)"
    assert cost_words.fit(fit) == said


def test_a_prefix_is_told_with_what_is_left() -> None:
    """How much maps, and that later nodes run on the host although the table takes them."""
    assert cost_words.prefix(Prefix(12, 0.5, 0.25, ("a", "b"))) == (
        "one subgraph: the first 12 nodes with 25.0% of the MACs map; 2 later nodes that it could take run on the host"
    )


def test_activations_tell_what_sharing_and_order_save() -> None:
    """Nothing is said that saves nothing; a proven order is told as such."""
    saved = MemoryEntry(9 << 20, 9 << 20, 6 << 20, 9 << 20, 6 << 20, optimal=True)
    assert cost_words.activations(_cost(memory=saved)) == "9 MiB at the peak, 6 MiB in place; no order needs less"
    better = MemoryEntry(9 << 20, 9 << 20, 9 << 20, 5 << 20, 5 << 20)
    assert cost_words.activations(_cost(memory=better)) == "9 MiB at the peak, 5 MiB in a better order"
    unknown = _cost(None, MemoryEntry(at_least=1 << 20))
    assert cost_words.activations(unknown) == "peak not known (some shapes are unknown), 1 MiB at least"


def test_a_lower_bound_says_why() -> None:
    """What is missing stands beside the figure."""
    cost = _cost(missing=(MissingEntry("open axes count as 1: batch", ("conv",)),))
    assert cost_words.macs(cost) == "1.82 G at least (open axes count as 1: batch)"
