"""Nodes that are alike: the same operator, attributes and facts of every argument, whatever they are called.

A network repeats its layers, so a thousand nodes are some dozen different ones.  A constraint that reads the node alone
has one answer for all of a kind, and a table whose rows have only such constraints places all of a kind alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from checker.constraint import Answer
    from checker.graph import Argument, Node, Quant, Value

_MOST: Final = 1 << 14
"""So many nodes, and so many kinds, are remembered."""


@dataclass(slots=True, eq=False)
class Likeness:
    """What nodes of a kind share: the answers of constraints that read the node alone, by the setting of the build."""

    answers: dict[Hashable, dict[str, Answer]] = field(default_factory=dict)

    def of(self, setting: Hashable) -> dict[str, Answer]:
        """Return the answers in a build (precision, recipe, whether the file is quantized), to read and to fill."""
        found = self.answers.get(setting)
        if found is None:
            found = self.answers[setting] = {}
        return found


_KINDS: Final[dict[Hashable, Likeness]] = {}


@lru_cache(maxsize=_MOST)
def likeness(node: Node, form: str = "operator", variant: str = "") -> Likeness:
    """Return what a node shares with those that are alike; the same object for all of them."""
    names: dict[str, int] = {}
    key = (
        node.op,
        node.domain,
        node.since,
        form,
        variant,
        tuple(sorted(node.attrs.items())),
        node.given,
        _arguments(node.args, names),
        _arguments(node.results, names),
        tuple(_facts(value, names) for value in node.inputs),
        tuple(_facts(value, names) for value in node.outputs),
        node if node.bodies else None,
    )
    found = _KINDS.get(key)
    if found is None:
        if len(_KINDS) >= _MOST:
            _KINDS.clear()  # those in use live on in who uses them
        found = _KINDS[key] = Likeness()
    return found


def _arguments(bound: Mapping[str, Argument], names: dict[str, int]) -> Hashable:
    return tuple(
        (name, tuple(_facts(each, names) for each in found) if isinstance(found, tuple) else _facts(found, names))
        for name, found in bound.items()
    )


def _facts(value: Value | None, names: dict[str, int]) -> Hashable:
    """Return everything a constraint can ask of a value; its name only as which of the node's values it is."""
    if value is None:
        return None
    which = names.setdefault(value.name, len(names))
    elements = None if value.const is None else (value.const.dtype.str, value.const.tobytes())
    stored = None if value.payload is None else value.payload.dtype
    return (which, value.dtype, value.shape, value.constant, elements, stored, value.quant and _quant(value.quant))


def _quant(quant: Quant) -> Hashable:
    scale = None if quant.scale is None else (quant.scale.shape, quant.scale.tobytes())
    zero = None if quant.zero_point is None else (quant.zero_point.shape, quant.zero_point.tobytes())
    return (quant.dtype, scale, zero, quant.axis, quant.block_size, quant.assumed)
