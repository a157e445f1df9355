"""The Attention operator read forwards: scaled products, mask, softmax, as exporters write it before opset 23."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from checker.graph import Value

if TYPE_CHECKING:
    from checker.composites.build import Builder
    from checker.graph import Node

_SMALL = 1024


def attention(builder: Builder, node: Node) -> Value | None:
    """Write an Attention operator in parts; None where its shapes or its caches do not allow it."""
    q, k, v, mask = (_value(node, name) for name in ("Q", "K", "V", "attn_mask"))
    if q is None or k is None or v is None or any(value is not None for value in node.outputs[1:]):
        return None
    if any(_value(node, name) is not None for name in ("past_key", "past_value", "nonpad_kv_seqlen")):
        return None
    flat = q.rank == 3
    heads, groups = node.attrs.get("q_num_heads"), node.attrs.get("kv_num_heads")
    if flat:
        if not isinstance(heads, int) or not isinstance(groups, int):
            return None
        q, k, v = (_split(builder, value, n) for value, n in ((q, heads), (k, groups), (v, groups)))
    if q is None or k is None or v is None or any(each.shape is None or len(each.shape) != 4 for each in (q, k, v)):
        return None
    mixed = _attend(builder, node, (q, k, v), mask)
    if mixed is None or not flat or mixed.shape is None:
        return mixed
    turned = builder.transpose(mixed, (0, 2, 1, 3))
    size = mixed.shape[-1]
    width = size * mixed.shape[1] if isinstance(size, int) and isinstance(mixed.shape[1], int) else None
    return builder.reshape(turned, (mixed.shape[0], mixed.shape[2], width))


def _value(node: Node, name: str) -> Value | None:
    found = node.args.get(name)
    return None if isinstance(found, tuple) else found


def _split(builder: Builder, value: Value, heads: int) -> Value | None:
    """Bring (batch, length, heads · size) to (batch, heads, length, size)."""
    if value.shape is None or len(value.shape) != 3 or not isinstance(value.shape[2], int):
        return None
    shaped = builder.reshape(value, (*value.shape[:2], heads, value.shape[2] // heads))
    return builder.transpose(shaped, (0, 2, 1, 3))


def _repeated(builder: Builder, value: Value, heads: int) -> Value | None:
    """Repeat each head of keys or values for its group of queries."""
    if value.shape is None:
        return None
    batch, own, length, size = value.shape
    if not isinstance(own, int) or heads % own or own == heads:
        return value if own == heads else None
    times = heads // own
    if not isinstance(batch, int) or not isinstance(length, int) or not isinstance(size, int):
        return None
    lifted = builder.call("Unsqueeze", value, builder.constant([2], "int64"), shape=(batch, own, 1, length, size))
    shape = (batch, own, times, length, size)
    spread = builder.call("Expand", lifted, builder.constant(list(shape), "int64"), shape=shape)
    return builder.reshape(spread, (batch, heads, length, size))


def _attend(builder: Builder, node: Node, qkv: tuple[Value, Value, Value], mask: Value | None) -> Value | None:
    q, k, v = qkv
    if q.shape is None:
        return None
    heads, size = q.shape[1], q.shape[3]
    if isinstance(heads, int):
        repeated = [_repeated(builder, each, heads) for each in (k, v)]
        if repeated[0] is None or repeated[1] is None:
            return None
        k, v = repeated[0], repeated[1]
    scale = node.attrs.get("scale")
    if not isinstance(scale, (int, float)):
        if not isinstance(size, int):
            return None
        scale = 1 / math.sqrt(size)
    half = math.sqrt(scale) if scale > 0 else 1.0
    turned = builder.transpose(k, (0, 1, 3, 2))
    left, right = builder.scaled(q, half), builder.scaled(turned, half if scale > 0 else float(scale))
    if k.shape is None or v.shape is None:
        return None
    shape = (*q.shape[:3], k.shape[2])
    scores = builder.call("MatMul", left, right, shape=shape)
    cap = node.attrs.get("softcap")
    if isinstance(cap, float) and cap:
        scores = builder.binary("Div", scores, builder.constant(cap))
        scores = builder.scaled(builder.call("Tanh", scores, shape=shape), cap)
    if mask is not None and mask.dtype == "bool":
        low = builder.constant(-math.inf)
        mask = builder.call("Where", mask, builder.constant(0.0), low, shape=mask.shape, dtype=builder.dtype)
    if mask is not None:
        scores = builder.binary("Add", scores, mask)
    if node.attrs.get("is_causal"):
        scores = builder.binary("Add", scores, _causal(builder, shape[2], shape[3]))
    weights = builder.call("Softmax", scores, shape=scores.shape, axis=-1)
    return builder.call("MatMul", weights, v, shape=(*shape[:3], v.shape[3]))


def _causal(builder: Builder, rows: object, columns: object) -> Value:
    """Return the constant that hides what comes later; its elements only where they are few."""
    import numpy as np

    if isinstance(rows, int) and isinstance(columns, int):
        if rows * columns <= _SMALL:
            hidden = np.triu(np.ones((rows, columns), dtype=bool), 1)
            return builder.constant(np.where(hidden, -np.inf, 0.0))
        return Value(f"{builder.node.name}/causal", builder.dtype, (rows, columns), constant=True)
    return Value(f"{builder.node.name}/causal", builder.dtype, (None, None), constant=True)
