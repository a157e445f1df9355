"""What ties a file to the size of its input: the first node that cannot take another size, or takes it and is wrong.

An exporter writes Python numbers as constants.  A Reshape to ``[1, 8, 7, 8, 7, 96]`` contradicts any other size;
``[-1, 8, 7, 8, 7, 96]`` does not, but puts the pixels that are too many into the batch.  So a node is not only asked
whether ONNX's inference takes it, but also compared with itself at the file's own size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checker.load import follow
from checker.load.blame import ELEMENTWISE, blame
from checker.load.freely import following, redundant, shortened
from checker.load.pin import Pin, Stopped, sizes
from checker.load.steady import TESTS

if TYPE_CHECKING:
    from checker.graph import Graph, Node
    from checker.load.call import Call
    from checker.load.fact import Fact
    from checker.load.infer import Typed

_PLAIN = ELEMENTWISE | {
    "Cast", "Transpose", "Unsqueeze", "Squeeze", "Resize", "Upsample", "Slice", "Gather", "Concat", "Clip", "Pad",
    "Split", "Neg", "QuantizeLinear", "DequantizeLinear",
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Watch:
    """Looks at every node of a pass at another size, and stops it at the first that is in the way.

    ``nodes``: of the graph at the size of the file, by name.  ``tolerated``: those that were invalid there already.
    ``made``: the call that made a fact, by name.  ``raw``: facts that are the input itself, scaled or cut, not
    computed with any weight: a Resize of these to a fixed size makes the file take every size.  ``freely``: do
    not stop, but go on as if what is in the way had grown with its input, and note it in ``pins``; ``guessed`` says
    that more than one thing could have grown.
    """

    before: Graph
    nodes: dict[str, Node]
    tolerated: frozenset[str]
    freely: bool = False
    made: dict[str, Call] = field(default_factory=dict)
    raw: set[str] = field(default_factory=set)
    pins: list[Pin] = field(default_factory=list)
    guessed: bool = False

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
        old = sizes(self.nodes[call.name].inputs[0]), sizes(self.nodes[call.name].outputs[0])
        new = sizes(call.inputs[0])
        if call.raw.op == "Reshape" and None not in {*old, new}:
            self.guessed |= follow.is_guess(old[0] or (), new or (), old[1] or ())
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
        test, before = TESTS.get(call.raw.op), self.nodes.get(call.name)
        if test is None or before is None or call.raw.domain or call.name in self.tolerated or not before.outputs:
            return
        found = test(self, call, before)
        if found is None and self.freely:
            found = redundant(call, before) if call.raw.op == "Reshape" else shortened(call, before)
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
