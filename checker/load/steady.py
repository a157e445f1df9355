"""Whether a node is at another size what it was at the file's own: a test for each operator that can fail to be.

ONNX's inference takes all of these: some because it leaves a check to the runtime, some because they do run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING

from checker.load.blame import blame, name_of_target
from checker.load.pin import Found, Kind, sizes

if TYPE_CHECKING:
    from checker.graph import Node
    from checker.load.baked import Watch
    from checker.load.call import Call

END = 2**31 - 1
"""From here on the end of a Slice means "to the end"."""


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


def _recurrent(_: Watch, call: Call, __: Node) -> Found:
    """See that the initial state is for as many sequences as there are."""
    batch = 0 if call.attrs.get("layout") else 1
    data, state = sizes(call.inputs[0]), sizes(call.inputs[5]) if len(call.inputs) > 5 else None
    if data is None or state is None or len(data) != 3 or len(state) != 3 or data[batch] == state[batch]:
        return None
    return "other", f"has an initial state for {state[batch]} sequences and gets {data[batch]}", "fails"


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


TESTS: Mapping[str, Callable[[Watch, Call, Node], Found]] = {
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
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
}
