"""The record of a comparison: ``edgelint compare --format json``, field for field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from checker.growth_report import Growth, ResolutionEntry
from checker.report import Answer, Counts, GradeName, Model, Tool, WeightBytes

Easier = Literal["a", "b", "same", "unclear"]


@dataclass(frozen=True, slots=True)
class SideModel:
    """What one of the models is and costs, whatever the chip."""

    model: Annotated[Model, "Facts of the file."]
    composites: Annotated[Mapping[str, int], "Number of layers that were recognised, by kind; the most frequent first."]
    macs: Annotated[int, "Multiply-accumulates; a lower bound where `complete` is false."]
    complete: Annotated[bool, "Whether the shapes of every node that counts are known."]
    parameters: Annotated[int, "Number of stored weights' elements."]
    weight_bytes: Annotated[WeightBytes, "Size of the weights."]
    peak_activation_bytes: Annotated[int | None, "Most bytes of activations alive at once; null where not known."]
    macs_by_kind: Annotated[Mapping[str, float], "Share of the multiply-accumulates by kind of work, largest first."]
    growth: Annotated[Growth, "How cost grows with the size of the input."]
    resolution: Annotated[ResolutionEntry | None, "Which sizes the file takes; null where no input can grow."]
    pinned_resolution: Annotated[str | None, "What ties the file to its input size; null where nothing does."]


@dataclass(frozen=True, slots=True)
class SideInt8:
    """The verdict in int8."""

    answer: Annotated[Answer, "The verdict."]
    macs_on_accelerator: Annotated[float | None, "Share of the multiply-accumulates on the accelerator."]
    segments: Annotated[int, "Number of segments."]
    runs_as: Annotated[Mapping[str, int], "Nodes that run in another precision than int8, by operator or composite."]


@dataclass(frozen=True, slots=True)
class SideTarget:
    """What one target says of one of the models."""

    answer: Annotated[Answer, "The verdict."]
    grade: Annotated[GradeName | None, "Grade of the weakest row that decided; null where none did."]
    precision: Annotated[str, "Precision that the verdict is about."]
    macs_on_accelerator: Annotated[float | None, "Share of the multiply-accumulates on the accelerator."]
    segments: Annotated[int, "Number of segments."]
    transfer_bytes: Annotated[int | None, "Bytes that cross between devices in one inference; null where not known."]
    counts: Annotated[Counts, "Compute nodes by placement."]
    latency_floor_ms: Annotated[float | None, "Lower bound of the latency; null where no figure is stated."]
    change: Annotated[str, "The first change that would improve it; empty where none is known or needed."]
    after_change: Annotated[Answer | None, "The verdict after that change; null likewise."]
    int8: Annotated[SideInt8 | None, "The verdict in int8; null where the target has none, or `precision` is int8."]


@dataclass(frozen=True, slots=True)
class Only:
    """A reason that holds for one of the models only."""

    op: Annotated[str, "Operator or composite; empty for the whole file."]
    status: Annotated[str, "What becomes of the nodes, as in the report."]
    nodes: Annotated[int, "Number of nodes."]
    why: Annotated[str, "The constraint and the model's own figures."]


@dataclass(frozen=True, slots=True)
class TargetPair:
    """Both models on one target."""

    id: Annotated[str, "Target id."]
    toolchain: Annotated[str, "Toolchain and version that the table speaks of."]
    a: Annotated[SideTarget, "The first model."]
    b: Annotated[SideTarget, "The second."]
    only_a: Annotated[tuple[Only, ...], "Reasons of the first that the second does not have, decisive ones first."]
    only_b: Annotated[tuple[Only, ...], "Reasons of the second that the first does not have."]
    easier: Annotated[
        Easier, "Which is easier to deploy: `same` where nothing decides, `unclear` where a verdict is UNKNOWN."
    ]
    why: Annotated[str, "Why, in one sentence made from the figures above."]


@dataclass(frozen=True, slots=True)
class Beside:
    """Two models side by side."""

    schema_version: Annotated[Literal["1.0"], "Version of this layout."]
    tool: Annotated[Tool, "What made it."]
    a: Annotated[SideModel, "The first model."]
    b: Annotated[SideModel, "The second."]
    targets: Annotated[tuple[TargetPair, ...], "Both on each target."]
    easier: Annotated[Mapping[Easier, int], "On how many targets which is easier."]
