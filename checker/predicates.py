"""Named predicates for what the constraint language has no word for.

A predicate takes the node and its graph and answers True, False, or None where the model does not say.  A table uses
its name as a fact.  Taking facts away may only turn an answer into None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from checker.graph import Graph, Node, Value

Predicate = Callable[[Node, Graph], bool | None]


def depthwise(node: Node, _: Graph) -> bool | None:
    """Tell whether a convolution works on every channel for itself: as many groups as input channels, more than one."""
    data, group = node.args.get("X"), node.attrs.get("group")
    if not isinstance(data, Value) or not isinstance(group, int):
        return None
    if group == 1:
        return False
    channels = data.shape[1] if data.shape is not None and len(data.shape) > 1 else None
    return channels == group if isinstance(channels, int) else None


PREDICATES: Final[dict[str, Predicate]] = {"depthwise": depthwise}
