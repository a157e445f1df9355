"""Which BatchNormalization can be folded into a neighbouring layer, which cannot, and why.

In inference a batch normalisation is ``x * s + t`` with constants for each channel.  It folds into the linear layer
before it (Conv, ConvTranspose, Gemm, MatMul), also through a bias, a Reshape or a Transpose that keeps the channels an
axis of their own; or into the linear layer after it, unless that one pads with zeros.  A Mul and Add by constants for
each channel that are left over from one are judged in the same way (kind ``affine``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from checker.composites import raise_composites
from checker.composites.flow import Flow, first, output, permutation, second

if TYPE_CHECKING:
    from checker.graph import Composite, Graph, Node, Value

Status = Literal["foldable", "not-foldable", "folded"]

_CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
_QUANTIZED = frozenset({"QLinearConv", "ConvInteger", "MatMulInteger", "QLinearMatMul", "QGemm"})
_KEEPS = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"})
_ACTIVATIONS = frozenset(
    {
        "Relu", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Clip", "Tanh", "Elu", "Selu", "Gelu",
        "Softplus", "Mish", "Swish", "Erf", "Softmax",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """The judgement of one batch normalisation.

    ``node``: its name in the report.  ``into``: name of the node that it folds into.  ``reason``: never empty.
    """

    node: str
    kind: Literal["BatchNormalization", "affine"]
    status: Status
    into: str | None
    reason: str


def judge(graph: Graph, composites: Iterable[Composite] | None = None) -> tuple[BatchNorm, ...]:
    """Judge every batch normalisation of a graph, those in bodies of If, Loop and Scan too.

    Args:
        graph: a loaded graph.
        composites: what ``raise_composites`` found in it (found again when None); scale and shift of a layer or group
            normalisation are no batch normalisation.
    """
    found = raise_composites(graph) if composites is None else tuple(composites)
    return tuple(_judge_all(graph, found))


def _judge_all(graph: Graph, composites: tuple[Composite, ...]) -> Iterator[BatchNorm]:
    flow = Flow(graph)
    covered = {id(node) for each in composites if each.kind.endswith("Normalization") for node in each.covers}
    for folded in graph.folded:
        if folded.op == "BatchNormalization":
            why = "its input is constant: the whole node is computed when the model is compiled"
            yield BatchNorm(folded.name, "BatchNormalization", "folded", None, why)
    for node in graph.nodes:
        if node.op == "BatchNormalization" and node.domain == "":
            yield _batch_norm(flow, node)
        elif node.op == "Mul" and id(node) not in covered:
            affine = _affine(flow, node)
            if affine is not None:
                yield affine
        for body in node.bodies.values():
            yield from _judge_all(body, composites)


def _batch_norm(flow: Flow, node: Node) -> BatchNorm:
    def answer(status: Status, into: Node | None, reason: str) -> BatchNorm:
        return BatchNorm(node.name, "BatchNormalization", status, None if into is None else into.name, reason)

    why = _unusable(flow, node)
    if why is not None:
        return answer("not-foldable", None, why)
    source = node.inputs[0]
    if source is None:
        return answer("not-foldable", None, "it has no input")
    return answer(*_fold(flow, node, source, axis=1))


def _affine(flow: Flow, node: Node) -> BatchNorm | None:
    """Judge Mul and Add by constants for each channel, when they follow or precede a linear layer."""
    shift = flow.sole_user(output(node))
    if shift is None or shift.op != "Add":
        return None
    source, scale = _by_constant(node)
    _, bias = _by_constant(shift)
    if source is None or scale is None or bias is None:
        return None
    axis, other = _channel(scale, source), _channel(bias, source)
    if axis is None or axis != other:
        return None
    before = flow.producer(source)
    if before is None or (before.op not in _CONVOLUTIONS and not _is_linear(before)):
        return None
    status, into, reason = _fold(flow, node, source, axis=axis, last=shift)
    return BatchNorm(node.name, "affine", status, None if into is None else into.name, reason)


def _by_constant(node: Node) -> tuple[Value | None, Value | None]:
    """Return the computed and the constant operand of a node; None for what is missing."""
    left, right = first(node), second(node)
    if left is not None and right is not None and left.constant != right.constant:
        return (right, left) if left.constant else (left, right)
    return None, None


def _channel(weight: Value, source: Value) -> int | None:
    """Return the axis of the source along which a constant varies, None when it is not exactly one."""
    if weight.shape is None or source.rank is None or len(weight.shape) > source.rank:
        return None
    varying = [axis for axis, dim in enumerate(weight.shape) if dim != 1]
    if len(varying) != 1:
        return None
    return varying[0] + source.rank - len(weight.shape)


def _unusable(flow: Flow, node: Node) -> str | None:
    """Say why the normalisation is no constant scale and shift at all."""
    extra = [value for value in node.outputs[1:] if value is not None]
    if node.attrs.get("training_mode") == 1 or (node.since < 14 and extra):
        return f"training mode ({1 + len(extra)} outputs): it normalises by the statistics of the batch"
    if node.since < 7 and node.attrs.get("is_test") == 0:
        return "training mode (is_test = 0): it normalises by the statistics of the batch"
    names = ("scale", "bias", "mean", "variance")
    unknown = [
        name for name, value in zip(names, node.inputs[1:5], strict=False) if value is None or not value.constant
    ]
    if unknown:
        return f"its {' and '.join(unknown)} {'are' if len(unknown) > 1 else 'is'} computed at run time"
    del flow
    return _bad_statistics(node, names)


def _bad_statistics(node: Node, names: tuple[str, ...]) -> str | None:
    import math

    epsilon = node.attrs.get("epsilon")
    smallest = float(epsilon) if isinstance(epsilon, (int, float)) else 1e-5
    for name, value in zip(names, node.inputs[1:5], strict=False):
        if value is None or value.const is None or value.const.dtype.kind != "f":
            continue
        elements = [float(each) for each in value.const.reshape(-1).tolist()]
        if not all(math.isfinite(each) for each in elements):
            return f"its {name} is not finite"
        if name == "variance" and elements and min(elements) + smallest <= 0:
            return f"its variance plus epsilon is not positive (smallest variance {min(elements):g})"
    return None


def _fold(
    flow: Flow, node: Node, source: Value, *, axis: int, last: Node | None = None
) -> tuple[Status, Node | None, str]:
    """Try the layer before, then the layer after."""
    into, why = _into_before(flow, node, source, axis)
    if into is not None:
        return "foldable", into, why
    after, reason = _into_after(flow, last or node, axis)
    if after is not None:
        return "foldable", after, f"{reason} ({why})"
    return "not-foldable", None, f"{why}; {reason}" if reason else why


def _into_before(flow: Flow, node: Node, source: Value, axis: int) -> tuple[Node | None, str]:
    """Walk back through bias and layout to a linear layer whose channels are the normalised ones."""
    value, user, channel, passed = source, node, axis, ""
    for _ in range(6):
        if value.quant is not None and not value.constant:
            return None, "a Q/DQ pair stands between it and the layer before it"
        made = flow.producer(value)
        if made is None:
            return None, "it stands at an input of the graph" if not passed else f"only {passed} stands before it"
        linear, stepped = _linear_before(made, value, channel), _step_back(made, channel)
        if linear is None and stepped is None:
            return None, _between(made)
        others = [each for each in flow.users(value) if each is not user]
        if others or flow.graph.is_output(value):
            who = f"{others[0].op} {others[0].name}" if others else "an output of the graph"
            return None, f"the result of {made.op} {made.name} is also used by {who}"
        if linear is not None:
            return linear[0], linear[1] + (f", through {passed}" if passed and linear[0] else "")
        if stepped is None:
            break
        value, channel = stepped
        user = made
        passed = made.op if not passed else f"{passed} and {made.op}"
    return None, "no linear layer near before it"


def _linear_before(made: Node, value: Value, channel: int) -> tuple[Node | None, str] | None:
    """Judge a linear layer; None when the node is none."""
    if made.op in _QUANTIZED:
        return None, f"the weights of {made.op} {made.name} are already quantized"
    weight = second(made)
    if made.op == "FusedConv":
        return None, f"the activation {made.attrs.get('activation')!r} is fused into the convolution before it"
    if made.op not in _CONVOLUTIONS and not (made.op in {"Gemm", "MatMul"} and _is_linear(made)):
        return None
    if weight is None or not weight.constant:
        return None, f"the weights of {made.op} {made.name} are computed at run time"
    if weight.quant is not None:
        return None, f"the weights of {made.op} {made.name} are already quantized: fold before quantizing"
    wanted = 1 if made.op in _CONVOLUTIONS else None
    last = value.rank - 1 if value.rank is not None else 1
    if channel != (wanted if wanted is not None else last):
        return None, f"it does not normalise the output channels of {made.op} {made.name}"
    return made, f"{made.op} with constant weights, no other consumer"


def _is_linear(node: Node) -> bool:
    """Tell a matrix product with one constant operand."""
    left, right = first(node), second(node)
    return (
        node.op in {"Gemm", "MatMul"}
        and left is not None
        and right is not None
        and right.constant
        and not left.constant
    )


def _step_back(node: Node, channel: int) -> tuple[Value, int] | None:
    """Go one node back when the channels stay an axis of their own; return the value before and their axis there."""
    source, result = first(node), output(node)
    if source is None or result is None:
        return None
    if node.op == "Add":
        computed, constant = _by_constant(node)
        if computed is None or constant is None or _channel(constant, computed) not in {channel, None}:
            return None
        return computed, channel
    if node.op == "Transpose":
        perm = permutation(node)
        return (source, perm[channel]) if perm is not None and channel < len(perm) else None
    if node.op in _KEEPS and source.shape is not None and result.shape is not None:
        axis = _same_axis(source.shape, result.shape, channel)
        return None if axis is None else (source, axis)
    return None


def _same_axis(before: tuple[object, ...], after: tuple[object, ...], axis: int) -> int | None:
    """Return the axis before a Reshape that is the given one after it; None when it is split or merged."""
    length = after[axis] if axis < len(after) else None
    if not isinstance(length, int):
        return None
    behind = _product(after[axis + 1 :])
    for candidate, dim in enumerate(before):
        if dim == length and behind is not None and _product(before[candidate + 1 :]) == behind:
            return candidate
    return None


def _product(dims: tuple[object, ...]) -> int | None:
    total = 1
    for dim in dims:
        if not isinstance(dim, int):
            return None
        total *= dim
    return total


def _between(made: Node) -> str:
    """Say what stands before a normalisation, in the words of its kind."""
    if made.op in _ACTIVATIONS:
        return f"the activation {made.op} {made.name} stands between it and the layer before it"
    if made.op in {"Add", "Sum"}:
        return f"it follows {made.op} {made.name}, a sum of branches (pre-activation or a residual)"
    if made.op == "Concat":
        return f"it follows Concat {made.name}: its channels come from several layers"
    if "Pool" in made.op or made.op.startswith("Reduce"):
        return f"the pooling {made.op} {made.name} stands between it and the layer before it"
    return f"{made.op} {made.name} stands between it and the layer before it"


def _into_after(flow: Flow, node: Node, axis: int) -> tuple[Node | None, str]:
    """Judge the layer after the normalisation."""
    result = output(node)
    users = flow.users(result)
    if result is None or not users:
        return None, "its result is an output of the graph"
    if flow.graph.is_output(result):
        return None, "its result is also an output of the graph"
    after = users[0]
    if len(users) > 1:
        return None, f"its result has {len(users)} consumers"
    if result.quant is not None:
        return None, "a Q/DQ pair stands between it and the layer after it"
    weight = second(after)
    if first(after) is None or first(after).name != result.name or weight is None or not weight.constant:  # type: ignore[union-attr]
        return None, f"it feeds {after.op} {after.name}, which it cannot fold into"
    if after.op == "Conv" and axis == 1:
        pads = after.attrs.get("pads")
        if not isinstance(pads, tuple) or any(pads):
            return None, f"the zero padding of Conv {after.name} after it forbids folding its shift into that layer"
        return after, f"folds into Conv {after.name} after it, which does not pad"
    rank = result.rank
    if after.op in {"Gemm", "MatMul"} and rank is not None and axis == rank - 1:
        return after, f"folds into {after.op} {after.name} after it"
    return None, f"it feeds {after.op} {after.name}, which it cannot fold into"
