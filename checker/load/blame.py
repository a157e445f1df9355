"""Which node is to blame where two sizes do not meet: that with a constant, or what made the one that did not grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checker.graph import Graph, Node, Value
    from checker.load.baked import Watch
    from checker.load.call import Call
    from checker.load.fact import Fact
    from checker.load.pin import Kind

ELEMENTWISE = frozenset({
    "Add", "Sub", "Mul", "Div", "Pow", "Where", "Max", "Min", "Sum", "Mean", "And", "Or", "Equal", "Less", "Greater",
    "LessOrEqual", "GreaterOrEqual", "Mod", "PRelu",
})  # fmt: skip
_LINEAR = frozenset({"Gemm", "MatMul", "Conv", "MatMulInteger", "QLinearMatMul", "FusedGemm", "FusedMatMul", "Einsum"})
_TO_SOFTMAX = frozenset({"Add", "Mul", "Div", "Where", "Reshape", "Cast", "Clip", "Max", "Sub", "Softmax"})
_SIZED = {"Resize": ("resize", 3), "Expand": ("expand", 1), "Reshape": ("reshape", 1), "Tile": ("expand", 1)}
"""Operators whose output may be written as a number, their kind and the place of that input."""

NARROW = 8
"""Positional embeddings are wider; a table of so few values a position holds coordinates, such as anchors."""

Blame = tuple[str, str, "Kind", str]


def name_of_target(call: Call) -> str:
    """Write the sizes that a Reshape asks for: `` to [-1, 49, 96]``; empty where they are not known."""
    target = call.inputs[1] if len(call.inputs) > 1 else None
    if target is None or target.data is None:
        return ""
    return f" to {target.data.ravel().tolist()}"


def blame(watch: Watch, call: Call, text: str) -> Blame:
    """Return node, operator, kind and message for a node that cannot be at another size; ``text`` is ONNX's word."""
    op, before = call.raw.op, watch.nodes.get(call.name)
    text = text.removeprefix("[ShapeInferenceError] ")
    constants = _same_as_before(call, before)
    if op == "Reshape" and not call.raw.domain:
        kind: Kind = "window" if _rank(call) == 6 or (before is not None and _windows(before)) else "reshape"
        return call.name, op, kind, f"is a Reshape{name_of_target(call)}: {text}"
    if op in ELEMENTWISE and constants:
        kind, what = _constant_operand(watch.before, before, op, constants[0])
        return call.name, op, kind, f"takes {what} of the fixed shape {list(constants[0].shape or ())}: {text}"
    if op in _LINEAR and constants and call.inputs[0] not in constants:
        source = _through(watch, call.inputs[0])
        flat = source is not None and (
            source.raw.op == "Flatten" or (source.raw.op == "Reshape" and _rank(source) == 2)
        )
        what = "the flattened picture" if flat else "the positions"
        shape = list(constants[0].shape or ())
        return call.name, op, "flatten-linear" if flat else "token-linear", f"has a weight {shape} over {what}: {text}"
    if op in {"BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization"}:
        return call.name, op, "normalization", f"normalises over the positions: {text}"
    if op == "Expand":
        return call.name, op, "expand", f"is an Expand{name_of_target(call)}: {text}"
    lost = _not_grown(watch, call, before)
    if lost is not None:
        kind = _SIZED[lost.raw.op][0]  # type: ignore[assignment]
        shape = list(next((f.shape for f in lost.outputs if f is not None and f.shape), ()))
        return lost.name, lost.raw.op, kind, f"has the fixed size {shape}, which {call.name} ({op}) cannot use: {text}"
    return call.name, op, "stride" if op in {*ELEMENTWISE, "Concat"} else "other", text


def _same_as_before(call: Call, before: Node | None) -> list[Fact]:
    """Return the constants of a node, scalars left out, that are as long as at the file's own size."""
    olds = before.inputs if before is not None else (None,) * len(call.inputs)
    return [
        fact
        for fact, old in zip(call.inputs, olds, strict=False)
        if fact is not None
        and fact.constant
        and (fact.shape is None or any(dim != 1 for dim in fact.shape))
        and (old is None or old.shape == fact.shape)
    ]


def _rank(call: Call) -> int | None:
    """Return the rank that a Reshape makes."""
    target = call.inputs[1] if len(call.inputs) > 1 else None
    shape = None if target is None else target.shape
    return shape[0] if shape and isinstance(shape[0], int) else None


def _windows(node: Node) -> bool:
    return any(value is not None and value.rank == 6 for value in (*node.inputs[:1], *node.outputs))


def _constant_operand(graph: Graph, node: Node | None, op: str, constant: Fact) -> tuple[Kind, str]:
    """Say what a constant that is added to, or chosen against, activations is."""
    shape = constant.shape or ()
    if node is not None and (op == "Where" or _reaches_softmax(graph, node.outputs[0], 5)):
        if op in {"Add", "Sub"} and len(shape) >= 3 and shape[-3] != 1 and shape[-1] == shape[-2]:
            return "relative-position-bias", "a relative position bias"
        return "attention-mask", "a mask"
    if op == "Add" and min((dim for dim in shape if isinstance(dim, int) and dim != 1), default=0) >= NARROW:
        return "position-embedding", "a positional embedding"
    return "constant-table", "a constant"


def _reaches_softmax(graph: Graph, value: Value | None, steps: int) -> bool:
    if value is None or steps == 0:
        return False
    users = graph.users_of(value)
    return any(
        user.op == "Softmax" or (user.op in _TO_SOFTMAX and _reaches_softmax(graph, user.outputs[0], steps - 1))
        for user in users
    )


def _through(watch: Watch, fact: Fact | None) -> Call | None:
    """Return what made a fact, before activations and casts."""
    call = None if fact is None else watch.made.get(fact.name)
    for _ in range(8):
        if call is None or call.raw.op not in {"Relu", "Cast", "Clip", "Sigmoid", "Tanh", "BatchNormalization"}:
            return call
        source = call.inputs[0]
        call = None if source is None else watch.made.get(source.name)
    return call


def _not_grown(watch: Watch, call: Call, before: Node | None) -> Call | None:
    """Return the nearest node with a fixed size behind an input that is no larger than at the file's own size."""
    if before is None:
        return None
    pending = [
        fact
        for fact, old in zip(call.inputs, before.inputs, strict=False)
        if fact is not None and old is not None and not fact.constant and fact.shape == old.shape
    ]
    seen: set[str] = set()
    while pending:
        fact = pending.pop(0)
        made = watch.made.get(fact.name)
        if made is None or made.name in seen:
            continue
        seen.add(made.name)
        place = _SIZED.get(made.raw.op, ("", 99))[1]
        target = made.inputs[place] if place < len(made.inputs) else None
        if target is not None and target.constant:
            return made
        old = watch.nodes.get(made.name)
        pending += [
            f
            for f, was in zip(made.inputs, old.inputs if old else (), strict=False)
            if f is not None and was is not None and not f.constant and f.shape == was.shape
        ]
    return None
