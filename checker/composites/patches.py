"""Patch embedding: a convolution whose stride is its kernel, or pixels of a patch gathered by Reshape and projected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checker.composites.flow import Flow, first, output, permutation
from checker.composites.heads import linear
from checker.composites.record import decomposed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.graph import Argument, Attribute, Composite, Node

_CONVOLUTIONS = ("Conv", "FusedConv", "ConvInteger", "QLinearConv")


def find(flow: Flow, by_op: Mapping[str, list[Node]]) -> list[Composite]:
    """Return every patch embedding that is a convolution; the token layout after it belongs to it."""
    return [_embedding(flow, node) for op in _CONVOLUTIONS for node in by_op.get(op, ()) if _in_patches(node)]


def projected(flow: Flow, gathered: Composite) -> Composite | None:
    """Return the patch embedding of pixels that were gathered by Reshape, when a linear layer follows."""
    user = flow.sole_user(output(gathered.covers[-1]))
    if user is None or linear(user) is None:
        return None
    covers = [*gathered.covers, user]
    bias = flow.sole_user(output(user))
    root = user
    if bias is not None and bias.op == "Add" and any(value is not None and value.constant for value in bias.inputs):
        covers.append(bias)
        root = bias
    attrs = {"patch_size": gathered.node.attrs.get("window")}
    made = decomposed("PatchEmbedding", root, covers, gathered.node.args, attrs)
    return replace(made, variant="reshape and product")


def _in_patches(node: Node) -> bool:
    kernel, strides = node.attrs.get("kernel_shape"), node.attrs.get("strides")
    pads, dilations = node.attrs.get("pads"), node.attrs.get("dilations")
    if not isinstance(kernel, tuple) or kernel != strides or len(kernel) < 2 or min(map(int, kernel)) < 2:
        return False
    if isinstance(pads, tuple) and any(pads):
        return False
    return node.attrs.get("group", 1) == 1 and (not isinstance(dilations, tuple) or set(dilations) == {1})


def _embedding(flow: Flow, node: Node) -> Composite:
    covers, root, variant = [node], node, "convolution, feature map"
    flat = flow.sole_user(output(node))
    if flat is not None and flat.op in {"Reshape", "Flatten"}:
        turned = flow.sole_user(output(flat))
        if turned is not None and permutation(turned) == (0, 2, 1):
            covers, root, variant = [node, flat, turned], turned, "convolution into tokens"
    elif flat is not None and permutation(flat) == (0, 2, 3, 1):
        covers, root, variant = [node, flat], flat, "convolution, channels last"
    args: dict[str, Argument] = {"X": first(node), "W": node.args.get("W"), "B": node.args.get("B")}
    attrs: dict[str, Attribute] = {"patch_size": node.attrs.get("kernel_shape")}
    return decomposed("PatchEmbedding", root, covers, args, attrs, variant=variant)
