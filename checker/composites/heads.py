"""MultiHeadAttention: a whole block, from the input projections through the attention to the output projection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checker.composites.flow import RESHAPES, Flow, first, output, passes, scaling, second
from checker.composites.record import decomposed

if TYPE_CHECKING:
    from checker.graph import Argument, Attribute, Composite, Node, Value

_LAYOUT = RESHAPES | {"Transpose", "Split", "Slice", "Gather", "GatherND", "Pad", "Tile", "Expand"}
_INSIDE = ("RotaryEmbedding", "LayerNormalization", "RMSNormalization", "LpNormalization")
_BETWEEN = frozenset({"DynamicQuantizeLinear", "Concat", "Relu", "BatchNormalization"})
_BETWEEN_LAYERS = frozenset({"LayerNormalization", "RMSNormalization", "HardSwish", "Gelu", "Swish"})
_LINEAR = frozenset(
    {
        "MatMul", "FusedMatMul", "Gemm", "FusedGemm", "Einsum", "MatMulInteger", "MatMulNBits", "QLinearMatMul",
        "QGemm", "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
    }
)  # fmt: skip
_POOLED = frozenset({"BatchNormalization", "Cast", "ReduceMax", "MaxPool", "AveragePool"})
_DEPTH = 24


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A way from an operand back to the linear layer that made it; ``layer`` is None for a cache or a constant."""

    source: Value
    nodes: tuple[Node, ...]
    layer: Node | None
    parts: tuple[Composite, ...] = ()
    cached: bool = False


def find(flow: Flow, attentions: list[Composite]) -> list[Composite]:
    """Return a block for each attention whose projections are found."""
    found: dict[int, Composite] = {}
    for attention in attentions:
        made = _block(flow, attention)
        if made is None:
            continue
        other = found.get(made.node.index)
        found[made.node.index] = made if other is None else _merged(other, made)
    return list(found.values())


def _merged(one: Composite, other: Composite) -> Composite:
    """Join blocks that share their output projection: attentions whose results are concatenated before it."""
    covers = sorted({node.index: node for node in (*one.covers, *other.covers)}.values(), key=lambda node: node.index)
    parts = tuple({id(part): part for part in (*one.parts, *other.parts)}.values())
    cores = sum("Attention" in part.kind for part in parts)
    variant = f"{cores} attentions joined by one output projection"
    return replace(one, covers=tuple(covers), parts=parts, variant=variant)


def _block(flow: Flow, attention: Composite) -> Composite | None:
    args = attention.node.args
    operands = [args.get(name) for name in _operand_names(attention)]
    ends = _out(flow, attention.node.outputs[0])
    if ends is None:
        return None
    root, out_nodes, out_layer = ends
    ways: list[Projection] = []
    for each in operands:
        if each is None or isinstance(each, tuple):
            return None
        way = _back(flow, each, fused=attention.form == "operator" and _projects(attention))
        if way is None:
            return None
        ways.append(way)
    projected = any(way.layer is not None for way in ways[1:]) or (ways[1].cached and ways[0].layer is not None)
    if not projected and not _projects(attention):
        return None
    covers = {node.index: node for node in (*attention.covers, *out_nodes)}
    for way in ways:
        covers |= {node.index: node for node in way.nodes}
    kept = _own(flow, covers, root, attention)
    layers = {way.layer.index for way in ways if way.layer is not None}
    sources = [_unshaped(flow, way.source) for way in ways]
    if len(set(sources)) == 1:
        words = ["self-attention"]
    else:
        words = ["cross-attention" if sources[0] != sources[1] else "attention"]
    packed = len(layers) == 1 or _projects(attention)
    words.append("packed projection" if packed else f"{len(layers)} projections")
    parts = [attention, *(part for way in ways for part in way.parts)]
    kinds = {part.kind for part in parts}
    words += [
        word
        for kind, word in (
            ("RotaryEmbedding", "rotary"),
            ("RMSNormalization", "normalised queries and keys"),
            ("LayerNormalization", "normalised queries and keys"),
        )
        if kind in kinds
    ]
    if any(way.cached for way in ways):
        words.append("with a cache")
    if out_layer.op == "Conv":
        words.append("1x1 convolutions")
    named: dict[str, Argument] = {"query": ways[0].source, "key": ways[1].source, "value": ways[2].source}
    named["attn_mask"] = args.get("attn_mask")
    heads = attention.node.attrs.get("q_num_heads")
    attrs: dict[str, Attribute] = {"num_heads": heads} if heads else {}
    unique = tuple({id(part): part for part in parts}.values())
    return decomposed("MultiHeadAttention", root, kept, named, attrs, variant=", ".join(words), parts=unique)


def _unshaped(flow: Flow, value: Value) -> str:
    """Return the name of a value before Reshapes (a simplifier makes one for each Gemm)."""
    for _ in range(4):
        node = flow.producer(value)
        before = first(node) if node is not None and node.op in RESHAPES else None
        if before is None:
            break
        value = before
    return value.name


def _operand_names(attention: Composite) -> tuple[str, str, str]:
    return ("query", "key", "value") if attention.kind == "LinearAttention" else ("Q", "K", "V")


def _projects(attention: Composite) -> bool:
    """Tell a fused operator that holds the input projection itself."""
    return "input projection" in attention.variant


def _own(flow: Flow, covers: dict[int, Node], root: Node, attention: Composite) -> list[Node]:
    """Leave out what others need as well; keys and values that leave as a cache stay."""
    core = {node.index for node in attention.covers}
    kept = dict(covers)
    again = True
    while again:
        again = False
        for node in list(kept.values()):
            if node is root or node.index in core:
                continue
            users = [user for value in node.outputs for user in flow.users(value)]
            if any(user.index not in kept for user in users):
                del kept[node.index]
                again = True
    return list(kept.values())


def linear(node: Node | None) -> Value | None:
    """Return the input of a linear layer or of a 1x1 convolution, None for anything else."""
    if node is None:
        return None
    left, right = first(node), second(node)
    if left is None or right is None:
        return None
    if node.op in _LINEAR:
        if node.op in {"QLinearMatMul", "QGemm"}:
            return left
        if right.constant and not left.constant:
            return left
        return right if left.constant and not right.constant and node.op == "MatMul" else None
    if node.op in {"Conv", "FusedConv", "QLinearConv"}:
        kernel = node.attrs.get("kernel_shape")
        if isinstance(kernel, tuple) and all(int(each) == 1 for each in kernel):
            return left
    return None


def _out(flow: Flow, value: Value | None) -> tuple[Node, list[Node], Node] | None:
    """Walk from the attention to its output projection; return the last node, all nodes, and the linear layer."""
    nodes: list[Node] = []
    for _ in range(10):
        layer = flow.sole_layer(value, _BETWEEN_LAYERS)
        if layer is not None:
            nodes.extend(layer.covers)
            value = layer.node.outputs[0]
            continue
        node = flow.sole_user(value)
        if node is None:
            return None
        nodes.append(node)
        if linear(node) is not None:
            return _with_bias(flow, node, nodes)
        if not (node.op in _LAYOUT or passes(node) or node.op in _BETWEEN):
            return None
        value = output(node)
    return None


def _with_bias(flow: Flow, layer: Node, nodes: list[Node]) -> tuple[Node, list[Node], Node]:
    """Take in what belongs to a linear layer after its product: rescaling of integers, bias, a Reshape after Gemm."""
    last = layer
    for _ in range(5):
        after = flow.sole_user(output(last))
        if after is None:
            break
        left, right = first(after), second(after)
        other = right if left is not None and _is(left, output(last)) else left
        bias = after.op == "Add" and other is not None and other.constant
        rescaled = layer.op == "MatMulInteger" and after.op in {"Cast", "Mul"}
        restored = layer.op == "Gemm" and last is layer and after.op == "Reshape"
        if not (bias or rescaled or restored):
            break
        nodes.append(after)
        last = after
        if bias:
            break
    return last, nodes, layer


def _is(one: Value | None, other: Value | None) -> bool:
    return one is not None and other is not None and one.name == other.name


def _back(flow: Flow, start: Value, *, fused: bool) -> Projection | None:
    """Walk from an operand back to its projection."""
    if fused:
        return Projection(start, (), None)
    return _walk(flow, Projection(start, (), None), _DEPTH, set())


def _walk(flow: Flow, way: Projection, depth: int, seen: set[str]) -> Projection | None:
    value = way.source
    if value.name in seen:
        return None
    seen.add(value.name)
    node = flow.producer(value)
    if node is None:
        return replace(way, cached=not value.constant)
    if depth == 0:
        return None
    for kind in _INSIDE:
        inner = flow.composite(value, kind)
        if inner is not None:
            source = inner.node.args.get("input" if kind == "LpNormalization" else "X")
            if source is None or isinstance(source, tuple):
                return None
            further = replace(way, source=source, nodes=(*way.nodes, *inner.covers), parts=(*way.parts, inner))
            return _walk(flow, further, depth - 1, seen)
    source = linear(node)
    if source is not None:
        return replace(way, source=source, nodes=(*way.nodes, node), layer=node)
    return next(
        (found for each in _steps(node, way) if (found := _walk(flow, each, depth - 1, seen)) is not None), None
    )


def _steps(node: Node, way: Projection) -> list[Projection]:
    left, right = first(node), second(node)
    if left is None:
        return []
    nodes = (*way.nodes, node)
    scaled = scaling(node)
    if scaled is not None:
        return [replace(way, source=scaled[0], nodes=nodes)]
    if node.op in _LAYOUT or passes(node) or node.op in _POOLED:
        return [replace(way, source=left, nodes=nodes)]
    if node.op in {"Add", "Mul", "Sub"} and right is not None and (left.constant or right.constant):
        return [replace(way, source=right if left.constant else left, nodes=nodes)]
    if node.op == "Concat":
        dynamic = [each for each in node.inputs if each is not None and not each.constant]
        return [
            replace(way, source=each, nodes=nodes, cached=len(dynamic) > 1 or way.cached) for each in reversed(dynamic)
        ]
    if node.op == "Conv" and isinstance(node.attrs.get("group"), int) and node.attrs.get("group", 1) != 1:
        return [replace(way, source=left, nodes=nodes)]
    if node.op == "Mul" and right is not None:  # integers of a dynamically quantized product, rescaled at run time
        return [replace(way, source=each, nodes=nodes) for each in (left, right)]
    return []
