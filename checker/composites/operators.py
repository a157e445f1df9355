"""Composites that are one node of the file: ONNX operators and the fused ones of other domains.

Facts are given under the newest ONNX operator's names whatever the operator in the file calls them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from checker.composites.record import operator

if TYPE_CHECKING:
    from checker.graph import Argument, Attribute, Composite, Graph, Node

_STANDARD = {
    "LayerNormalization": "",
    "RMSNormalization": "",
    "GroupNormalization": "",
    "InstanceNormalization": "",
    "LpNormalization": "",
    "Gelu": "",
    "Swish": "",
    "HardSwish": "",
    "HardSigmoid": "",
    "Mish": "",
    "Softmax": "",
    "Attention": "",
    "LinearAttention": "",
    "RotaryEmbedding": "",
    "DepthToSpace": "",
    "SpaceToDepth": "",
    "LSTM": "",
    "GRU": "",
    "RNN": "",
}
"""Operators of the ONNX domain that are composites as they stand, each under its own name."""

_RENAMED: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "SimplifiedLayerNormalization": ("RMSNormalization", {"X": "X", "scale": "scale"}, "SimplifiedLayerNormalization"),
    "SkipLayerNormalization": (
        "LayerNormalization",
        {"X": "input", "Scale": "gamma", "B": "beta"},
        "with the residual sum",
    ),
    "SkipSimplifiedLayerNormalization": (
        "RMSNormalization",
        {"X": "input", "scale": "gamma"},
        "with the residual sum",
    ),
    "EmbedLayerNormalization": (
        "LayerNormalization",
        {"X": "input_ids", "Scale": "gamma", "B": "beta"},
        "with the embeddings",
    ),
    "GroupNorm": ("GroupNormalization", {"X": "X", "scale": "gamma", "bias": "beta"}, "channels last"),
    "SkipGroupNorm": ("GroupNormalization", {"X": "X", "scale": "gamma", "bias": "beta"}, "with the residual sum"),
    "Gelu": ("Gelu", {"X": "X"}, "error function"),
    "BiasGelu": ("Gelu", {"X": "A"}, "error function, with the bias"),
    "FastGelu": ("Gelu", {"X": "X"}, "tanh approximation"),
    "QuickGelu": ("QuickGelu", {"X": "X"}, ""),
    "BiasSoftmax": ("Softmax", {"input": "data"}, "with a bias"),
    "QLinearSoftmax": ("Softmax", {"input": "X"}, "on quantized values"),
    "Attention": ("Attention", {"Q": "input", "K": "input", "V": "input"}, "with the input projection"),
    "QAttention": ("Attention", {"Q": "input", "K": "input", "V": "input"}, "with the quantized input projection"),
    "MultiHeadAttention": ("Attention", {"Q": "query", "K": "key", "V": "value"}, "fused operator"),
    "DecoderMaskedMultiHeadAttention": (
        "Attention",
        {"Q": "query", "K": "key", "V": "value"},
        "fused operator, decoder",
    ),
    "GroupQueryAttention": ("Attention", {"Q": "query", "K": "key", "V": "value"}, "grouped queries"),
    "PackedMultiHeadAttention": ("Attention", {"Q": "query", "K": "key", "V": "value"}, "packed sequences"),
    "RotaryEmbedding": (
        "RotaryEmbedding",
        {"X": "input", "cos_cache": "cos_cache", "sin_cache": "sin_cache", "position_ids": "position_ids"},
        "fused operator",
    ),
    "GemmaRotaryEmbedding": ("RotaryEmbedding", {"X": "q"}, "fused operator, both tensors"),
}
"""com.microsoft: kind, where the newest operator's arguments come from, and the variant in words."""

_COPIED: Mapping[str, Mapping[str, str]] = {
    "GroupNorm": {"groups": "num_groups", "epsilon": "epsilon"},
    "SkipGroupNorm": {"groups": "num_groups", "epsilon": "epsilon"},
    "QuickGelu": {"alpha": "alpha"},
    "Attention": {"num_heads": "q_num_heads", "scale": "scale", "unidirectional": "is_causal"},
    "QAttention": {"num_heads": "q_num_heads", "unidirectional": "is_causal"},
    "MultiHeadAttention": {"num_heads": "q_num_heads", "scale": "scale", "unidirectional": "is_causal"},
    "GroupQueryAttention": {
        "num_heads": "q_num_heads",
        "kv_num_heads": "kv_num_heads",
        "scale": "scale",
        "softcap": "softcap",
    },
    "RotaryEmbedding": {
        "interleaved": "interleaved",
        "num_heads": "num_heads",
        "rotary_embedding_dim": "rotary_embedding_dim",
    },
}
"""Attributes that are taken over, and what the newest operator calls them."""


def recognise(graph: Graph, by_op: Mapping[str, list[Node]]) -> list[Composite]:
    """Return the operators of the file that are composites, in file order."""
    del graph
    found: list[Composite] = []
    for op, nodes in by_op.items():
        for node in nodes:
            made = _one(op, node)
            if made is not None:
                found.append(made)
    return sorted(found, key=lambda each: each.node.index)


def _one(op: str, node: Node) -> Composite | None:
    if node.domain == "" and op in _STANDARD:
        return operator(op, node, *_standard(op, node))
    if node.domain == "" and op == "SimplifiedLayerNormalization":
        return _renamed(op, node)
    if node.domain == "com.microsoft" and op in _RENAMED:
        return _renamed(op, node)
    if node.domain == "com.microsoft" and op == "FusedConv":
        return _fused_activation(node)
    return None


def _standard(op: str, node: Node) -> tuple[Mapping[str, Argument], Mapping[str, Attribute], str]:
    attrs = {name: value for name, value in node.attrs.items() if name != "consumed_inputs"}
    describe = _VARIANTS.get(op)
    args = dict(node.args)
    if op == "LpNormalization":
        args = {"input": node.inputs[0]}
    return args, attrs, describe(node) if describe else ""


def _renamed(op: str, node: Node) -> Composite:
    kind, names, variant = _RENAMED[op]
    args = {to: node.args.get(source) for to, source in names.items()}
    attrs = {to: node.attrs[name] for name, to in _COPIED.get(op, {}).items() if node.attrs.get(name) is not None}
    if "LayerNormalization" in op and "axis" not in attrs:
        attrs = {"axis": node.attrs.get("axis", -1) or -1, "epsilon": node.attrs.get("epsilon")}
    if kind == "Gelu":
        attrs = {"approximate": "tanh" if op == "FastGelu" else "none"}
    if op == "QuickGelu":
        alpha = node.attrs.get("alpha")
        slope = float(alpha) if isinstance(alpha, (int, float)) else 1.702
        if math.isclose(slope, 1.0, rel_tol=4e-3):
            kind = "Swish"
        variant = f"sigmoid of {slope:.4g} x"
    return operator(kind, node, args, attrs, variant)


def _fused_activation(node: Node) -> Composite | None:
    """Name the activation inside ONNX Runtime's fused convolution."""
    kind, limits = node.attrs.get("activation"), node.attrs.get("activation_params")
    if kind == "Clip" and limits == (0.0, 6.0):
        return operator("Relu6", node, {"input": node.inputs[0]}, {}, "inside a fused convolution")
    if kind == "HardSigmoid":
        return operator("HardSigmoid", node, {"X": node.inputs[0]}, {}, "inside a fused convolution")
    return None


def _gelu(node: Node) -> str:
    return "tanh approximation" if node.attrs.get("approximate") == "tanh" else "error function"


def _layer_norm(node: Node) -> str:
    axis = node.attrs.get("axis")
    bias = "" if node.args.get("B") is not None else ", no bias"
    return f"over axis {axis} and later{bias}" if isinstance(axis, int) and axis != -1 else f"over the last axis{bias}"


def _attention(node: Node) -> str:
    words = ["causal"] if node.attrs.get("is_causal") else []
    if node.args.get("attn_mask") is not None:
        words.append("with a mask")
    return ", ".join(words)


def _softmax(node: Node) -> str:
    axis = node.attrs.get("axis")
    return f"over axis {axis}" if isinstance(axis, int) else ""


_VARIANTS: Mapping[str, Callable[[Node], str]] = {
    "Gelu": _gelu,
    "LayerNormalization": _layer_norm,
    "Attention": _attention,
    "Softmax": _softmax,
    "GroupNormalization": lambda node: f"{node.attrs.get('num_groups')!r} groups",
    "RotaryEmbedding": lambda node: "interleaved" if node.attrs.get("interleaved") else "half-split",
    "LSTM": lambda node: str(node.attrs.get("direction") or "forward"),
    "GRU": lambda node: str(node.attrs.get("direction") or "forward"),
    "RNN": lambda node: str(node.attrs.get("direction") or "forward"),
    "DepthToSpace": lambda node: str(node.attrs.get("mode") or "DCR"),
}
