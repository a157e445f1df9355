"""Nodes in an order in which they can be computed, and what is wrong with the names that connect them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from checker.errors import InputError


@dataclass(slots=True, eq=False)
class Raw:
    """A node of the file with its lists read out once.

    ``position``: place in its own graph.  ``bodies``: subgraphs by attribute name.  ``free``: outer names that the
    bodies use.
    """

    proto: Any
    op: str
    domain: str
    inputs: list[str]
    outputs: list[str]
    position: int
    bodies: Mapping[str, Any]
    free: Sequence[str]


_NO_BODIES: Mapping[str, Any] = {}
_WITH_BODIES = frozenset({"If", "Loop", "Scan", "SequenceMap"})


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The nodes of a graph: as the file has them, in an order of computation, and whether the two differ.

    ``defined``: names that the graph has before its first node.
    """

    nodes: Sequence[Raw]
    ordered: Sequence[Raw]
    unsorted: bool
    defined: AbstractSet[str]


def plan_of(graph: Any, outer: Iterable[str], where: str) -> Plan:
    """Read the nodes of a GraphProto and put them in order; ``outer``: names that a body can see.

    Raises:
        InputError: the names of the graph do not fit together.
    """
    nodes, defined = read_nodes(graph), defined_names(graph)
    ordered, unsorted = arrange(nodes, defined, outer, where)
    return Plan(nodes, ordered, unsorted, defined)


def read_nodes(graph: Any) -> list[Raw]:
    """Read the nodes of a GraphProto in file order."""
    nodes = []
    for position, proto in enumerate(graph.node):
        domain = proto.domain
        bodies = subgraphs(proto) if proto.op_type in _WITH_BODIES or domain else _NO_BODIES
        free = [name for body in bodies.values() for name in free_names(body)] if bodies else ()
        nodes.append(
            Raw(
                proto,
                proto.op_type,
                "" if domain == "ai.onnx" else domain,
                list(proto.input),
                list(proto.output),
                position,
                bodies,
                free,
            )
        )
    return nodes


def subgraphs(node: Any) -> dict[str, Any]:
    """Return the GraphProtos in a node's attributes by name; those of a list are numbered."""
    found: dict[str, Any] = {}
    for attribute in node.attribute:
        if attribute.HasField("g"):
            found[attribute.name] = attribute.g
        for number, graph in enumerate(attribute.graphs):
            found[f"{attribute.name}[{number}]"] = graph
    return found


def free_names(graph: Any) -> list[str]:
    """Return the names that a subgraph uses and does not define, each once, in order of use."""
    known = defined_names(graph)
    found: dict[str, None] = {}
    for node in graph.node:
        for name in node.input:
            if name and name not in known:
                found[name] = None
        for body in subgraphs(node).values():
            for name in free_names(body):
                if name not in known:
                    found[name] = None
        known.update(node.output)
    # a body may hand an outer value straight through
    for output in graph.output:
        if output.name and output.name not in known:
            found[output.name] = None
    return list(found)


def defined_names(graph: Any) -> set[str]:
    """Return the names that exist before the first node runs: inputs and stored weights."""
    known = {value.name for value in graph.input}
    known.update(tensor.name for tensor in graph.initializer)
    known.update(sparse.values.name for sparse in graph.sparse_initializer)
    return known


def arrange(nodes: list[Raw], defined: set[str], outer: Iterable[str], where: str) -> tuple[list[Raw], bool]:
    """Return the nodes in an order in which they can be computed, and whether the file had another one.

    Raises:
        InputError: two nodes produce one value, a value is used that nobody produces, or the graph has a cycle.
    """
    producer: dict[str, Raw] = {}
    for node in nodes:
        for name in node.outputs:
            if name:
                if name in producer or name in defined:
                    raise InputError(f"{where}: the value {name!r} is produced twice; every name must be unique")
                producer[name] = node
    known = defined.union(outer)
    if _in_order(nodes, set(known)):
        return nodes, False
    return _sort(nodes, producer, known, where), True


def _in_order(nodes: list[Raw], known: set[str]) -> bool:
    known.add("")
    for node in nodes:
        if not known.issuperset(node.inputs) or not known.issuperset(node.free):
            return False
        known.update(node.outputs)
    return True


def _sort(nodes: list[Raw], producer: Mapping[str, Raw], known: set[str], where: str) -> list[Raw]:
    waits: dict[int, int] = {}
    feeds: dict[int, list[Raw]] = {}
    ready: deque[Raw] = deque()
    for node in nodes:
        sources: dict[int, Raw] = {}
        for name in (*node.inputs, *node.free):
            if not name or name in known:
                continue
            if name not in producer:
                raise InputError(f"{where}: {label(node)} uses the value {name!r}, which nothing produces")
            sources[producer[name].position] = producer[name]
        waits[node.position] = len(sources)
        for position in sources:
            feeds.setdefault(position, []).append(node)
        if not sources:
            ready.append(node)
    done: list[Raw] = []
    while ready:
        node = ready.popleft()
        done.append(node)
        for user in feeds.get(node.position, ()):
            waits[user.position] -= 1
            if not waits[user.position]:
                ready.append(user)
    if len(done) < len(nodes):
        stuck = next(node for node in nodes if waits[node.position])
        raise InputError(f"{where}: the graph has a cycle, {label(stuck)} depends on its own output")
    return done


def label(node: Raw) -> str:
    """Return how a message names a node of the file."""
    return f"node {node.proto.name!r} ({node.op})" if node.proto.name else f"node {node.position} ({node.op})"
