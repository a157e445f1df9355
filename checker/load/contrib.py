"""Shapes of the operators that ONNX Runtime writes in ``com.microsoft``; ONNX itself cannot infer them.

Where the operator is an ONNX operator with something fused to it, ONNX's inference is asked about that one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from checker.load.fact import Fact
from checker.load.symbols import over, times

if TYPE_CHECKING:
    from checker.graph import Dim, Shape

Facts = Sequence["Fact | None"]
Typed = tuple[int, "Shape", bytes]
Ask = Callable[[str, Sequence["Fact | None"], Mapping[str, Any]], Typed]
"""Asks ONNX about an operator: name, inputs, attributes."""

Rule = Callable[[Facts, Mapping[str, Any], Ask], "list[Typed]"]

_UNKNOWN: Typed = (0, None, b"")


def contributed(word: str, op: str, inputs: Facts, attrs: Mapping[str, Any], ask: Ask) -> list[Typed]:
    """Return the types of the outputs that are known, in order.

    Args:
        word: the operator's ``shape`` entry in the data file.
        op: the operator's name.
        inputs: facts of its inputs.
        attrs: what the file writes.
        ask: asks ONNX's own inference about a standard operator.
    """
    first = inputs[0] if inputs else None
    if word == "first" and first is not None:
        if op == "DequantizeLinear":
            return [(1, first.shape, b"")]
        if op == "QuantizeLinear":
            zero = _at(inputs, 2)
            return [(zero.element if zero is not None else 2, first.shape, b"")]
        return [(first.element, first.shape, b"")]
    if word == "broadcast":
        return [ask("Add", inputs[:2], {})]
    if word.startswith("like:"):
        return [ask(word.removeprefix("like:"), inputs, attrs)]
    rule = _RULES.get(op)
    return rule(inputs, attrs, ask) if rule is not None else []


def _at(inputs: Facts, place: int) -> Fact | None:
    return inputs[place] if place < len(inputs) else None


def _like(fact: Fact | None, shape: Shape, element: int = 0) -> Typed:
    return _UNKNOWN if fact is None else (element or fact.element, shape, b"")


def _dim(fact: Fact | None, axis: int) -> Dim:
    if fact is None or fact.shape is None or not -len(fact.shape) <= axis < len(fact.shape):
        return None
    return fact.shape[axis]


def _last_replaced(fact: Fact | None, dim: Dim, element: int = 0) -> Typed:
    if fact is None or not fact.shape:
        return _like(fact, None, element)
    return _like(fact, (*fact.shape[:-1], dim), element)


def _swapped(fact: Fact | None, swap: Any) -> Fact | None:
    """Return the fact with its last two axes exchanged."""
    if fact is None or not swap or fact.shape is None or len(fact.shape) < 2:
        return fact
    return fact.derived(shape=(*fact.shape[:-2], fact.shape[-1], fact.shape[-2]), data=None)


def _matmul(inputs: Facts, attrs: Mapping[str, Any], ask: Ask) -> list[Typed]:
    if attrs.get("transBatchA") or attrs.get("transBatchB"):
        return []
    pair = (_swapped(_at(inputs, 0), attrs.get("transA")), _swapped(_at(inputs, 1), attrs.get("transB")))
    return [ask("MatMul", pair, {})]


def _as_float(fact: Fact | None) -> Fact | None:
    return None if fact is None else fact.derived(element=1, data=None)


def _matmul_integer(inputs: Facts, _: Mapping[str, Any], ask: Ask) -> list[Typed]:
    found = ask("MatMul", [_as_float(_at(inputs, 0)), _as_float(_at(inputs, 1))], {})
    return [(found[0], found[1], b"")]


def _matmul_int32(inputs: Facts, attrs: Mapping[str, Any], ask: Ask) -> list[Typed]:
    return [(6, typed[1], b"") for typed in _matmul_integer(inputs, attrs, ask)]


def _matmul_blocks(inputs: Facts, attrs: Mapping[str, Any], _: Ask) -> list[Typed]:
    return [_last_replaced(_at(inputs, 0), attrs.get("N"))]


def _gemm(inputs: Facts, attrs: Mapping[str, Any], ask: Ask) -> list[Typed]:
    kept = {name: attrs[name] for name in ("transA", "transB") if name in attrs}
    found = ask("Gemm", [_as_float(_at(inputs, 0)), _as_float(_at(inputs, 3))], kept)
    zero = _at(inputs, 8)
    return [(zero.element if zero is not None else 1, found[1], b"")]


def _quantized_pair(inputs: Facts, _: Mapping[str, Any], ask: Ask) -> list[Typed]:
    found = ask("Add", [_as_float(_at(inputs, 0)), _as_float(_at(inputs, 3))], {})
    return [_like(_at(inputs, 0), found[1])]


def _quantized_concat(inputs: Facts, attrs: Mapping[str, Any], ask: Ask) -> list[Typed]:
    parts = [_as_float(fact) for fact in inputs[2::3]]
    return [_like(_at(inputs, 2), ask("Concat", parts, {"axis": attrs.get("axis", 0)})[1])]


def _quantized_reduce(inputs: Facts, attrs: Mapping[str, Any], ask: Ask) -> list[Typed]:
    kept = {name: attrs[name] for name in ("axes", "keepdims") if name in attrs}
    return [_like(_at(inputs, 0), ask("ReduceMean-13", [_as_float(_at(inputs, 0))], kept)[1])]


_LAYOUT_ATTRIBUTES = frozenset({"channels_last", "activation", "activation_params", "storage_order"})


def _channels_first(op: str, weight: int | None) -> Rule:
    """Ask about a windowed operator, whose data may have its channels last."""

    def rule(inputs: Facts, attrs: Mapping[str, Any], ask: Ask) -> list[Typed]:
        data = _as_float(_at(inputs, 0))
        last = bool(attrs.get("channels_last", op.startswith("Nhwc")))
        if data is None or data.shape is None:
            return []
        if last:
            data = data.derived(shape=(data.shape[0], data.shape[-1], *data.shape[1:-1]))
        asked = [data] if weight is None else [data, _as_float(_at(inputs, weight))]
        kept = {name: value for name, value in attrs.items() if name not in _LAYOUT_ATTRIBUTES}
        shape = ask(op.removeprefix("Nhwc"), asked, kept)[1]
        if last and shape is not None:
            shape = (shape[0], *shape[2:], shape[1])
        return [_like(_at(inputs, 0), shape)]

    return rule


def _skip_normalization(inputs: Facts, _: Mapping[str, Any], __: Ask) -> list[Typed]:
    data = _at(inputs, 0)
    same = _like(data, None if data is None else data.shape)
    return [same, *[_last_replaced(data, 1, 1)] * 2, same]


def _half_last(inputs: Facts, _: Mapping[str, Any], __: Ask) -> list[Typed]:
    return [_last_replaced(_at(inputs, 0), over(_dim(_at(inputs, 0), -1), 2))]


def _embedding(inputs: Facts, _: Mapping[str, Any], __: Ask) -> list[Typed]:
    words, tokens = _at(inputs, 2), _at(inputs, 0)
    whole = (_dim(tokens, 0), _dim(tokens, 1), _dim(words, 1))
    return [_like(words, whole), (6, (_dim(tokens, 0),), b""), _like(words, whole)]


def _attention(inputs: Facts, attrs: Mapping[str, Any], _: Ask) -> list[Typed]:
    """Packed weights: [input size, q + k + v]."""
    data, weights = _at(inputs, 0), _at(inputs, 1)
    sizes = attrs.get("qkv_hidden_sizes")
    return [_last_replaced(data, sizes[2] if sizes else over(_dim(weights, 1), 3))]


def _quantized_attention(inputs: Facts, attrs: Mapping[str, Any], ask: Ask) -> list[Typed]:
    scale = _at(inputs, 3)
    return [(scale.element if scale is not None else 1, _attention(inputs, attrs, ask)[0][1], b"")]


def _heads(inputs: Facts, _: Mapping[str, Any], __: Ask) -> list[Typed]:
    query, value = _at(inputs, 0), _at(inputs, 2)
    if query is None or query.shape is None:
        return []
    if len(query.shape) == 5:
        # query, key and value packed into one: axes are batch, tokens, heads, three, size
        batch, tokens, heads, _three, size = query.shape
        return [_like(query, (batch, tokens, times(heads, size)))]
    if value is None or value.shape is None:
        return [_like(query, query.shape)]
    hidden = times(value.shape[1], value.shape[3]) if len(value.shape) == 4 else value.shape[-1]
    return [_last_replaced(query, hidden)]


def _grouped_heads(inputs: Facts, attrs: Mapping[str, Any], _: Ask) -> list[Typed]:
    query, key = _at(inputs, 0), _at(inputs, 1)
    if key is not None or query is None:
        return [_like(query, None if query is None else query.shape)]
    heads, pairs = attrs.get("num_heads") or 0, attrs.get("kv_num_heads") or 0
    whole = over(_dim(query, -1), heads + 2 * pairs)
    return [_last_replaced(query, times(whole, heads))]


def _recurrent(inputs: Facts, _: Mapping[str, Any], __: Ask) -> list[Typed]:
    data, weights, recurrence = _at(inputs, 0), _at(inputs, 1), _at(inputs, 2)
    directions, hidden = _dim(weights, 0), _dim(recurrence, 1)
    last = _like(data, (directions, _dim(data, 1), hidden))
    return [_like(data, (_dim(data, 0), directions, _dim(data, 1), hidden)), last, last]


_RULES: dict[str, Rule] = {
    "Attention": _attention,
    "QAttention": _quantized_attention,
    "BiasSplitGelu": _half_last,
    "EmbedLayerNormalization": _embedding,
    "FusedMatMul": _matmul,
    "FusedMatMulActivation": _matmul,
    "TransposeMatMul": _matmul,
    "DynamicQuantizeLSTM": _recurrent,
    "GroupQueryAttention": _grouped_heads,
    "MatMulBnb4": _matmul_blocks,
    "MatMulNBits": _matmul_blocks,
    "MatMulInteger16": _matmul_int32,
    "MatMulIntegerToFloat": _matmul_integer,
    "MultiHeadAttention": _heads,
    "NhwcConv": _channels_first("NhwcConv", 1),
    "NhwcFusedConv": _channels_first("NhwcConv", 1),
    "NhwcMaxPool": _channels_first("NhwcMaxPool", None),
    "QGemm": _gemm,
    "QLinearAdd": _quantized_pair,
    "QLinearMul": _quantized_pair,
    "QLinearAveragePool": _channels_first("AveragePool", None),
    "QLinearConcat": _quantized_concat,
    "QLinearConv": _channels_first("Conv", 3),
    "QLinearGlobalAveragePool": _channels_first("GlobalAveragePool", None),
    "QLinearReduceMean": _quantized_reduce,
    "SkipLayerNormalization": _skip_normalization,
    "SkipSimplifiedLayerNormalization": _skip_normalization,
}
