"""Multiply-accumulates of one node, by the shapes of what goes in and out.

The counts follow the definitions of the operators in the ONNX standard: a convolution makes one MAC for each output
element, input channel of its group and kernel tap; a matrix product one for each output element and inner index.
Nothing is taken off for padding, masks, causality or sparsity, and nothing for a faster algorithm (Winograd, FFT).
An open axis counts by its symbol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from checker.graph import Node, Value
from checker.polynomial import Number, of_dim, over, product

if TYPE_CHECKING:
    from collections.abc import Callable

Sizes = tuple[Number, ...]


def macs_of(node: Node) -> int | None:
    """Return the node's MACs: 0 for operators without any, None when its shapes are not known."""
    found = count_macs(node)
    return found if isinstance(found, int) else None


def count_macs(node: Node) -> Number | None:
    """Return the node's MACs, over the symbols of open axes: 0 for operators without any, None for unknown ranks."""
    count = COUNTERS.get(node.op)
    if count is None or node.shape_arithmetic:
        return 0
    return count(node)


def sizes_of(value: object) -> Sizes | None:
    """Return the length of every axis, None when the rank is not known."""
    if not isinstance(value, Value) or value.shape is None:
        return None
    return tuple(of_dim(dim) for dim in value.shape)


def _argument(node: Node, *names: str) -> Value | None:
    for name in names:
        found = node.args.get(name)
        if isinstance(found, Value):
            return found
    return None


def _of(node: Node, *names: str) -> Sizes | None:
    return sizes_of(_argument(node, *names))


def _output(node: Node) -> Sizes | None:
    return sizes_of(node.outputs[0]) if node.outputs else None


def _conv(node: Node) -> Number | None:
    weight, out = _of(node, "W", "w", "weight"), _output(node)
    if weight is None or out is None:
        return None
    return product(out) * product(weight[1:])


def _conv_transpose(node: Node) -> Number | None:
    weight, given = _of(node, "W"), _of(node, "X")
    if weight is None or given is None:
        return None
    return product(given) * product(weight[1:])


def _matmul(node: Node) -> Number | None:
    left, out = _of(node, "A", "a"), _output(node)
    if not left or out is None:
        return None
    transposed = node.attrs.get("transA") == 1
    return product(out) * (left[-2] if transposed and len(left) > 1 else left[-1])


def _matmul_packed(node: Node) -> Number | None:
    """Count a product whose weights are packed: K is an attribute."""
    out, inner = _output(node), node.attrs.get("K")
    return product(out) * inner if out is not None and isinstance(inner, int) else None


def _einsum(node: Node) -> Number | None:
    """Count one MAC per point of the joint index space and operand after the first (the direct evaluation)."""
    equation = node.attrs.get("equation")
    operands = [value for value in node.inputs if value is not None]
    if not isinstance(equation, str):
        return None
    if len(operands) < 2:
        return 0
    lengths: dict[str | int, Number] = {}
    for term, value in zip(equation.replace(" ", "").split("->")[0].split(","), operands, strict=False):
        sizes = sizes_of(value)
        if sizes is None:
            return None
        before, dots, after = term.partition("...")
        spread = len(sizes) - len(before) - len(after)
        if spread < 0 or (spread and not dots):
            return None
        # the axes of an ellipsis are aligned at the right: they are numbered from there
        labels = (*before, *range(spread, 0, -1), *after)
        for label, size in zip(labels, sizes, strict=True):
            if label not in lengths or lengths[label] == 1:
                lengths[label] = size
    return product(tuple(lengths.values())) * (len(operands) - 1)


def _attention(node: Node) -> Number | None:
    """Count Q·Kᵀ and scores·V of the ONNX Attention operator (opset 23), rank 3 or 4."""
    if node.domain == "com.microsoft":
        return _packed_attention(node)
    query, key, value = (_of(node, name) for name in ("Q", "K", "V"))
    if query is None or key is None or value is None or len(query) not in {3, 4}:
        return None
    if len(key) != len(query) or len(value) != len(query):
        return None
    past = _of(node, "past_key")
    length = key[-2] + past[-2] if past and len(past) == 4 else key[-2]
    if len(query) == 4:
        return query[0] * query[1] * query[2] * length * (query[3] + value[-1])
    heads_q, heads_kv = node.attrs.get("q_num_heads"), node.attrs.get("kv_num_heads")
    if not isinstance(heads_q, int) or not isinstance(heads_kv, int) or len(query) != 3:
        return None
    width, value_width = over(query[2], heads_q), over(value[-1], heads_kv)
    if width is None or value_width is None:
        return None
    return query[0] * heads_q * query[1] * length * (width + value_width)


def _packed_attention(node: Node) -> Number | None:
    """Count the packed projection and the attention of com.microsoft Attention and QAttention."""
    given, weights, out = _of(node, "input"), _of(node, "weights", "weight"), _output(node)
    if given is None or weights is None or out is None or len(given) != 3 or len(weights) != 2:
        return None
    batch, length, _ = given
    past = _of(node, "past")
    keys = length + past[-2] if past and len(past) == 5 else length
    widths = node.attrs.get("qkv_hidden_sizes")
    if isinstance(widths, tuple) and len(widths) == 3 and isinstance(widths[0], int):
        query_width: Number | None = widths[0]
    else:
        query_width = over(weights[1], 3)
    if query_width is None:
        return None
    return batch * length * product(weights) + batch * length * keys * (query_width + out[-1])


def _heads_attention(node: Node) -> Number | None:
    """Count the attention of the com.microsoft operators that take projected query, key and value.

    Query is (batch, length, hidden), or packed: (batch, length, heads, 3, head width).  The key's length is that of
    ``present_key`` where it is known, else that of key and past together.
    """
    query, out = _of(node, "query"), _output(node)
    if query is None or out is None or len(out) != 3 or len(query) not in {3, 5}:
        return None
    present = node.results.get("present_key")
    cached = sizes_of(present) if isinstance(present, Value) else None
    key, past = _of(node, "key"), _of(node, "past_key")
    if key is not None and len(key) not in {3, 4, 5}:
        return None
    if cached is not None and len(cached) == 4:
        length = cached[2]
    else:
        fresh = key[2] if key is not None and len(key) == 4 else key[1] if key is not None else query[1]
        length = fresh + past[2] if past is not None and len(past) == 4 else fresh
    heads = node.attrs.get("num_heads")
    packed = key is None and len(query) == 3 and isinstance(heads, int)
    hidden: Number | None = query[2] if len(query) == 3 else out[2]
    if packed and isinstance(heads, int):
        kv_heads = node.attrs.get("kv_num_heads", heads)
        each = over(query[2], heads + 2 * kv_heads) if isinstance(kv_heads, int) else None
        hidden = None if each is None else each * heads
    if hidden is None:
        return None
    return query[0] * query[1] * length * (hidden + out[2])


def _recurrent(gates: int) -> Callable[[Node], Number | None]:
    def count(node: Node) -> Number | None:
        given, weight = _of(node, "X"), _of(node, "W")
        hidden = node.attrs.get("hidden_size")
        if given is None or not weight or not isinstance(hidden, int) or len(given) != 3:
            return None
        return given[0] * given[1] * weight[0] * gates * hidden * (given[2] + hidden)

    return count


COUNTERS: Final[dict[str, Callable[[Node], Number | None]]] = {
    "Conv": _conv,
    "ConvInteger": _conv,
    "QLinearConv": _conv,
    "FusedConv": _conv,
    "NhwcConv": _conv,
    "NhwcFusedConv": _conv,
    "DeformConv": _conv,
    "CausalConvWithState": _conv,
    "ConvTranspose": _conv_transpose,
    "ConvTransposeWithDynamicPads": _conv_transpose,
    "Gemm": _matmul,
    "FusedGemm": _matmul,
    "QGemm": _matmul,
    "GemmFastGelu": _matmul,
    "GemmFloat8": _matmul,
    "MatMul": _matmul,
    "FusedMatMul": _matmul,
    "FusedMatMulActivation": _matmul,
    "TransposeMatMul": _matmul,
    "MatMulInteger": _matmul,
    "MatMulInteger16": _matmul,
    "MatMulIntegerToFloat": _matmul,
    "DynamicQuantizeMatMul": _matmul,
    "QLinearMatMul": _matmul,
    "MatMulNBits": _matmul_packed,
    "MatMulBnb4": _matmul_packed,
    "MatMulFpQ4": _matmul_packed,
    "Einsum": _einsum,
    "Attention": _attention,
    "FlexAttention": _attention,
    "QAttention": _packed_attention,
    "MultiHeadAttention": _heads_attention,
    "DecoderMaskedMultiHeadAttention": _heads_attention,
    "GroupQueryAttention": _heads_attention,
    "LSTM": _recurrent(4),
    "DynamicQuantizeLSTM": _recurrent(4),
    "GRU": _recurrent(3),
    "RNN": _recurrent(1),
}
"""How each operator with multiply-accumulates is counted; its name says enough, whatever its domain."""

UNCOUNTED: Final = frozenset(
    {
        "AttnLSTM", "DecoderAttention", "DecoderMaskedSelfAttention", "LongformerAttention", "PackedAttention",
        "PackedMultiHeadAttention", "PagedAttention", "SparseAttention", "DynamicSparseAttention", "LinearAttention",
        "MoE", "QMoE", "QOrderedMatMul", "QOrderedAttention", "QOrderedLongformerAttention", "WhisperBeamSearch",
        "BeamSearch", "GreedySearch", "Sampling", "RelativePositionBias", "GatedRelativePositionBias", "DFT", "STFT",
        "Det", "SVMClassifier", "SVMRegressor", "LinearClassifier", "LinearRegressor", "MelWeightMatrix",
    }
)  # fmt: skip
"""Operators that multiply and accumulate in ways that are not counted: a total with one of them is a lower bound."""
