"""GroupNormalization in parts: groups made by Reshape, normalised, put back by Reshape, then scale and bias.

torch writes the middle as InstanceNormalization with unit scale; other exporters as means over the last axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.composites.flow import Flow, first, output, second
from checker.composites.record import decomposed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.graph import Attribute, Composite, Node, Value


def find(flow: Flow, by_op: Mapping[str, list[Node]], norms: list[Composite]) -> list[Composite]:
    """Return every group normalisation, from InstanceNormalization or from a normalisation in parts."""
    found: list[Composite] = []
    for node in by_op.get("InstanceNormalization", ()):
        epsilon = node.attrs.get("epsilon")
        made = _around(flow, (node,), first(node), output(node), epsilon=epsilon, spelling="InstanceNormalization")
        if made is not None:
            found.append(made)
    for norm in norms:
        if norm.kind not in {"LayerNormalization", "InstanceNormalization"} or norm.form == "operator":
            continue
        source = norm.node.args.get("X", norm.node.args.get("input"))
        if norm.node.args.get("Scale") is None and not isinstance(source, tuple):
            epsilon = norm.node.attrs.get("epsilon")
            made = _around(flow, norm.covers, source, norm.node.outputs[0], epsilon=epsilon, spelling="means")
            if made is not None:
                found.append(made)
    return found


def _around(
    flow: Flow, core: tuple[Node, ...], source: Value | None, result: Value | None, *, epsilon: object, spelling: str
) -> Composite | None:
    """Look for the two Reshapes around a normalisation, and for scale and bias after them."""
    before, after = flow.producer(source), flow.sole_user(result)
    if before is None or after is None or before.op != "Reshape" or after.op != "Reshape":
        return None
    x, restored = first(before), output(after)
    if x is None or restored is None or source is None or not _regroups(x, source, restored):
        return None
    covers = [*core, after]
    if flow.only_for(before, {node.index: node for node in core}):
        covers.append(before)
    root = after
    args: dict[str, Value | None] = {"X": x, "scale": None, "bias": None}
    for op, name in (("Mul", "scale"), ("Add", "bias")):
        user = flow.sole_user(output(root))
        if user is None or user.op != op:
            continue
        left, right = first(user), second(user)
        weight = right if left is not None and left.constant is False else left
        if weight is None or not weight.constant or weight.size == 1 or not _per_channel(weight):
            continue
        args[name] = weight
        covers.append(user)
        root = user
    groups = source.shape[1] if source.shape is not None else None
    attrs: dict[str, Attribute] = {"num_groups": groups} if isinstance(groups, int) else {}
    if isinstance(epsilon, float):
        attrs["epsilon"] = epsilon
    variant = f"through {spelling}" + ("" if args["scale"] is not None else ", no scale")
    return decomposed("GroupNormalization", root, covers, args, attrs, variant=variant)


def _regroups(x: Value, grouped: Value, restored: Value) -> bool:
    """Tell whether the first Reshape makes groups of channels and the second takes them back."""
    if grouped.rank is not None and grouped.rank < 3:
        return False
    if x.shape is None or restored.shape is None:
        return x.rank is None or grouped.rank is None or grouped.rank == 3
    if len(x.shape) < 3 or len(x.shape) != len(restored.shape):
        return False
    channels, groups = x.shape[1], grouped.shape[1] if grouped.shape is not None else None
    if isinstance(channels, int) and isinstance(groups, int) and channels % groups:
        return False
    if any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(x.shape, restored.shape, strict=True)):
        return False
    # (N, heads, length) regrouped to a deeper tensor is something else
    return grouped.rank in {None, 3, len(x.shape) + 1}


def _per_channel(weight: Value) -> bool:
    shape = weight.shape
    return shape is not None and len(shape) >= 2 and sum(dim != 1 for dim in shape) == 1 and shape[-1] == 1
