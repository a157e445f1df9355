"""How an operator is written in parts, as an exporter writes it at an opset that does not have the operator yet.

Operators that are not here are lowered to the function body that ONNX gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from checker.expand import body_from_text, body_of
from checker.graph import Graph, Node, Value


def lowered(node: Node, opset: int, file_opset: int) -> Graph | None:
    """Return a node in parts.

    Args:
        node: a node of the ONNX domain.
        opset: the opset that the parts are written at.
        file_opset: the opset that the node is from.

    Returns:
        The parts with the node's own inputs and outputs; None where it cannot be written in parts.
    """
    if node.domain or any(value is not None for value in node.outputs[1:]):
        return None
    write = _WRITERS.get(node.op)
    text = write(node, opset) if write else None
    if text is not None:
        found = body_from_text(node, text, opset)
        if found is not None:
            return found
    return body_of(node, file_opset)


def _function(name: str, inputs: str, opset: int, *lines: str) -> str:
    body = "\n".join(lines)
    return f'<opset_import: ["" : {opset}], domain: "local"> {name} ({inputs}) => (Y) {{\n{body}\n}}'


def _number(name: str, value: float, like: str) -> str:
    return f"{name}_f = Constant <value = float {{{value!r}}}> ()\n{name} = CastLike ({name}_f, {like})"


def _gelu(node: Node, opset: int) -> str:
    if node.attrs.get("approximate") == "tanh":
        lines = [
            _number("three", 3.0, "X"),
            _number("a", 0.044715, "X"),
            _number("b", 0.7978845608028654, "X"),
            _number("one", 1.0, "X"),
            _number("half", 0.5, "X"),
            "c = Pow (X, three)\nd = Mul (c, a)\ne = Add (X, d)\nf = Mul (e, b)\ng = Tanh (f)\nh = Add (g, one)",
            "i = Mul (X, h)\nY = Mul (i, half)",
        ]
    else:
        lines = [
            _number("root", 1.4142135623730951, "X"),
            _number("one", 1.0, "X"),
            _number("half", 0.5, "X"),
            "a = Div (X, root)\nb = Erf (a)\nc = Add (b, one)\nd = Mul (X, c)\nY = Mul (d, half)",
        ]
    return _function("Gelu", "X", opset, *lines)


def _mean(result: str, value: str, axes: list[int], opset: int) -> str:
    if opset < 18:
        return f"{result} = ReduceMean <axes = {axes}, keepdims = 1> ({value})"
    listed = ", ".join(str(axis) for axis in axes)
    constant = f"{result}_axes = Constant <value = int64[{len(axes)}] {{{listed}}}> ()"
    return f"{constant}\n{result} = ReduceMean <keepdims = 1> ({value}, {result}_axes)"


def _last_axes(node: Node) -> list[int] | None:
    value, axis = node.inputs[0], node.attrs.get("axis")
    if value is None or value.rank is None or not isinstance(axis, int):
        return None
    return [place - value.rank for place in range(axis % value.rank, value.rank)]


def _layer_norm(node: Node, opset: int) -> str | None:
    axes, epsilon = _last_axes(node), node.attrs.get("epsilon")
    if axes is None or not isinstance(epsilon, float):
        return None
    biased = len(node.inputs) > 2 and node.inputs[2] is not None
    return _function(
        "LayerNormalization",
        "X, S, B" if biased else "X, S",
        opset,
        _number("two", 2.0, "X"),
        _number("e", epsilon, "X"),
        _mean("m", "X", axes, opset),
        "d = Sub (X, m)\np = Pow (d, two)",
        _mean("v", "p", axes, opset),
        "w = Add (v, e)\nr = Sqrt (w)\nn = Div (d, r)",
        "s = Mul (n, S)\nY = Add (s, B)" if biased else "Y = Mul (n, S)",
    )


def _rms_norm(node: Node, opset: int) -> str | None:
    axes, epsilon = _last_axes(node), node.attrs.get("epsilon")
    if axes is None or not isinstance(epsilon, float):
        return None
    return _function(
        "RMSNormalization",
        "X, S",
        opset,
        _number("two", 2.0, "X"),
        _number("e", epsilon, "X"),
        "p = Pow (X, two)",
        _mean("v", "p", axes, opset),
        "w = Add (v, e)\nr = Sqrt (w)\nn = Div (X, r)\nY = Mul (n, S)",
    )


def _attention(node: Node, opset: int) -> str | None:
    """Plain attention over four axes: optional additive mask, no cache, no grouped heads, no causal mask."""
    query, key, value = (each if isinstance(each, Value) else None for each in (*node.inputs, None, None)[:3])
    if query is None or key is None or value is None or query.shape is None or key.shape is None:
        return None
    mask = node.inputs[3] if len(node.inputs) > 3 else None
    plain = not node.attrs.get("is_causal") and not node.attrs.get("softcap")
    if len(query.shape) != 4 or query.shape[1] != key.shape[1] or not plain or any(node.inputs[4:]):
        return None
    if mask is not None and mask.dtype == "bool":
        return None
    scale, width = node.attrs.get("scale"), query.shape[3]
    if not isinstance(scale, float) and isinstance(width, int):
        scale = width**-0.5
    if not isinstance(scale, float):
        return None
    return _function(
        "Attention",
        "Q, K, V" if mask is None else "Q, K, V, M",
        opset,
        _number("scale", scale, "Q"),
        "t = Transpose <perm = [0, 1, 3, 2]> (K)\na = MatMul (Q, t)\nb = Mul (a, scale)",
        "" if mask is None else "c = Add (b, M)",
        f"p = Softmax <axis = -1> ({'b' if mask is None else 'c'})\nY = MatMul (p, V)",
    )


def _swish(node: Node, opset: int) -> str | None:
    if node.attrs.get("alpha", 1.0) != 1.0:
        return None
    return _function("Swish", "X", opset, "s = Sigmoid (X)\nY = Mul (X, s)")


_WRITERS: Final[Mapping[str, Callable[[Node, int], str | None]]] = {
    "Attention": _attention,
    "Gelu": _gelu,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "Swish": _swish,
}
