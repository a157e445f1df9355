"""The same arithmetic in another operator, or in another spelling of the same: what a file can say in two ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from checker.changes.record import Candidate, State
from checker.composites.build import Builder
from checker.graph import Node, Value
from checker.lowering import named
from checker.rewire import replaced

if TYPE_CHECKING:
    from checker.graph import Graph, Shape

Writer = Callable[[Builder, Node], Value | None]


def propose(state: State) -> Iterator[Candidate]:
    """Propose other spellings of the operators that are in trouble, each by itself."""
    kinds: dict[str, list[Node]] = {}
    for node in state.graph.nodes:
        if id(node) in state.troubled and not node.domain:
            kinds.setdefault(node.op, []).append(node)
    for kind, nodes in kinds.items():
        for what, write in _SPELLINGS.get(kind, ()):
            instead = {id(node): made for node in nodes if (made := spelled(node, write, state.opset)) is not None}
            if instead:
                names = tuple(node.name for node in nodes if id(node) in instead)
                yield _candidate(state.graph, what, instead, names)


def _candidate(graph: Graph, what: str, instead: dict[int, tuple[Node, ...]], names: tuple[str, ...]) -> Candidate:
    return Candidate("spelling", what, "edit the file", (what, names), lambda: replaced(graph, instead), names)


@lru_cache(maxsize=4096)
def spelled(node: Node, write: Writer, opset: int) -> tuple[Node, ...] | None:
    """Return what a writer makes of a node, with the node's own result; None where it does not fit."""
    result = node.outputs[0]
    source = next((value for value in node.inputs if value is not None), None)
    if result is None or source is None or any(value is not None for value in node.outputs[1:]):
        return None
    builder = Builder(opset, node, source)
    made = write(builder, node)
    if made is None or not builder.nodes:
        return None
    return tuple(named(builder.nodes, {made.name: result}))


def _first(node: Node) -> Value | None:
    return node.inputs[0]


def _shape(value: Value | None) -> tuple[int, ...] | None:
    """Return a shape all of whose axes are known."""
    if value is None or value.shape is None:
        return None
    sizes = tuple(dim for dim in value.shape if isinstance(dim, int))
    return sizes if len(sizes) == len(value.shape) else None


def _same(builder: Builder, node: Node, *inputs: Value | None, **attrs: object) -> Value:
    """Write the same operator with other inputs or attributes."""
    result = node.outputs[0]
    kept = {name: node.attrs[name] for name in node.given if node.attrs.get(name) is not None}
    shape: Shape = result.shape if result is not None else None
    dtype = result.dtype if result is not None else None
    written = {**kept, **attrs}
    return builder.call(node.op, *inputs, shape=shape, dtype=dtype, **written)  # type: ignore[arg-type]  # of the node


def _plain_reshape(builder: Builder, node: Node) -> Value | None:
    target = node.inputs[1].const if len(node.inputs) > 1 and node.inputs[1] is not None else None
    if not node.attrs.get("allowzero") or target is None or 0 in target.reshape(-1).tolist():
        return None
    return _same(builder, node, *node.inputs, allowzero=0)


def _as_reshape(builder: Builder, node: Node) -> Value | None:
    x, shape = _first(node), _shape(node.outputs[0])
    return None if x is None or shape is None else builder.reshape(x, shape)


def _as_flatten(builder: Builder, node: Node) -> Value | None:
    x, before, after = _first(node), _shape(_first(node)), _shape(node.outputs[0])
    if x is None or not before or after is None or len(after) != 2 or len(before) < 2 or before[0] != after[0]:
        return None
    return builder.call("Flatten", x, shape=after, axis=1)


def _sides(node: Node) -> tuple[int, ...] | None:
    """Return the spatial lengths of what a node pools or averages over, all of them."""
    shape = _shape(_first(node))
    if shape is None or len(shape) < 3:
        return None
    if node.op.startswith("Global"):
        return shape[2:]
    axes = node.attrs.get("axes")
    given = node.args.get("axes")
    if isinstance(given, Value) and given.const is not None:
        axes = tuple(int(axis) for axis in given.const.reshape(-1).tolist())
    if not isinstance(axes, tuple) or not node.attrs.get("keepdims", 1):
        return None
    wanted = {int(axis) % len(shape) for axis in axes}
    return shape[2:] if wanted == set(range(2, len(shape))) else None


def _as_pool(op: str) -> Writer:
    def write(builder: Builder, node: Node) -> Value | None:
        x, sides = _first(node), _sides(node)
        if x is None or x.shape is None or sides is None:
            return None
        shape = (*x.shape[:2], *(1 for _ in sides))
        if op.startswith("Global"):
            return builder.call(op, x, shape=shape)
        return builder.call(op, x, shape=shape, kernel_shape=sides, strides=tuple(1 for _ in sides))

    return write


def _as_mean(builder: Builder, node: Node) -> Value | None:
    x, sides = _first(node), _sides(node)
    return None if x is None or sides is None else builder.reduce("ReduceMean", x, range(2, 2 + len(sides)))


def _as_matmul(builder: Builder, node: Node) -> Value | None:
    """Gemm without factors, and without a transposed operand that is not constant."""
    a, b, c = (*node.inputs, None)[:3]
    if a is None or b is None or a.shape is None or b.shape is None:
        return None
    if node.attrs.get("alpha", 1.0) != 1.0 or (c is not None and node.attrs.get("beta", 1.0) != 1.0):
        return None
    left = builder.transpose(a, (1, 0)) if node.attrs.get("transA") else a
    right = builder.transpose(b, (1, 0)) if node.attrs.get("transB") and not b.constant else b
    if node.attrs.get("transB") and b.constant:  # a stored weight is stored the other way round
        const = None if b.const is None else b.const.T
        right = replace(b, name=f"{node.name}/weight", shape=tuple(reversed(b.shape)), const=const, payload=None)
    shape = ((left.shape or (None,))[0], (right.shape or (None, None))[1])
    made = builder.call("MatMul", left, right, shape=shape)
    return made if c is None else builder.binary("Add", made, c)


def _linear(node: Node) -> tuple[Value, Value, tuple[int, ...]] | None:
    """Return input, stored matrix and known input shape of a product with a constant matrix."""
    x, weight = node.inputs
    shape = _shape(x)
    if x is None or weight is None or not weight.constant or x.constant or weight.rank != 2 or not shape:
        return None
    return (x, weight, shape) if len(shape) >= 2 and all(shape) else None


def _stored(node: Node, weight: Value, shape: tuple[int, ...], *, turned: bool) -> Value:
    """Return a stored matrix in another shape."""
    const = weight.const.T if weight.const is not None and turned else weight.const
    const = None if const is None else const.reshape(shape)
    return Value(f"{node.name}/weight", weight.dtype, shape, constant=True, const=const, quant=weight.quant)


def _as_gemm(builder: Builder, node: Node) -> Value | None:
    found, size = _linear(node), _shape(node.inputs[1])
    if found is None or not size:
        return None
    x, weight, shape = found
    if len(shape) == 2:
        return builder.call("Gemm", x, weight, shape=(shape[0], size[1]))
    flat = builder.reshape(x, (prod(shape[:-1]), shape[-1]))
    made = builder.call("Gemm", flat, weight, shape=(prod(shape[:-1]), size[1]))
    return builder.reshape(made, (*shape[:-1], size[1]))


def _as_conv(builder: Builder, node: Node) -> Value | None:
    """A product over the last of three axes, as a convolution of one point over channels-first data."""
    found, size = _linear(node), _shape(node.inputs[1])
    if found is None or not size or len(found[2]) != 3:
        return None
    x, weight, (batch, length, width) = found
    first = builder.reshape(builder.transpose(x, (0, 2, 1)), (batch, width, length, 1))
    kernel = _stored(node, weight, (size[1], width, 1, 1), turned=True)
    made = builder.call("Conv", first, kernel, shape=(batch, size[1], length, 1), kernel_shape=(1, 1))
    made = _filled(builder, made)
    return builder.transpose(builder.reshape(made, (batch, size[1], length)), (0, 2, 1))


def _filled(builder: Builder, made: Value) -> Value:
    """Fill in what only the text of Conv states, as loading a file does."""
    node = builder.nodes[-1]
    filled = {**node.attrs, "strides": (1, 1), "dilations": (1, 1), "pads": (0, 0, 0, 0), "group": 1}
    builder.nodes[-1] = replace(node, attrs=MappingProxyType(filled))
    return made


def _swapped(builder: Builder, node: Node) -> Value | None:
    a, b = node.inputs
    return None if a is None or b is None or not a.constant or b.constant else _same(builder, node, b, a)


def _as_square(builder: Builder, node: Node) -> Value | None:
    x, power = node.inputs
    if x is None or power is None or power.const is None or power.const.size != 1 or float(power.const.item()) != 2.0:
        return None
    return builder.binary("Mul", x, x)


def _last_axis(builder: Builder, node: Node) -> Value | None:
    x, axis = _first(node), node.attrs.get("axis")
    if x is None or x.rank is None or not isinstance(axis, int) or axis % x.rank == x.rank - 1 or node.since < 13:
        return None
    perm = list(range(x.rank))
    perm[axis % x.rank], perm[-1] = perm[-1], perm[axis % x.rank]
    turned = builder.transpose(x, perm)
    return builder.transpose(builder.call(node.op, turned, shape=turned.shape, axis=-1), perm)


def _as_sums(builder: Builder, node: Node) -> Value | None:
    values = [value for value in node.inputs if value is not None]
    if len(values) < 2:
        return None
    total = values[0]
    for value in values[1:]:
        total = builder.binary("Add", total, value)
    return total


def _float_mask(builder: Builder, node: Node) -> Value | None:
    mask = node.args.get("attn_mask")
    if not isinstance(mask, Value) or mask.dtype != "bool":
        return None
    nothing, hidden = builder.constant(0.0), builder.constant(float("-inf"))
    bias = builder.call("Where", mask, nothing, hidden, shape=mask.shape, dtype=builder.dtype)
    return _same(builder, node, *(bias if value is mask else value for value in node.inputs))


def _by_scales(builder: Builder, node: Node) -> Value | None:
    """Resize to a multiple of the length of each axis, told by the factors."""
    before, after = _shape(_first(node)), _shape(node.outputs[0])
    if node.since < 11 or before is None or after is None or not isinstance(node.args.get("sizes"), Value):
        return None
    if node.attrs.get("axes") or any(not x or y % x for x, y in zip(before, after, strict=True)):
        return None
    scales = builder.constant([y / x for x, y in zip(before, after, strict=True)], "float32")
    region = node.inputs[1]
    if region is None and node.since < 13:
        region = builder.constant([], "float32")
    return _same(builder, node, node.inputs[0], region, scales)


def _as_depthless(builder: Builder, node: Node) -> Value | None:
    """Gather of one constant place along an axis, as a Slice and a Reshape."""
    x, index = node.inputs
    shape, axis = _shape(node.outputs[0]), node.attrs.get("axis", 0)
    if x is None or x.rank is None or x.shape is None or index is None or index.const is None or shape is None:
        return None
    if index.const.size != 1 or index.rank != 0 or not isinstance(axis, int) or not prod(shape):
        return None
    place = int(index.const.item())
    end = 2**31 - 1 if place == -1 else place + 1
    bounds = [builder.constant([each], "int64") for each in (place, end, axis)]
    cut = tuple(1 if a == axis % x.rank else dim for a, dim in enumerate(x.shape))
    return builder.reshape(builder.call("Slice", x, *bounds, shape=cut), shape)


_SPELLINGS: Final[Mapping[str, tuple[tuple[str, Writer], ...]]] = MappingProxyType(
    {
        "Add": (("write the constant of Add second", _swapped),),
        "Attention": (("make the boolean mask of Attention a float one before the operator", _float_mask),),
        "Flatten": (("write Flatten as Reshape", _as_reshape),),
        "Gather": (("write Gather of one place as Slice and Reshape", _as_depthless),),
        "Gemm": (("write Gemm as MatMul and Add", _as_matmul),),
        "GlobalAveragePool": (
            ("write GlobalAveragePool as AveragePool over the whole picture", _as_pool("AveragePool")),
            ("write GlobalAveragePool as ReduceMean", _as_mean),
        ),
        "GlobalMaxPool": (("write GlobalMaxPool as MaxPool over the whole picture", _as_pool("MaxPool")),),
        "LogSoftmax": (("transpose around LogSoftmax so that it works on the last axis", _last_axis),),
        "MatMul": (
            ("write MatMul by a constant as Gemm, between Reshapes where there are more than two axes", _as_gemm),
            ("write MatMul by a constant as a 1x1 convolution", _as_conv),
        ),
        "Mul": (("write the constant of Mul second", _swapped),),
        "Pow": (("write the square as Mul", _as_square),),
        "ReduceMean": (
            ("write the mean over the picture as GlobalAveragePool", _as_pool("GlobalAveragePool")),
            ("write the mean over the picture as AveragePool", _as_pool("AveragePool")),
        ),
        "Reshape": (
            ("set allowzero of Reshape to 0 (no axis has length 0)", _plain_reshape),
            ("write Reshape as Flatten", _as_flatten),
        ),
        "Resize": (("give Resize its scales instead of its sizes", _by_scales),),
        "Softmax": (("transpose around Softmax so that it works on the last axis", _last_axis),),
        "Squeeze": (("write Squeeze as Reshape", _as_reshape),),
        "Sum": (("write Sum as Add", _as_sums),),
        "Unsqueeze": (("write Unsqueeze as Reshape", _as_reshape),),
    }
)
