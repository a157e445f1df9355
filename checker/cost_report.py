"""The cost part of the report: records of ``cost``, and of ``floor``, ``fit`` and ``prefix`` of a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal


@dataclass(frozen=True, slots=True)
class BytesMoved:
    """Bytes that the nodes read and write in one inference, each node for itself, at the file's own types."""

    read: Annotated[int, "Activations read."] = 0
    written: Annotated[int, "Activations written."] = 0
    weights: Annotated[int, "Weights and other constants read."] = 0
    views: Annotated[
        int, "What Reshape and its like would move on a chip whose layouts make them copies; not in the other figures."
    ] = 0


@dataclass(frozen=True, slots=True)
class KindEntry:
    """The nodes that do one kind of work, added up."""

    kind: Annotated[
        str,
        "`Conv3x3`, `Conv1x1`, `DepthwiseConv`, `ConvOther`, `ConvTranspose`, `AttentionMatMul`, `Linear`, `MatMul`, "
        "`Recurrent`; without multiply-accumulates `Normalization`, `Softmax`, `Activation`, `Elementwise`, `Pooling`, "
        "`Reduction`, `Resize`, `DataMovement`, `View`, `Conversion`, `Control`, `Other`.",
    ]
    nodes: Annotated[int, "Number of nodes."]
    macs: Annotated[int, "Multiply-accumulates."]
    elementwise_ops: Annotated[int, "Element-wise steps."]
    bytes: Annotated[int, "Bytes read and written, weights too."]
    macs_share: Annotated[float | None, "Share of all multiply-accumulates, 0 to 1; null where there are none."]
    bytes_share: Annotated[float | None, "Share of all bytes moved, 0 to 1; null where none are."]


@dataclass(frozen=True, slots=True)
class LiveEntry:
    """A tensor that is alive when activations take most memory."""

    value: Annotated[str, "Name of the tensor."]
    node: Annotated[str, "Name of the node that computes it; empty for an input of the file."]
    bytes: Annotated[int, "Its size at its declared type."]


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    """Peak activation memory in bytes, by what may share memory and by the order in which nodes run."""

    peak: Annotated[int | None, "File order, no tensor shares memory with another: `peak_activation_bytes`."] = None
    views: Annotated[
        int | None, "File order; Reshape, Squeeze, Unsqueeze, Flatten share the memory of their operand."
    ] = None
    in_place: Annotated[
        int | None, "As `views`; an element-wise result also overwrites an operand that nothing needs after it."
    ] = None
    best_order: Annotated[int | None, "As `peak`, in the best order that the search found."] = None
    best_order_in_place: Annotated[int | None, "As `in_place`, in the best order that the search found."] = None
    optimal: Annotated[bool, "Whether both best orders are proven: no order of the nodes needs less."] = False
    by_precision: Annotated[
        Mapping[str, int], "`peak` with each float activation at 4, 2 and 1 bytes; empty if null."
    ] = field(default_factory=dict)
    at: Annotated[str, "Name of the node that runs at the peak; empty where the inputs alone are the peak."] = ""
    alive: Annotated[tuple[LiveEntry, ...], "What is alive at `peak`, the largest first."] = ()
    at_least: Annotated[int, "Peak with every open axis at 1; `peak` where all sizes are known."] = 0
    formula: Annotated[
        str | None,
        "Peak over an open axis that all activations are in proportion to, such as `9633792*batch`; else null.",
    ] = None


@dataclass(frozen=True, slots=True)
class MissingEntry:
    """Why counts are lower bounds."""

    what: Annotated[str, "What is not known, and how it counts."]
    nodes: Annotated[tuple[str, ...], "Names of the nodes that it concerns."]


@dataclass(frozen=True, slots=True)
class NodeCostEntry:
    """What one node costs.  Nodes in bodies count as often as their loop turns."""

    name: Annotated[str, "Name of the node."]
    op: Annotated[str, "Operator."]
    kind: Annotated[str, "Kind of work, as in `kinds`."]
    macs: Annotated[int, "Multiply-accumulates."]
    elementwise_ops: Annotated[int, "Element-wise steps."]
    read: Annotated[int, "Bytes of activations read."]
    written: Annotated[int, "Bytes of activations written."]
    weights: Annotated[int, "Bytes of weights and other constants read."]
    parameters: Annotated[int, "Weight elements."]


@dataclass(frozen=True, slots=True)
class Prefix:
    """What a toolchain that takes one subgraph only leaves on the accelerator: the first that maps."""

    nodes: Annotated[int, "Nodes in it."]
    nodes_share: Annotated[float | None, "Their share of all compute nodes, 0 to 1."]
    macs_share: Annotated[float | None, "Their share of the multiply-accumulates, 0 to 1; null where not known."]
    left: Annotated[tuple[str, ...], "Nodes that the table takes and that run on the host, for they come after it."]


@dataclass(frozen=True, slots=True)
class Floor:
    """A lower bound of the latency from the vendor's stated figures: no promise, real inferences take longer."""

    latency_ms: Annotated[float | None, "Milliseconds, at least; the larger of the next two, null where both are."]
    compute_ms: Annotated[float | None, "MACs on the accelerator / stated peak; null where no peak is stated."]
    memory_ms: Annotated[float | None, "Bytes that must cross / stated bandwidth; null where none is stated."]
    cycles: Annotated[
        int | None, "Clock cycles of the multiply-accumulates alone; null unless MACs a cycle are stated."
    ]
    bound: Annotated[Literal["compute", "memory"] | None, "Which of the two is larger; null where either is unknown."]
    bytes: Annotated[
        int | None, "Weights, inputs and outputs at the build's precision, less what on-chip memory holds."
    ]
    unknown: Annotated[tuple[str, ...], "What the vendor does not state: `peak`, `bandwidth`, `clock`; or `shapes`."]
    sources: Annotated[tuple[str, ...], "Where the figures come from."]


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether weights and activations fit into memory, at the build's precision; nothing else is counted."""

    weight_bytes: Annotated[int, "Weights."]
    activation_bytes: Annotated[int | None, "Peak activation memory, nothing shared; null where shapes are unknown."]
    on_chip_bytes: Annotated[int | None, "On-chip memory as stated; null where it is not."]
    on_chip: Annotated[bool | None, "Whether both fit on the chip together; null where not known."]
    ram_bytes: Annotated[int | None, "Most RAM that the chip addresses, as stated; null where it is not."]
    ram: Annotated[bool | None, "Whether both fit into RAM; null where not known."]
    sources: Annotated[tuple[str, ...], "Where the figures come from."]
