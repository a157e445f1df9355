"""What a network costs: multiply-accumulates (MACs), parameters, weight bytes, peak activation memory.

Definitions (the same as in the printed report):

* **MACs** are the multiply-accumulates of convolutions, matrix products, attention and recurrent layers, for one
  inference at the file's input shape.  Element-wise work, normalisation and pooling are never counted as MACs.
* **Parameters** are the elements of the floating-point (or quantized) tensors stored in the file.
* **Peak activation memory** is the largest sum of the bytes of all activations alive at one moment, in the file's
  node order, an output never sharing memory with an input.  Weights are not activations.
* A node whose shapes the model does not say counts as zero and makes the total a lower bound (``complete`` is False).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checker.graph import Composite, Graph, Node, Value
from checker.macs import macs_of

ITEM_BITS: Mapping[str, int] = {
    "float64": 64, "int64": 64, "uint64": 64, "complex64": 64, "complex128": 128,
    "float32": 32, "int32": 32, "uint32": 32,
    "float16": 16, "bfloat16": 16, "int16": 16, "uint16": 16,
    "int8": 8, "uint8": 8, "bool": 8,
    "float8e4m3fn": 8, "float8e4m3fnuz": 8, "float8e5m2": 8, "float8e5m2fnuz": 8, "float8e8m0": 8,
    "int4": 4, "uint4": 4, "float4e2m1": 4, "int2": 2, "uint2": 2,
}  # fmt: skip
"""Bits an element of each ONNX data type takes (ONNX IR specification); strings have no fixed size."""

CONVOLUTIONS = frozenset({"Conv", "ConvInteger", "QLinearConv", "FusedConv", "NhwcConv", "DeformConv", "ConvTranspose"})
RECURRENT = frozenset({"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"})
ATTENTION_KINDS = frozenset({"Attention", "TalkingHeadsAttention", "LinearAttention"})


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one inference at the file's input shape.

    ``macs``: multiply-accumulates.  ``parameters``: stored weight elements.  ``weight_bytes``: bytes by precision
    (fp32, fp16, int8, and ``stored`` as the file has them).  ``peak_activation_bytes``: bytes, None when a shape on the
    way is unknown.  ``macs_by_kind``: share of the MACs, 0 to 1, by kind of work.  ``per_node``: MACs by node name.
    ``complete``: False when some shapes are unknown, so that ``macs`` is a lower bound.
    """

    macs: int
    parameters: int
    weight_bytes: Mapping[str, int]
    peak_activation_bytes: int | None
    macs_by_kind: Mapping[str, float]
    per_node: Mapping[str, int]
    complete: bool


def measure(graph: Graph, composites: Iterable[Composite] = ()) -> Cost:
    """Count what one inference of the graph costs, without reading a weight."""
    in_attention = {
        id(node) for c in composites if c.kind in ATTENTION_KINDS and c.form == "decomposed" for node in c.covers
    }
    per_node: dict[str, int] = {}
    by_kind: dict[str, int] = {}
    complete = True
    for node in graph.walk():
        macs = macs_of(node)
        if macs is None:
            complete = False
            continue
        if macs:
            per_node[node.name] = macs
            kind = kind_of(node, in_attention=id(node) in in_attention)
            by_kind[kind] = by_kind.get(kind, 0) + macs
    total = sum(by_kind.values())
    parameters, stored = _weights(graph)
    return Cost(
        macs=total,
        parameters=parameters,
        weight_bytes={"fp32": 4 * parameters, "fp16": 2 * parameters, "int8": parameters, "stored": stored},
        peak_activation_bytes=peak_activation_bytes(graph),
        macs_by_kind={
            kind: macs / total for kind, macs in sorted(by_kind.items(), key=lambda item: (-item[1], item[0]))
        },
        per_node=per_node,
        complete=complete,
    )


def kind_of(node: Node, *, in_attention: bool = False) -> str:
    """Name the kind of work that a node with MACs does, such as ``Conv3x3`` or ``Linear``."""
    if node.op in CONVOLUTIONS:
        return _convolution_kind(node)
    if node.op in RECURRENT:
        return "Recurrent"
    if node.op in {"Attention", "MultiHeadAttention", "GroupQueryAttention", "PackedAttention"} or in_attention:
        return "AttentionMatMul"
    if any(value is not None and value.constant and (value.rank or 0) >= 2 for value in node.inputs):
        return "Linear"
    return "MatMul"


def _convolution_kind(node: Node) -> str:
    if node.op == "ConvTranspose":
        return "ConvTranspose"
    kernel, group = node.attrs.get("kernel_shape"), node.attrs.get("group", 1)
    activation = node.args.get("X", node.args.get("x"))
    channels = activation.shape[1] if isinstance(activation, Value) and activation.shape else None
    if isinstance(group, int) and group > 1 and group == channels:
        return "DepthwiseConv"
    if isinstance(kernel, tuple) and kernel and all(k == kernel[0] for k in kernel):
        if kernel[0] == 1:
            return "Conv1x1"
        if kernel == (3, 3):
            return "Conv3x3"
    return "ConvOther"


def value_bytes(value: Value) -> int | None:
    """Return the bytes that a value takes in memory at its own type, None when its shape or type is unknown."""
    bits = ITEM_BITS.get(value.dtype or "")
    if bits is None or value.size is None:
        return None
    return (value.size * bits + 7) // 8


def _weights(graph: Graph) -> tuple[int, int]:
    """Return (elements, bytes as stored) of the floating-point and quantized tensors in the file."""
    elements = stored = 0
    for value in graph.initializers:
        dtype = value.dtype or ""
        if value.size is None or not (
            dtype.startswith(("float", "bfloat")) or dtype in {"int8", "uint8", "int4", "uint4"}
        ):
            continue
        elements += value.size
        stored += value_bytes(value) or 0
    return elements, stored


def peak_activation_bytes(graph: Graph) -> int | None:
    """Return the largest sum of live activation bytes over the node order, None when a size is unknown."""
    last_use: dict[str, int] = {}
    for step, node in enumerate(graph.nodes):
        for value in (*node.inputs, *node.implicit):
            if value is not None:
                last_use[value.name] = step
    live = 0
    sizes: dict[str, int] = {}
    for value in graph.inputs:
        size = value_bytes(value)
        if size is None:
            return None
        if not value.constant:
            sizes[value.name] = size
            live += size
    peak = live
    for step, node in enumerate(graph.nodes):
        for value in node.outputs:
            if value is None or value.constant:
                continue
            size = value_bytes(value)
            if size is None:
                return None
            sizes[value.name] = size
            live += size
        peak = max(peak, live)
        used = {v.name for v in (*node.inputs, *node.implicit, *node.outputs) if v is not None}
        for name in used:
            if name in sizes and last_use.get(name, step) <= step and name not in graph.output_names:
                live -= sizes.pop(name)
    return peak
