"""Making a ``Composite``: its facts under the names of the newest operator schema, and its common module path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from checker import schema
from checker.graph import Composite, Node

if TYPE_CHECKING:
    from checker.graph import Argument, Attribute

OWN_KINDS = frozenset(
    {
        "QuickGelu",
        "Relu6",
        "PatchEmbedding",
        "WindowPartition",
        "WindowReverse",
        "SqueezeExcitation",
        "MultiHeadAttention",
        "TalkingHeadsAttention",
        "LinearAttention",
    }
)
"""Kinds that no ONNX operator is named after; their arguments have the names that this package gives them."""


def decomposed(
    kind: str,
    root: Node,
    covers: Iterable[Node],
    args: Mapping[str, Argument],
    attrs: Mapping[str, Attribute] | None = None,
    *,
    variant: str = "",
    parts: tuple[Composite, ...] = (),
) -> Composite:
    """Return a composite that the file writes as several nodes; ``root`` computes its result."""
    ordered = tuple(sorted({id(node): node for node in covers}.values(), key=lambda node: node.index))
    node = call_node(kind, root, args, attrs or {})
    inner = [value for each in ordered if each is not root for value in each.outputs if value is not None]
    if any(value.quant is not None for value in inner):
        variant = f"{variant}, Q/DQ pairs inside" if variant else "Q/DQ pairs inside"
    return Composite(kind, "decomposed", node, ordered, variant, common_scope(ordered), parts)


def operator(
    kind: str,
    node: Node,
    args: Mapping[str, Argument],
    attrs: Mapping[str, Attribute] | None = None,
    variant: str = "",
) -> Composite:
    """Return a composite that is one node of the file."""
    return Composite(kind, "operator", call_node(kind, node, args, attrs or {}), (node,), variant, node.scope)


def call_node(kind: str, root: Node, args: Mapping[str, Argument], attrs: Mapping[str, Attribute]) -> Node:
    """Return one call of the newest operator called ``kind`` that computes what ``root`` does."""
    newest = None if kind in OWN_KINDS else schema.newest(kind)
    filled: dict[str, Attribute] = {}
    bound: dict[str, Argument] = {}
    results: dict[str, Argument] = {}
    if newest is not None:
        filled = {name: each.default for name, each in newest.attributes.items() if each.default is not None}
        bound = {formal.name: None for formal in newest.inputs}
        results = {
            formal.name: root.outputs[position] if position < len(root.outputs) and not position else None
            for position, formal in enumerate(newest.outputs)
        }
    filled.update(attrs)
    bound.update(args)
    inputs = tuple(each for each in bound.values() if not isinstance(each, tuple))
    return Node(
        name=root.name,
        op=kind,
        since=newest.since if newest is not None else 0,
        attrs=MappingProxyType(filled),
        given=frozenset(attrs),
        args=MappingProxyType(bound),
        results=MappingProxyType(results),
        inputs=inputs,
        outputs=root.outputs[:1],
        scope=root.scope,
        index=root.index,
    )


def common_scope(nodes: Iterable[Node]) -> str:
    """Return the module path that all nodes share; nodes without one are left aside."""
    shared: list[str] | None = None
    for node in nodes:
        if not node.scope:
            continue
        path = node.scope.split(".")
        if shared is None:
            shared = path
            continue
        length = 0
        while length < min(len(shared), len(path)) and shared[length] == path[length]:
            length += 1
        shared = shared[:length]
    return ".".join(shared or [])
