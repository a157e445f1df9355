"""The part of the report about other sizes of the input: how cost grows, which sizes a file takes, what pins it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

Effect = Literal["fails", "wrong"]


@dataclass(frozen=True, slots=True)
class GrowthPoint:
    """Cost at one size of the input."""

    size: Annotated[tuple[int, ...], "Height and width in pixels; one number for tokens and other positions."]
    macs: Annotated[int | None, "Multiply-accumulates; null where some shapes are not known."]
    peak_activation_bytes: Annotated[int | None, "Most bytes of activations alive at once; null where not known."]


@dataclass(frozen=True, slots=True)
class Growth:
    """How cost grows with the number of input pixels (or tokens, or positions): 1.0 in proportion, 2.0 quadratic."""

    macs: Annotated[float | None, "Exponent for multiply-accumulates; null where it is not known."]
    peak_activation_bytes: Annotated[float | None, "Exponent for peak activation memory; null where it is not known."]
    per: Annotated[
        Literal["pixels", "tokens", "positions"] | None, "What it is counted over; null where no input can grow."
    ] = None
    macs_by_kind: Annotated[Mapping[str, float], "Exponent of the multiply-accumulates of each kind of work."] = field(
        default_factory=dict
    )
    points: Annotated[tuple[GrowthPoint, ...], "Cost at each size that was gone over, smallest first."] = ()
    of: Annotated[
        Literal["file", "export"],
        "`file`: the file takes these sizes; `export`: it does not, and the figures are for the same network exported "
        "at them, what is written for one size having grown along.",
    ] = "file"


@dataclass(frozen=True, slots=True)
class PinEntry:
    """The node that ties a file to the size of its input."""

    node: Annotated[str, "Name of the node; empty where it is no single one."]
    op: Annotated[str, "Its operator."]
    kind: Annotated[
        str,
        "`position-embedding`, `relative-position-bias`, `attention-mask`, `constant-table`: a constant as long as the "
        "positions; `flatten-linear`, `token-linear`: a weight over them; `reshape`, `window`, `resize`, `expand`, "
        "`slice`, `indices`: sizes written as constants; `normalization`, `pool`, `top-k`, `stride`, `other`.",
    ]
    effect: Annotated[Effect, "`fails`: a runtime refuses another size; `wrong`: it runs, and the result is not meant."]
    message: Annotated[str, "What it has and what it gets, in words."]


@dataclass(frozen=True, slots=True)
class ResolutionEntry:
    """Which sizes a file takes.  Only sizes that were gone over are claimed, by shape inference."""

    input: Annotated[str, "The input that a size speaks of."]
    axes: Annotated[tuple[int, ...], "Its axes that change."]
    per: Annotated[Literal["pixels", "tokens", "positions"], "What they are."]
    size: Annotated[tuple[int, ...], "The file's own size, or the likely one that was taken for it."]
    assumed: Annotated[bool, "Whether the file leaves its size open."]
    step: Annotated[
        int | None, "Multiples of it are taken (1: any size); null where only single sizes are known to be."
    ]
    any_shape: Annotated[bool | None, "Whether height and width may differ; null where it was not tried."]
    takes: Annotated[tuple[tuple[int, ...], ...], "Sizes that were gone over and are taken."]
    refuses: Annotated[tuple[tuple[int, ...], ...], "Sizes that were gone over and are not."]
    pin: Annotated[PinEntry | None, "What ties the file to its size; null where it takes others."] = None
    architecture: Annotated[
        PinEntry | None,
        "What would still tie the network to its size if every size that the exporter wrote down followed the input: "
        "a positional embedding, a weight over the positions; null where nothing of the kind was found.",
    ] = None


@dataclass(frozen=True, slots=True)
class SizedTarget:
    """The verdict for one target at a size."""

    id: Annotated[str, "Target id."]
    answer: Annotated[Literal["READY", "UNKNOWN", "READY_WITH_FALLBACK", "NEEDS_CHANGES", "BLOCKED"], "The verdict."]
    macs_on_accelerator: Annotated[float | None, "Share of the multiply-accumulates on the accelerator."]
    segments: Annotated[int, "Number of segments."]


@dataclass(frozen=True, slots=True)
class AskedSize:
    """What becomes of the file at a size that was asked for."""

    size: Annotated[tuple[int, ...], "The size as it was asked for."]
    inputs: Annotated[Mapping[str, tuple[int, ...]], "Shape of every input at it; empty where none fits."]
    macs: Annotated[int | None, "Multiply-accumulates; null where not known, or where the file does not take it."]
    peak_activation_bytes: Annotated[int | None, "Most bytes of activations alive at once; null likewise."]
    pin: Annotated[PinEntry | None, "What is in the way of it; null where nothing is."]
    targets: Annotated[tuple[SizedTarget, ...], "Verdicts at this size; empty where the file does not take it."]
