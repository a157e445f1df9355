"""How an operator is written in parts: as exporters write it at an opset that does not have it, or as ONNX defines it.

Three ways, the first that fits: the formula of the composite that the operator is, what a fused operator of ONNX
Runtime was fused from, the function body that ONNX gives it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from checker import schema
from checker.composites.build import Builder, broadcast
from checker.composites.parts import parts
from checker.expand import body_of
from checker.graph import Attribute, Node, Shape, Value
from checker.rewire import put_in

MICROSOFT: Final = "com.microsoft"


@lru_cache(maxsize=4096)
def lowered(node: Node, opset: int, file_opset: int) -> tuple[Node, ...] | None:
    """Return a node in parts.

    Args:
        node: a node of the ONNX domain, or of ONNX Runtime's own.
        opset: the opset that the parts are written at.
        file_opset: the opset that the node is from.

    Returns:
        The parts with the node's own inputs and outputs; None where it cannot be written in parts.
    """
    if node.domain == MICROSOFT:
        return _contrib(node, opset)
    if node.domain or any(value is not None for value in node.outputs[1:]):
        return None
    found = parts(node, opset)
    if found is not None and all(_exists(each, opset) for each in found):
        return found
    body = body_of(node, file_opset)
    made = put_in(node, body) if body is not None else None
    return made if made and all(_exists(each, opset) for each in made) else None


def _exists(node: Node, opset: int) -> bool:
    """Tell whether an opset has the operator, with as many inputs."""
    found = schema.find(node.op, node.domain, opset)
    if found is None:
        return False
    return len(node.inputs) <= len(found.inputs) or any(formal.variadic for formal in found.inputs)


Results = dict[int, Value]
"""What is computed for the outputs of a node, by position."""


def _contrib(node: Node, opset: int) -> tuple[Node, ...] | None:
    write = _WRITERS.get(node.op)
    source = next((value for value in node.inputs if value is not None and not value.constant), None)
    if write is None or source is None or not node.outputs:
        return None
    builder = _Builder(opset, node, source)
    made = write(builder, node)
    wanted = {place: value for place, value in enumerate(node.outputs) if value is not None}
    if made is None or not wanted.keys() <= made.keys():
        return None
    names = {made[place].name: value for place, value in wanted.items()}
    if len(names) < len(wanted) or not names.keys() <= {v.name for n in builder.nodes for v in n.outputs if v}:
        return None
    written: list[Node] = []
    for each in builder.nodes:
        exists = schema.find(each.op, each.domain, opset) is not None and each.op != "Attention"
        inner = None if exists else parts(each, opset)
        if not exists and inner is None:
            return None
        written += inner or [each]
    return tuple(named(written, names)) if all(_exists(each, opset) for each in written) else None


def named(nodes: Iterable[Node], names: Mapping[str, Value]) -> list[Node]:
    """Let the parts compute the node's own outputs, under their own names."""

    def own(value: Value | None) -> Value | None:
        return value if value is None else names.get(value.name, value)

    return [
        replace(
            node,
            inputs=tuple(own(value) for value in node.inputs),
            outputs=tuple(own(value) for value in node.outputs),
            args=MappingProxyType({k: own(v) if isinstance(v, Value) else v for k, v in node.args.items()}),
            results=MappingProxyType({k: own(v) if isinstance(v, Value) else v for k, v in node.results.items()}),
        )
        for node in nodes
    ]


class _Builder(Builder):
    """Also writes layers that the opset does not have yet; they are written in parts afterwards."""

    def layer(self, op: str, *inputs: Value | None, shape: Shape, **attrs: Attribute) -> Value:
        """Write a layer as one operator."""
        opset, newest = self.opset, schema.newest(op, "")
        if schema.find(op, "", opset) is None and newest is not None:
            self.opset = newest.since
        made = self.call(op, *inputs, shape=shape, dtype=None, **attrs)
        self.opset = opset
        return made


def _value(node: Node, name: str) -> Value | None:
    found = node.args.get(name)
    return found if isinstance(found, Value) else None


def _number(node: Node, name: str, default: float) -> float:
    found = node.attrs.get(name)
    return float(found) if isinstance(found, (int, float)) else default


def _skip_norm(builder: _Builder, node: Node) -> Results | None:
    x, skip, scale, shift, bias = (_value(node, name) for name in ("input", "skip", "gamma", "beta", "bias"))
    if x is None or skip is None or scale is None:
        return None
    total = builder.binary("Add", x, skip)
    if bias is not None:
        total = builder.binary("Add", total, bias)
    epsilon = _number(node, "epsilon", 1e-12)
    if node.op == "SkipSimplifiedLayerNormalization":
        normal = builder.layer("RMSNormalization", total, scale, shape=total.shape, epsilon=epsilon)
    else:
        normal = builder.layer("LayerNormalization", total, scale, shift, shape=total.shape, epsilon=epsilon)
    return {0: normal, 3: total}


def _norm(builder: _Builder, node: Node) -> Results | None:
    x, axis = _value(node, "X"), node.attrs.get("axis", -1)
    if x is None:
        return None
    epsilon = _number(node, "epsilon", 1e-5)
    simple = node.op == "SimplifiedLayerNormalization"
    kind = "RMSNormalization" if simple else "LayerNormalization"
    weights = [_value(node, "scale")] if simple else [_value(node, "Scale"), _value(node, "B")]
    return {0: builder.layer(kind, x, *weights, shape=x.shape, axis=axis, epsilon=epsilon)}


def _embeddings(builder: _Builder, node: Node) -> Results | None:
    """Sum of word, position and token type embeddings, normalised; the positions count from 0."""
    ids, segments, scale, shift = (_value(node, name) for name in ("input_ids", "segment_ids", "gamma", "beta"))
    tables = [_value(node, name) for name in ("word_embedding", "position_embedding", "segment_embedding")]
    word, places, types = tables
    if ids is None or ids.shape is None or len(ids.shape) != 2 or word is None or word.shape is None or places is None:
        return None
    builder.dtype = word.dtype
    shape = (*ids.shape, word.shape[-1])
    total = builder.call("Gather", word, ids, shape=shape, axis=0)
    positions = _value(node, "position_ids")
    if positions is None:
        if not isinstance(ids.shape[1], int):
            return None
        positions = builder.constant([list(range(ids.shape[1]))], "int64")
    rows = builder.call("Gather", places, positions, shape=(*(positions.shape or (None, None)), shape[-1]), axis=0)
    total = builder.binary("Add", total, rows)
    if segments is not None and types is not None:
        total = builder.binary("Add", total, builder.call("Gather", types, segments, shape=shape, axis=0))
    epsilon = _number(node, "epsilon", 1e-12)
    return {0: builder.layer("LayerNormalization", total, scale, shift, shape=shape, epsilon=epsilon), 2: total}


def _gelu(builder: _Builder, node: Node) -> Results | None:
    x, bias = _value(node, "A") or _value(node, "X"), _value(node, "B") or _value(node, "bias")
    if x is None:
        return None
    total = x if bias is None else builder.binary("Add", x, bias)
    form = "tanh" if node.op == "FastGelu" else "none"
    return {0: builder.layer("Gelu", total, shape=total.shape, approximate=form)}


def _quick_gelu(builder: _Builder, node: Node) -> Results | None:
    x, slope = _value(node, "X"), _number(node, "alpha", 1.702)
    if x is None:
        return None
    inner = x if slope == 1.0 else builder.scaled(x, slope)
    return {0: builder.binary("Mul", x, builder.call("Sigmoid", inner, shape=x.shape))}


def _matmul(builder: _Builder, node: Node) -> Results | None:
    sides = [_value(node, name) for name in ("A", "B")]
    if any(node.attrs.get(name) for name in ("transBatchA", "transBatchB")):
        return None
    turned: list[Value] = []
    for value, name in zip(sides, ("transA", "transB"), strict=True):
        if value is None or value.rank is None or value.rank < 2:
            return None
        last = value.rank
        swap = (*range(last - 2), last - 1, last - 2)
        turned.append(builder.transpose(value, swap) if node.attrs.get(name) else value)
    left, right = (value.shape or () for value in turned)
    shape = (*(broadcast(left[:-2], right[:-2]) or ()), left[-2], right[-1])
    made = builder.call("MatMul", *turned, shape=shape)
    alpha = _number(node, "alpha", 1.0)
    return {0: made if alpha == 1.0 else builder.scaled(made, alpha)}


_ACTIVATIONS: Final = frozenset({"Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Clip"})


def _activated(builder: _Builder, value: Value, node: Node, numbers: tuple[Attribute, ...]) -> Value | None:
    """Write the activation that was fused into a layer, with its parameters in the order of the operator's."""
    kind = node.attrs.get("activation")
    if not kind:
        return value
    if kind not in _ACTIVATIONS:
        return None
    given = [each for each in numbers if isinstance(each, (int, float))]
    shape = value.shape
    if kind == "Clip":
        return builder.call("Clip", value, *(builder.constant(each) for each in given), shape=shape)
    attrs = dict(zip(("alpha", "beta"), given, strict=False)) if kind in {"LeakyRelu", "HardSigmoid"} else {}
    return builder.call(str(kind), value, shape=shape, dtype=None, **attrs)


def _conv(builder: _Builder, node: Node) -> Results | None:
    x, weight, bias, beside = (_value(node, name) for name in ("X", "W", "B", "Z"))
    result = node.outputs[0]
    if x is None or weight is None or result is None:
        return None
    kept = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
    attrs = {name: node.attrs[name] for name in kept if node.attrs.get(name) is not None}
    if node.attrs.get("auto_pad") == "NOTSET":
        del attrs["auto_pad"]
    made = builder.call(
        "Conv", x, weight, *([bias] if bias is not None else []), shape=result.shape, dtype=None, **attrs
    )
    total = made if beside is None else builder.binary("Add", made, beside)
    numbers = node.attrs.get("activation_params")
    done = _activated(builder, total, node, numbers if isinstance(numbers, tuple) else ())
    return None if done is None else {0: done}


def _gemm(builder: _Builder, node: Node) -> Results | None:
    inputs = [_value(node, name) for name in ("A", "B", "C")]
    result = node.outputs[0]
    if inputs[0] is None or result is None:
        return None
    attrs = {name: node.attrs.get(name) for name in ("alpha", "beta", "transA", "transB")}
    given = inputs if inputs[2] is not None else inputs[:2]
    made = builder.call("Gemm", *given, shape=result.shape, dtype=None, **attrs)
    numbers = tuple(node.attrs.get(f"activation_{name}") for name in ("alpha", "beta"))
    done = _activated(builder, made, node, numbers)
    return None if done is None else {0: done}


def _attend(builder: _Builder, node: Node, qkv: list[Value], mask: Value | None) -> Results:
    heads = node.attrs.get("num_heads")
    attrs: dict[str, Attribute] = {"q_num_heads": heads, "kv_num_heads": heads}
    if node.attrs.get("unidirectional"):
        attrs["is_causal"] = 1
    if isinstance(node.attrs.get("scale"), float) and node.attrs["scale"]:
        attrs["scale"] = node.attrs["scale"]
    q, v = qkv[0], qkv[2]
    shape = None if q.shape is None or v.shape is None else (*q.shape[:2], v.shape[2])
    return {0: builder.layer("Attention", *qkv, mask, shape=shape, **attrs)}


def _multi_head(builder: _Builder, node: Node) -> Results | None:
    """Attention over three separate projections, without caches or padding masks."""
    asked = ("key_padding_mask", "past_key", "past_value", "past_sequence_length", "cache_indirection")
    qkv = [value for name in ("query", "key", "value") if (value := _value(node, name)) is not None]
    if any(_value(node, name) is not None for name in asked) or len(qkv) < 3 or any(v.rank != 3 for v in qkv):
        return None
    bias = _value(node, "bias")
    if bias is not None:
        ends = [0]
        for value in qkv:
            width = value.shape[2] if value.shape else None
            if not isinstance(width, int):
                return None
            ends.append(ends[-1] + width)
        pairs = zip(qkv, itertools.pairwise(ends), strict=True)
        qkv = [builder.binary("Add", value, builder.cut(bias, *bounds)) for value, bounds in pairs]
    return _attend(builder, node, qkv, _value(node, "attention_bias"))


def _attention(builder: _Builder, node: Node) -> Results | None:
    """Attention with its packed input projection; a mask of (batch, length) is 1 where there is a token."""
    x, weight, bias, mask = (_value(node, name) for name in ("input", "weights", "bias", "mask_index"))
    if any(_value(node, name) is not None for name in ("past", "past_sequence_length")) or node.attrs.get("do_rotary"):
        return None
    if x is None or x.shape is None or len(x.shape) != 3 or weight is None or weight.shape is None:
        return None
    width = weight.shape[-1]
    if not isinstance(width, int) or node.attrs.get("qkv_hidden_sizes") or (mask is not None and mask.rank != 2):
        return None
    packed = builder.call("MatMul", x, weight, shape=(*x.shape[:2], width))
    if bias is not None:
        packed = builder.binary("Add", packed, bias)
    third = width // 3
    qkv = [builder.cut(packed, place * third, (place + 1) * third) for place in range(3)]
    added = _value(node, "attention_bias")
    if mask is not None and mask.shape is not None:
        low = _number(node, "mask_filter_value", -10000.0)
        kept = builder.call("Cast", mask, shape=mask.shape, dtype=builder.dtype, to=_TYPES.get(builder.dtype or "", 1))
        hidden = builder.scaled(builder.binary("Sub", builder.constant(1.0), kept), low)
        shape = (mask.shape[0], 1, 1, mask.shape[1])
        if builder.opset >= 13:
            lifted = builder.call("Unsqueeze", hidden, builder.constant([1, 2], "int64"), shape=shape)
        else:
            lifted = builder.call("Unsqueeze", hidden, shape=shape, axes=(1, 2))
        added = lifted if added is None else builder.binary("Add", lifted, added)
    return _attend(builder, node, qkv, added)


def _rotary(builder: _Builder, node: Node) -> Results | None:
    x, positions, cos, sin = (_value(node, name) for name in ("input", "position_ids", "cos_cache", "sin_cache"))
    if x is None or x.rank != 4 or positions is None or positions.rank != 2 or not math.isclose(
        _number(node, "scale", 1.0), 1.0
    ):  # fmt: skip
        return None
    attrs = {name: node.attrs.get(name) or 0 for name in ("interleaved", "rotary_embedding_dim")}
    return {0: builder.layer("RotaryEmbedding", x, cos, sin, positions, shape=x.shape, **attrs)}


_TYPES: Final = {"float32": 1, "float16": 10, "float64": 11, "bfloat16": 16}

_WRITERS: Final[Mapping[str, Callable[[_Builder, Node], Results | None]]] = {
    "Attention": _attention,
    "BiasGelu": _gelu,
    "EmbedLayerNormalization": _embeddings,
    "FastGelu": _gelu,
    "FusedConv": _conv,
    "FusedGemm": _gemm,
    "FusedMatMul": _matmul,
    "Gelu": _gelu,
    "LayerNormalization": _norm,
    "MultiHeadAttention": _multi_head,
    "QuickGelu": _quick_gelu,
    "RotaryEmbedding": _rotary,
    "SimplifiedLayerNormalization": _norm,
    "SkipLayerNormalization": _skip_norm,
    "SkipSimplifiedLayerNormalization": _skip_norm,
    "TransposeMatMul": _matmul,
}
