"""Names: one for every node, stable and unique, and the module that it came from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from checker.load.order import subgraphs

_SCOPES = "pkg.torch.onnx.name_scopes"
_NAMESPACE = "namespace"
_QUOTED = re.compile(r"['\"]([^'\"]*)['\"]")


class Namer:
    """Gives every node of a model its name in the report.

    The file's own name where it is unique and not empty, else operator and position: names of shipped files are
    often empty or repeated, and that is no error.
    """

    def __init__(self, graph: Any) -> None:
        """Count the names of all nodes, nested ones too."""
        self._written = Counter(node.name for node in every_node(graph))
        self._given: set[str] = set()
        self._taken_values: set[str] = set()

    @property
    def nodes(self) -> int:
        """Number of nodes in the file, nested ones too."""
        return self._written.total()

    def fork(self) -> Namer:
        """Return a copy that gives names without taking them from this one."""
        other = object.__new__(Namer)
        other._written = self._written
        other._given = set(self._given)
        other._taken_values = set(self._taken_values)
        return other

    def node(self, written: str, op: str, index: int) -> str:
        """Return the name for a node; ``index`` is its position in the file."""
        if written and self._written[written] == 1:
            name = written
        else:
            name = f"{op}_{index}"
            while name in self._written or name in self._given:
                name += "_"
        self._given.add(name)
        return name

    def reserve(self, names: set[str]) -> None:
        """Keep value names of the main graph from being given to values of a body."""
        self._taken_values |= names

    def value(self, name: str) -> str:
        """Return a name for a body's value that no other value has."""
        unique, number = name, 1
        while unique in self._taken_values:
            unique, number = f"{name}_{number}", number + 1
        self._taken_values.add(unique)
        return unique


def every_node(graph: Any) -> Iterator[Any]:
    """Yield the NodeProtos of a graph and of its subgraphs."""
    for node in graph.node:
        yield node
        if any(attribute.HasField("g") or len(attribute.graphs) for attribute in node.attribute):
            for body in subgraphs(node).values():
                yield from every_node(body)


def scope_of(node: Any) -> str:
    """Return the module path that the exporter left on a node, ``"encoder.layer.0.attention"``; empty if it left none.

    The dynamo exporter writes it as metadata; the TorchScript exporter as the node's name, one ``/`` a module.
    """
    for entry in node.metadata_props:
        if entry.key == _SCOPES:
            return _from_scopes(entry.value)
    for entry in node.metadata_props:
        if entry.key == _NAMESPACE:
            parts = [part.split(":")[0].strip() for part in entry.value.split("/")]
            return _deepest(parts[:-1])
    return _from_path(node.name) if node.name.startswith("/") else ""


def _from_path(name: str) -> str:
    """``/blocks/blocks.0/norm1/Add``: a member of a list repeats the list's name."""
    parts = [part for part in name.split("/")[1:-1] if part]
    kept = [part for part, after in pairwise(parts) if not after.startswith(f"{part}.")]
    return ".".join((*kept, *parts[-1:]))


def _from_scopes(text: str) -> str:
    # a Python list of strings; the last entry is the operator call itself
    return _deepest(_QUOTED.findall(text)[:-1])


def _deepest(parts: list[str]) -> str:
    return next((part for part in reversed(parts) if part), "")
