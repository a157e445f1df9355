"""Layers in parts: what an operator is written as where it does not exist, or where a compiler refuses it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checker.composites import activations, norms
from checker.composites.build import Builder
from checker.composites.scores import attention
from checker.pattern import Var, captured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checker.graph import Graph, Node, Value
    from checker.pattern import Term

_X = Var("X")
_INPUT = Var("input")
_EPSILON = captured("epsilon", value=1e-5)


def parts(node: Node, opset: int) -> tuple[Node, ...] | None:
    """Return the nodes that compute what an operator computes, written at an opset.

    Args:
        node: an operator of the ONNX domain, or the ``node`` of a composite.
        opset: import of the ONNX domain that the parts are written at.

    Returns:
        The nodes in order, the last of which computes the node's own output; None for an operator that has no parts,
        or whose shapes are not known where they are needed.
    """
    write = _WRITERS.get(node.op)
    result = node.outputs[0] if node.outputs else None
    source = next((value for value in node.inputs if value is not None), None)
    if write is None or result is None or source is None or node.domain:
        return None
    builder = Builder(opset, node, source)
    made = write(builder, node)
    if made is None:
        return None
    return tuple(_renamed(each, made, result) for each in builder.nodes)


def lower(graph: Graph, items: Mapping[int, Node] | list[Node]) -> Graph:
    """Return the graph with operators written in parts; those that have no parts stay as they are.

    Args:
        graph: the graph.
        items: the nodes to lower.
    """
    chosen = {id(node) for node in (items.values() if not isinstance(items, list) else items)}
    opset = graph.opsets.get("", 0)
    nodes: list[Node] = []
    for node in graph.nodes:
        written = parts(node, opset) if id(node) in chosen else None
        nodes.extend(written if written is not None else (node,))
    return replace(graph, nodes=tuple(replace(node, index=index) for index, node in enumerate(nodes)))


def _renamed(node: Node, made: Value, result: Value) -> Node:
    """Let the last part compute the operator's own output."""
    if not any(value is not None and value.name == made.name for value in node.outputs):
        return node
    outputs = tuple(result if value is not None and value.name == made.name else value for value in node.outputs)
    results = dict.fromkeys(node.results, result)
    return replace(node, outputs=outputs, results=results)


def _value(node: Node, name: str) -> Value | None:
    found = node.args.get(name)
    return None if isinstance(found, tuple) else found


def _formula(term: Term, *names: str) -> Callable[[Builder, Node], Value | None]:
    def write(builder: Builder, node: Node) -> Value | None:
        values = {name: value for name in names if (value := _value(node, name)) is not None}
        return builder.term(term, values, _numbers(node), ())

    return write


def _numbers(node: Node) -> dict[str, float]:
    return {name: float(value) for name, value in node.attrs.items() if isinstance(value, (int, float))}


def _gelu(builder: Builder, node: Node) -> Value | None:
    term = activations.gelu_tanh(_X) if node.attrs.get("approximate") == "tanh" else activations.gelu(_X)
    x = _value(node, "X")
    return None if x is None else builder.term(term, {"X": x}, {}, ())


def _swish(builder: Builder, node: Node) -> Value | None:
    x = _value(node, "X")
    if x is None:
        return None
    alpha = node.attrs.get("alpha", 1.0)
    inner = x if alpha == 1.0 or not isinstance(alpha, (int, float)) else builder.scaled(x, float(alpha))
    return builder.binary("Mul", x, builder.call("Sigmoid", inner, shape=x.shape))


def _last_axes(node: Node, x: Value) -> tuple[int, ...] | None:
    axis = node.attrs.get("axis", -1)
    if not isinstance(axis, int) or (axis >= 0 and x.rank is None):
        return None
    return tuple(range(axis if axis < 0 else axis - (x.rank or 0), 0))


def _layer_norm(builder: Builder, node: Node) -> Value | None:
    values = {name: value for name in ("X", "Scale", "B") if (value := _value(node, name)) is not None}
    axes = _last_axes(node, values["X"]) if "X" in values else None
    if axes is None or any(value is not None for value in node.outputs[1:]):
        return None
    term = norms.layer_norm(_X, Var("Scale"), Var("B"), _EPSILON)
    return builder.term(term, values, _numbers(node), axes)


def _rms_norm(builder: Builder, node: Node) -> Value | None:
    values = {name: value for name in ("X", "scale") if (value := _value(node, name)) is not None}
    axes = _last_axes(node, values["X"]) if "X" in values else None
    if axes is None:
        return None
    return builder.term(norms.rms_norm(_X, Var("scale"), _EPSILON), values, _numbers(node), axes)


def _group_norm(builder: Builder, node: Node) -> Value | None:
    x, scale, bias = (_value(node, name) for name in ("X", "scale", "bias"))
    groups = node.attrs.get("num_groups")
    if x is None or x.shape is None or scale is None or bias is None or not isinstance(groups, int):
        return None
    ones, zeros = builder.constant([1.0] * groups), builder.constant([0.0] * groups)
    grouped = builder.reshape(x, (x.shape[0], groups, None))
    epsilon = node.attrs.get("epsilon")
    normal = builder.call("InstanceNormalization", grouped, ones, zeros, shape=grouped.shape, epsilon=epsilon)
    back = builder.reshape(normal, x.shape)
    ending = (1,) * (len(x.shape) - 2)
    spread = [
        replace(each, name=f"{each.name}/column", shape=(x.shape[1], *ending), const=None) for each in (scale, bias)
    ]
    return builder.binary("Add", builder.binary("Mul", back, spread[0]), spread[1])


def _rotary(builder: Builder, node: Node) -> Value | None:
    """Rotate four-axis heads by caches of (length, half) or (batch, length, half)."""
    x, cos, sin = (_value(node, name) for name in ("X", "cos_cache", "sin_cache"))
    if x is None or cos is None or sin is None or x.shape is None or len(x.shape) != 4 or cos.shape is None:
        return None
    size = x.shape[-1]
    if not isinstance(size, int) or size % 2 or node.attrs.get("rotary_embedding_dim"):
        return None
    positions = _value(node, "position_ids")
    tables = []
    for table in (cos, sin):
        taken = table
        if positions is not None and positions.shape is not None:
            taken = builder.call("Gather", table, positions, shape=(*positions.shape, size // 2), axis=0)
        if taken.rank == 3 and taken.shape is not None:
            shape = (taken.shape[0], 1, *taken.shape[1:])
            taken = builder.call("Unsqueeze", taken, builder.constant([1], "int64"), shape=shape)
        tables.append(taken)
    pairs = bool(node.attrs.get("interleaved"))
    halves = (builder.cut(x, 0, size, 2), builder.cut(x, 1, size, 2)) if pairs else (
        builder.cut(x, 0, size // 2), builder.cut(x, size // 2, size)
    )  # fmt: skip
    one, two = halves
    real = builder.binary("Sub", builder.binary("Mul", one, tables[0]), builder.binary("Mul", two, tables[1]))
    imaginary = builder.binary("Add", builder.binary("Mul", one, tables[1]), builder.binary("Mul", two, tables[0]))
    if not pairs:
        return builder.call("Concat", real, imaginary, shape=x.shape, axis=-1)
    last = builder.constant([-1], "int64")
    lifted = [builder.call("Unsqueeze", each, last, shape=(*x.shape[:-1], size // 2, 1)) for each in (real, imaginary)]
    stacked = builder.call("Concat", *lifted, shape=(*x.shape[:-1], size // 2, 2), axis=-1)
    return builder.reshape(stacked, x.shape)


def _hard_swish(builder: Builder, node: Node) -> Value | None:
    x = _value(node, "X")
    if x is None:
        return None
    gate = builder.call("HardSigmoid", x, shape=x.shape, alpha=1 / 6, beta=0.5)
    return builder.binary("Mul", x, gate)


_WRITERS: dict[str, Callable[[Builder, Node], Value | None]] = {
    "Gelu": _gelu,
    "Swish": _swish,
    "HardSwish": _hard_swish,
    "Mish": _formula(activations.mish(_X), "X"),
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "GroupNormalization": _group_norm,
    "RotaryEmbedding": _rotary,
    "Attention": attention,
}
