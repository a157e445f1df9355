"""What ties a file to the size of its input: the first node that cannot take another size, or takes it and is wrong.

An exporter writes Python numbers as constants.  A Reshape to ``[1, 8, 7, 8, 7, 96]`` contradicts any other size;
``[-1, 8, 7, 8, 7, 96]`` does not, but puts the pixels that are too many into the batch.  So a node is not only asked
whether ONNX's inference takes it, but also compared with itself at the file's own size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Literal

from checker.load import follow
from checker.load.blame import ELEMENTWISE, blame, name_of_target

if TYPE_CHECKING:
    from checker.graph import Graph, Node
    from checker.load.call import Call
    from checker.load.fact import Fact
    from checker.load.infer import Typed

Kind = Literal[
    "position-embedding", "constant-table", "relative-position-bias", "attention-mask", "reshape", "window",
    "flatten-linear", "token-linear", "resize", "expand", "slice", "indices", "normalization", "pool", "top-k",
    "stride", "other",
]  # fmt: skip
Effect = Literal["fails", "wrong"]

END = 2**31 - 1
"""From here on the end of a Slice means "to the end"."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The node that ties a file to its input size.

    ``node``: name in the report; empty where it is no single node.  ``message``: what it has and got, in words.
    ``effect``: ``fails``, a runtime refuses another size; ``wrong``, it runs and computes something else.
    """

    node: str
    op: str
    kind: Kind
    message: str
    effect: Effect


class Stopped(Exception):  # noqa: N818  # found what was looked for, no failure
    """The pass has met the first node that is in the way."""

    def __init__(self, pin: Pin) -> None:
        """Carry the pin."""
        super().__init__(pin.message)
        self.pin = pin


@dataclass(slots=True, eq=False)
class Watch:
    """Looks at every node of a pass at another size, and stops it at the first that is in the way.

    ``nodes``: of the graph at the size of the file, by name.  ``tolerated``: those that were invalid there already.
    ``made``: the call that made a fact, by name.  ``raw``: facts that are the input itself, scaled or cut, not
    computed with any weight: a Resize of these to a fixed size makes the file take every size.  ``freely``: do
    not stop, but go on as if what is in the way had grown with its input, and note it in ``pins``.
    """

    before: Graph
    nodes: dict[str, Node]
    tolerated: frozenset[str]
    freely: bool = False
    made: dict[str, Call] = field(default_factory=dict)
    raw: set[str] = field(default_factory=set)
    pins: list[Pin] = field(default_factory=list)

    def refuse(self, call: Call, text: str) -> list[Typed] | None:
        """Take in that ONNX's inference says that the node cannot be.

        Returns:
            What its output would be if it followed its input; None where it could not be at the file's own size either.

        Raises:
            Stopped: it could be at the file's own size.
        """
        if call.name in self.tolerated:
            return None
        pin = Pin(*blame(self, call, text), "fails")
        shape = self._following(call, pin)
        return [(call.inputs[0].element if call.inputs[0] is not None else 0, shape, b"")]

    def _following(self, call: Call, pin: Pin) -> tuple[int, ...]:
        """Note a pin, and return what the output would be without it.

        Raises:
            Stopped: nothing else is wanted than the first pin, or it is not clear what would be.
        """
        shape = following(call, self.nodes.get(call.name)) if self.freely and pin.kind != "token-linear" else None
        if shape is None:
            raise Stopped(pin)
        self.pins.append(pin)
        return shape

    def __call__(self, call: Call) -> None:
        """Compare a node with itself at the file's own size.

        Raises:
            Stopped: it does something else here, or a runtime refuses it.
        """
        for fact in call.outputs:
            if fact is not None:
                self.made[fact.name] = call
        if call.raw.op in _PLAIN and all(f is None or f.constant or self._is_raw(f) for f in call.inputs):
            self.raw.update(fact.name for fact in call.outputs if fact is not None)
        test, before = _TESTS.get(call.raw.op), self.nodes.get(call.name)
        if test is None or before is None or call.raw.domain or call.name in self.tolerated or not before.outputs:
            return
        found = test(self, call, before)
        if found is None and self.freely:
            found = _redundant(call, before) if call.raw.op == "Reshape" else _shortened(call, before)
        if found is not None:
            kind, message, effect = found
            shape = self._following(call, Pin(call.name, call.raw.op, kind, message, effect))
            if call.outputs[0] is not None:
                call.outputs[0].shape, call.outputs[0].wire_type = shape, b""

    def _is_raw(self, fact: Fact) -> bool:
        return fact.name in self.raw or fact.name not in self.made

    def is_raw(self, fact: Fact | None) -> bool:
        """Tell whether a fact is the input itself, or made of nothing else."""
        return fact is not None and self._is_raw(fact)


def watch(before: Graph, tolerated: frozenset[str], *, freely: bool = False) -> Watch:
    """Return what looks at a pass; ``before`` is the graph at a size that is right, ``freely`` as in ``Watch``."""
    return Watch(before, {node.name: node for node in before.nodes}, tolerated, freely)


def following(call: Call, before: Node | None) -> tuple[int, ...] | None:
    """Return the shape of a node's only output if it followed its input; None where that is not clear."""
    if before is None or len(call.outputs or call.raw.outputs) != 1 or len(before.inputs) != len(call.inputs):
        return None
    pairs = [
        (was, now)
        for old, new in zip(before.inputs, call.inputs, strict=True)
        if new is not None and not (new.constant and call.raw.op not in _LINEAR)
        if (was := sizes(old)) is not None and (now := sizes(new)) is not None
    ]
    out = sizes(before.outputs[0])
    if not pairs or out is None:
        return None
    olds, news = [was for was, _ in pairs], [now for _, now in pairs]
    if call.raw.op == "Reshape":
        return follow.reshaped(olds[0], news[0], out)
    if call.raw.op == "Slice":
        return follow.sliced(olds[0], news[0], out)
    if call.raw.op == "MatMul":
        return follow.product(olds, news, out)
    if call.raw.op == "Gemm":
        return out
    return follow.along(olds, news, out)


def _shortened(call: Call, before: Node) -> Found:
    """See that a Slice that left a few places out does not leave out more: the other half of a roll."""
    old, new = sizes(before.inputs[0]), sizes(call.inputs[0])
    old_out, new_out = sizes(before.outputs[0]), sizes(call.outputs[0])
    if call.raw.op != "Slice" or old is None or new is None or old_out is None or old == new:
        return None
    wanted = follow.sliced(old, new, old_out)
    return None if wanted in {None, new_out} else ("slice", f"makes {list(new_out or ())} of {list(new)}", "wrong")


def _redundant(call: Call, before: Node) -> Found:
    """See that a -1, which stood for one picture or one head, does not stand for more."""
    old_in, old_out = sizes(before.inputs[0]), sizes(before.outputs[0])
    new_in, new_out = sizes(call.inputs[0]), sizes(call.outputs[0])
    if not old_out or not new_out or old_in is None or new_in is None or len(old_out) != len(new_out):
        return None
    if not any(old == 1 != new for old, new in zip(old_out, new_out, strict=True)):
        return None
    wanted = follow.reshaped(old_in, new_in, old_out)
    if wanted is None or wanted == new_out:
        return None
    return "reshape", f"makes {list(new_out)} of {list(new_in)}", "wrong"


_LINEAR = frozenset({"MatMul", "Gemm", "MatMulInteger"})
_PLAIN = ELEMENTWISE | {
    "Cast", "Transpose", "Unsqueeze", "Squeeze", "Resize", "Upsample", "Slice", "Gather", "Concat", "Clip", "Pad",
    "Split", "Neg", "QuantizeLinear", "DequantizeLinear",
}  # fmt: skip
Found = tuple[Kind, str, Effect] | None


def sizes(fact: object) -> tuple[int, ...] | None:
    """Return the shape of a fact or value where every axis is a number."""
    shape: tuple[object, ...] | None = getattr(fact, "shape", None)
    if shape is None or not all(isinstance(dim, int) for dim in shape):
        return None
    return tuple(dim for dim in shape if isinstance(dim, int))


def _reshape(watch: Watch, call: Call, before: Node) -> Found:
    """See that what belongs to one axis stays with it."""
    old_in, old_out = sizes(before.inputs[0]), sizes(before.outputs[0])
    new_in, new_out = sizes(call.inputs[0]), sizes(call.outputs[0])
    if old_in is None or old_out is None or new_in is None or new_out is None or new_in == old_in:
        return None
    if len(old_in) != len(new_in) or len(old_out) != len(new_out) or 0 in {*old_in, *old_out}:
        return None
    if stays(old_in, new_in, old_out, new_out):
        return None
    target = name_of_target(call)
    message = f"is written for {list(old_in)} -> {list(old_out)}{target}; at another size {list(new_in)} -> "
    kind: Kind = "flatten-linear" if _feeds_linear(watch, before) and len(old_out) == 2 else "reshape"
    kind = "window" if len(old_out) == 6 or len(old_in) == 6 else kind
    return kind, f"{message}{list(new_out)} mixes axes", "wrong"


def stays(old_in: tuple[int, ...], new_in: tuple[int, ...], old_out: tuple[int, ...], new_out: tuple[int, ...]) -> bool:
    """Tell whether a reshape splits and joins at the new sizes what it split and joined at the old ones.

    Wherever the products of the leading axes of both sides meet at the old sizes, they meet at the new ones.  Axes of
    length 1 make several places meet; one that still does is enough.
    """
    before_in, before_out = (list(accumulate(shape, mul)) for shape in (old_in, old_out))
    after_in, after_out = (list(accumulate(shape, mul)) for shape in (new_in, new_out))
    for product in set(before_in) & set(before_out):
        ins = {after for old, after in zip(before_in, after_in, strict=True) if old == product}
        outs = {after for old, after in zip(before_out, after_out, strict=True) if old == product}
        if not ins & outs:
            return False
    return True


def _feeds_linear(watch: Watch, node: Node) -> bool:
    output = node.outputs[0]
    return output is not None and any(user.op in {"Gemm", "MatMul"} for user in watch.before.users_of(output))


def _resize(watch: Watch, call: Call, before: Node) -> Found:
    """See that a Resize to fixed sizes is not asked to follow its input."""
    target = call.inputs[3] if len(call.inputs) > 3 else None
    if target is None or not target.constant or watch.is_raw(call.inputs[0]):
        return None
    old, new, out = sizes(before.inputs[0]), sizes(call.inputs[0]), sizes(call.outputs[0])
    if old is None or new is None or out is None or old == new or out != sizes(before.outputs[0]):
        return None
    return "resize", f"resizes to {list(out)}, whatever the size of its input ({list(old)} here)", "wrong"


def _slice(_: Watch, call: Call, before: Node) -> Found:
    """See that a Slice up to a number, which was the end of the axis, does not now end before it."""
    old, new = sizes(before.inputs[0]), sizes(call.inputs[0])
    if len(call.inputs) < 3 or old is None or new is None or old == new or len(old) != len(new):
        return None
    ends, axes = call.inputs[2], call.inputs[3] if len(call.inputs) > 3 else None
    steps = call.inputs[4] if len(call.inputs) > 4 else None
    if ends is None or ends.data is None or (axes is not None and axes.data is None):
        return None
    if steps is not None and (steps.data is None or min(steps.data.ravel().tolist(), default=1) <= 0):
        return None
    places = range(ends.data.size) if axes is None or axes.data is None else axes.data.ravel().tolist()
    for axis, end in zip(places, ends.data.ravel().tolist(), strict=False):
        if 0 < end < END and old[axis] <= end < new[axis]:
            return "slice", f"ends at {end} on axis {axis}, which is the whole of {list(old)} only", "wrong"
    return None


def _gather(_: Watch, call: Call, before: Node) -> Found:
    """See that indices for a whole axis are not used on a longer or shorter one."""
    old, new, indices = sizes(before.inputs[0]), sizes(call.inputs[0]), call.inputs[1]
    if old is None or new is None or old == new or indices is None or not indices.constant:
        return None
    axis, count = call.attrs.get("axis", 0), sizes(indices)
    if count is None or not -len(old) <= axis < len(old) or old[axis] == new[axis]:
        return None
    if count == (old[axis],) and old[axis] > 1:
        return "indices", f"takes {count[0]} fixed places of axis {axis}, which is {list(old)} here only", "wrong"
    if indices.data is not None and indices.data.size and indices.data.max() >= new[axis]:
        return "indices", f"takes place {indices.data.max()} of axis {axis}, which is shorter at another size", "fails"
    return None


def _normalization(_: Watch, call: Call, __: Node) -> Found:
    """See that the scale is as long as what is normalised; ONNX's inference leaves that to the runtime."""
    new, scale = sizes(call.inputs[0]), sizes(call.inputs[1])
    axis = call.attrs.get("axis", -1)
    if new is None or scale is None or not -len(new) <= axis < len(new):
        return None
    part = new[axis:]
    if all(have in {1, want} for have, want in zip(reversed(scale), reversed(part), strict=False)):
        return None
    return "normalization", f"normalises over {list(scale)}; at another size it gets {list(part)}", "fails"


def _pool(_: Watch, call: Call, __: Node) -> Found:
    """See that the window fits."""
    new, kernel, pads = sizes(call.inputs[0]), call.attrs.get("kernel_shape"), call.attrs.get("pads")
    weight = sizes(call.inputs[1]) if len(call.inputs) > 1 else None
    kernel = kernel or (weight[2:] if weight else None)
    if new is None or not kernel or str(call.attrs.get("auto_pad", "NOTSET")) != "NOTSET":
        return None
    pads, dilations = pads or (0,) * (2 * len(kernel)), call.attrs.get("dilations") or (1,) * len(kernel)
    padded = [new[2 + i] + pads[i] + pads[len(kernel) + i] for i in range(min(len(kernel), len(new) - 2))]
    windows = [(size - 1) * apart + 1 for size, apart in zip(kernel, dilations, strict=False)]
    if all(length >= window for length, window in zip(padded, windows, strict=False)):
        return None
    return "pool", f"has a window of {list(kernel)}; at another size the input is {list(new)}", "fails"


def _top_k(_: Watch, call: Call, __: Node) -> Found:
    new, count = sizes(call.inputs[0]), call.inputs[1] if len(call.inputs) > 1 else None
    axis = call.attrs.get("axis", -1)
    if new is None or count is None or count.data is None or count.from_shape or not -len(new) <= axis < len(new):
        return None
    wanted = int(count.data.ravel()[0])
    return ("top-k", f"takes the best {wanted} of {new[axis]}", "fails") if wanted > new[axis] else None


def _einsum(watch: Watch, call: Call, _: Node) -> Found:
    equation = call.attrs.get("equation")
    text = equation.decode() if isinstance(equation, bytes) else str(equation)
    if "." in text:
        return None
    lengths: dict[str, int] = {}
    for term, fact in zip(text.replace(" ", "").split("->")[0].split(","), call.inputs, strict=False):
        for letter, length in zip(term, sizes(fact) or (), strict=False):
            other = lengths.setdefault(letter, length)
            if other != length and 1 not in {other, length}:
                kind, message = blame(watch, call, f"{letter} is {other} and {length}")[2:]
                return kind, message, "fails"
            lengths[letter] = max(other, length)
    return None


_TESTS = {
    "Reshape": _reshape,
    "Resize": _resize,
    "Slice": _slice,
    "Gather": _gather,
    "LayerNormalization": _normalization,
    "AveragePool": _pool,
    "MaxPool": _pool,
    "Conv": _pool,
    "TopK": _top_k,
    "Einsum": _einsum,
}


def into_batch(before: Graph, after: Graph) -> Pin | None:
    """Return the node that moves pixels into the batch, where an output shows that one does.

    Only an output whose first axis was that of the inputs, 1 image after 1 image, can show it.
    """
    batch = {shape[0] for value in after.inputs if (shape := sizes(value))}
    for old, new in zip(before.outputs, after.outputs, strict=True):
        was, now = sizes(old), sizes(new)
        if not was or not now or len(was) != len(now) or was[0] == now[0] or batch != {was[0]}:
            continue
        names = {value.name: value for node in before.nodes for value in node.outputs if value is not None}
        node = after.producer_of(new) or after.producer_of(names.get(after.aliases.get(new.name, ""), new))
        while node is not None:
            grown = [
                value
                for value in node.inputs
                if value is not None and value.name in names and _first(value) != _first(names[value.name])
            ]
            if not grown:
                break
            node = after.producer_of(grown[0])
        if node is not None and node.op in {"Reshape", "Flatten"}:
            message = f"puts the pixels of a larger input into the batch: the output is {list(now)}, not {list(was)}"
            return Pin(node.name, node.op, "reshape", message, "wrong")
    return None


def _first(value: object) -> int | None:
    shape = sizes(value)
    return shape[0] if shape else None
