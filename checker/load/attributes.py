"""Attributes as plain Python values, with the defaults that the schema and the operator's text state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from checker.load.tensors import elements

if TYPE_CHECKING:
    from checker.graph import Attribute

TENSOR_LIMIT = 1024
"""Elements: a larger tensor attribute is None in ``Node.attrs``."""


def read_attributes(node: Any) -> dict[str, Any]:
    """Return what a NodeProto writes: numbers, strings, tuples, numpy arrays for tensors (None if not stored here)."""
    return {attribute.name: _read(attribute) for attribute in node.attribute}


def _read(attribute: Any) -> Any:
    kind = attribute.type or _guess(attribute)
    if kind == 1:
        return attribute.f
    if kind == 2:
        return attribute.i
    if kind == 3:
        return attribute.s.decode("utf-8", "replace")
    if kind == 4:
        return elements(attribute.t)
    if kind == 6:
        return tuple(attribute.floats)
    if kind == 7:
        return tuple(attribute.ints)
    if kind == 8:
        return tuple(each.decode("utf-8", "replace") for each in attribute.strings)
    return None


def _guess(attribute: Any) -> int:
    """Return the type of an attribute from before IR version 2, which does not say it."""
    for kind, name in ((1, "f"), (2, "i"), (3, "s"), (4, "t"), (5, "g")):
        if attribute.HasField(name):
            return kind
    for kind, name in ((6, "floats"), (7, "ints"), (8, "strings")):
        if len(getattr(attribute, name)):
            return kind
    return 0


def plain(value: Any) -> Attribute:
    """Return an attribute as ``Node.attrs`` holds it: the few elements of a tensor as a tuple."""
    if hasattr(value, "tolist"):
        return tuple(value.ravel().tolist()) if value.size <= TENSOR_LIMIT else None
    return value  # type: ignore[no-any-return]


def given_names(attributes: Mapping[str, Any], bodies: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the attributes that the file itself writes, subgraphs left out."""
    return frozenset(name for name in attributes if name not in bodies)
