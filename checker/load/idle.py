"""Nodes that do nothing: a Dropout in inference mode, a Cast to the type that its input has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checker.load.call import Call, Scope


def is_inference(call: Call, scope: Scope) -> bool:
    """Tell whether a Dropout does nothing, and nobody looks at its mask."""
    if any(name and scope.used.get(name) for name in call.raw.outputs[1:]):
        return False
    if call.since >= 12:
        training = call.inputs[2] if len(call.inputs) > 2 else None
        return training is None or (training.data is not None and not training.data.any())
    return call.since >= 7 or bool(call.attrs.get("is_test"))


def is_training(call: Call) -> bool:
    """Tell whether a BatchNormalization computes its statistics: before opset 14 that is said by further outputs."""
    return bool(call.attrs.get("training_mode")) or (call.since < 14 and any(call.raw.outputs[1:]))


def is_no_cast(call: Call) -> bool:
    """Tell whether a Cast, or CastLike, is to the type that its input has."""
    source = call.inputs[0]
    if source is None or not source.element:
        return False
    if call.raw.op == "Cast":
        return bool(call.attrs.get("to") == source.element)
    like = call.inputs[1] if call.raw.op == "CastLike" and len(call.inputs) > 1 else None
    return like is not None and like.element == source.element
