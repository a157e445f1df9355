"""Multiply-accumulates of one node, by the shapes of what goes in and out.

The counts follow the definitions of the operators in the ONNX standard: a convolution makes one MAC for each output
element, input channel of its group and kernel tap; a matrix product one for each output element and inner index.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from checker.graph import Node, Value

if TYPE_CHECKING:
    from collections.abc import Callable

Sizes = tuple[int, ...]


def macs_of(node: Node) -> int | None:
    """Return the node's MACs: 0 for operators without any, None when its shapes are not known."""
    count = COUNTERS.get(node.op)
    if count is None or node.shape_arithmetic:
        return 0
    return count(node)


def _sizes(value: object) -> Sizes | None:
    """Return the shape when every axis is a number."""
    if not isinstance(value, Value) or value.shape is None:
        return None
    sizes = tuple(dim for dim in value.shape if isinstance(dim, int))
    return sizes if len(sizes) == len(value.shape) else None


def _argument(node: Node, *names: str) -> Value | None:
    for name in names:
        found = node.args.get(name)
        if isinstance(found, Value):
            return found
    return None


def _output(node: Node) -> Value | None:
    return node.outputs[0] if node.outputs else None


def _conv(node: Node) -> int | None:
    weight, out = _sizes(_argument(node, "W", "w")), _sizes(_output(node))
    if weight is None or out is None:
        return None
    return prod(out) * prod(weight[1:])


def _conv_transpose(node: Node) -> int | None:
    weight, given = _sizes(_argument(node, "W")), _sizes(_argument(node, "X"))
    if weight is None or given is None:
        return None
    return prod(given) * prod(weight[1:])


def _matmul(node: Node) -> int | None:
    left, out = _sizes(_argument(node, "A", "a")), _sizes(_output(node))
    if left is None or out is None:
        return None
    transposed = node.attrs.get("transA") == 1
    return prod(out) * (left[-2] if transposed and len(left) > 1 else left[-1])


def _matmul_n_bits(node: Node) -> int | None:
    out, inner = _sizes(_output(node)), node.attrs.get("K")
    return prod(out) * inner if out is not None and isinstance(inner, int) else None


def _einsum(node: Node) -> int | None:
    """Count one MAC per point of the joint index space (the direct evaluation of a two-operand contraction)."""
    equation = node.attrs.get("equation")
    operands = [value for value in node.inputs if value is not None]
    if not isinstance(equation, str) or "." in equation:
        return None
    if len(operands) < 2:
        return 0
    lengths: dict[str, int] = {}
    for term, value in zip(equation.replace(" ", "").split("->")[0].split(","), operands, strict=False):
        sizes = _sizes(value)
        if sizes is None or len(sizes) != len(term):
            return None
        for letter, size in zip(term, sizes, strict=True):
            lengths[letter] = max(size, lengths.get(letter, 1))
    return prod(lengths.values()) * (len(operands) - 1)


def _attention(node: Node) -> int | None:
    """Count Q·Kᵀ and scores·V of the ONNX Attention operator (opset 23), rank 3 or 4."""
    if node.domain == "com.microsoft":
        return _packed_attention(node)
    query, key, value = (_sizes(_argument(node, name)) for name in ("Q", "K", "V"))
    if query is None or key is None or value is None:
        return None
    past = _sizes(_argument(node, "past_key"))
    kept = past[-2] if past else 0
    if len(query) == 4:
        batch, heads, length, width = query
        return batch * heads * length * (key[-2] + kept) * (width + value[-1])
    heads_q, heads_kv = node.attrs.get("q_num_heads"), node.attrs.get("kv_num_heads")
    if not isinstance(heads_q, int) or not isinstance(heads_kv, int) or 0 in {heads_q, heads_kv}:
        return None
    batch, length, hidden = query
    width = hidden // heads_q + value[-1] // heads_kv
    return batch * heads_q * length * (key[-2] + kept) * width


def _packed_attention(node: Node) -> int | None:
    """Count the packed projection and the attention of com.microsoft.Attention."""
    given, weights = _sizes(_argument(node, "input")), _sizes(_argument(node, "weights"))
    if given is None or weights is None or len(given) != 3:
        return None
    batch, length, _ = given
    return batch * length * prod(weights) + 2 * batch * length * length * (weights[1] // 3)


def _multi_head_attention(node: Node) -> int | None:
    query, key = _sizes(_argument(node, "query")), _sizes(_argument(node, "key"))
    if query is None or key is None or len(query) != 3:
        return None
    batch, length, hidden = query
    return 2 * batch * length * key[1] * hidden


def _recurrent(gates: int) -> Callable[[Node], int | None]:
    def count(node: Node) -> int | None:
        given, weight = _sizes(_argument(node, "X")), _sizes(_argument(node, "W"))
        hidden = node.attrs.get("hidden_size")
        if given is None or weight is None or not isinstance(hidden, int):
            return None
        steps, batch, width = given
        return steps * batch * weight[0] * gates * hidden * (width + hidden)

    return count


COUNTERS: dict[str, Callable[[Node], int | None]] = {
    "Conv": _conv,
    "ConvInteger": _conv,
    "QLinearConv": _conv,
    "FusedConv": _conv,
    "NhwcConv": _conv,
    "DeformConv": _conv,
    "ConvTranspose": _conv_transpose,
    "Gemm": _matmul,
    "FusedGemm": _matmul,
    "QGemm": _matmul,
    "MatMul": _matmul,
    "FusedMatMul": _matmul,
    "MatMulInteger": _matmul,
    "MatMulIntegerToFloat": _matmul,
    "DynamicQuantizeMatMul": _matmul,
    "QLinearMatMul": _matmul,
    "MatMulNBits": _matmul_n_bits,
    "Einsum": _einsum,
    "Attention": _attention,
    "MultiHeadAttention": _multi_head_attention,
    "LSTM": _recurrent(4),
    "DynamicQuantizeLSTM": _recurrent(4),
    "GRU": _recurrent(3),
    "RNN": _recurrent(1),
}
