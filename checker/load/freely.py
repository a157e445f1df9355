"""Nodes of a file that is gone over as if what is written down in it had grown with its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.load import follow
from checker.load.pin import Found, sizes

if TYPE_CHECKING:
    from checker.graph import Node
    from checker.load.call import Call

_LINEAR = frozenset({"MatMul", "Gemm", "MatMulInteger"})


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
    if call.raw.op == "Slice" and not _strided(call):
        return follow.sliced(olds[0], news[0], out)
    if call.raw.op == "MatMul":
        return follow.product(olds, news, out)
    if call.raw.op == "Gemm":
        return out
    return follow.along(olds, news, out)


def _strided(call: Call) -> bool:
    """Tell whether a Slice leaves out every other place."""
    steps = call.inputs[4] if len(call.inputs) > 4 else None
    return steps is not None and (steps.data is None or any(step != 1 for step in steps.data.ravel().tolist()))


def shortened(call: Call, before: Node) -> Found:
    """See that a Slice that left a few places out does not leave out more: the other half of a roll."""
    old, new = sizes(before.inputs[0]), sizes(call.inputs[0])
    old_out, new_out = sizes(before.outputs[0]), sizes(call.outputs[0])
    if call.raw.op != "Slice" or _strided(call) or old is None or new is None or old_out is None or old == new:
        return None
    wanted = follow.sliced(old, new, old_out)
    return None if wanted in {None, new_out} else ("slice", f"makes {list(new_out or ())} of {list(new)}", "wrong")


def redundant(call: Call, before: Node) -> Found:
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
