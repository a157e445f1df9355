"""Which nodes run together on one device, and what crosses between devices.

Nodes of one device belong together as long as no way between them leads over the other device, as partitioners of
real runtimes group them.  Everything that is not taken runs on the host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from checker.graph import Graph, Node, Value
from checker.placement import Placements

Device = Literal["accelerator", "host"]
Place = tuple[int, Device]
"""A segment: how often the way to it changes device, and the device."""

FLOAT_BYTES: Final[Mapping[str, int]] = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1, "int16": 2, "a16w8": 2}
"""Bytes of an activation that the file has as a float, by precision of the build."""

_BYTES: Final[Mapping[str, int]] = {"bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4}


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Nodes that run on one device without leaving it.

    ``bytes_in``, ``bytes_out``: activations that come from, or go to, another device in one inference; inputs and
    outputs of the file are not counted.  None where a shape is not known.
    """

    device: Device
    nodes: tuple[Node, ...]
    bytes_in: int | None
    bytes_out: int | None


def partition(placements: Placements) -> tuple[Segment, ...]:
    """Group the compute nodes of a file into segments, in the order in which they can run.

    Nodes in bodies of If, Loop and Scan go with their owner.  Where the target takes only one subgraph, the first on
    the accelerator stands and the rest is host; where a whole-file rule sends everything to the host, all of it.
    """
    graph = placements.graph
    found = _groups(placements)
    place_of = {id(node): key for key, nodes in found.items() for node in nodes}
    return tuple(
        Segment(
            key[1],
            tuple(found[key]),
            _sum(_entering(graph, found[key], place_of, key), placements.precision),
            _sum(_leaving(graph, found[key], place_of, key), placements.precision),
        )
        for key in sorted(found)
    )


def groups(placements: Placements) -> tuple[tuple[Device, tuple[Node, ...]], ...]:
    """Group the compute nodes of a file as ``partition`` does, without the bytes."""
    found = _groups(placements)
    return tuple((key[1], tuple(found[key])) for key in sorted(found))


def _groups(placements: Placements) -> dict[Place, list[Node]]:
    graph = placements.graph
    devices = _devices(placements)
    phases = _phases(graph, devices)
    if placements.target.partition == "one-subgraph":
        first = min((phases[key] for key, device in devices.items() if device == "accelerator"), default=0)
        devices = {key: device if phases[key] == first else "host" for key, device in devices.items()}
        phases = _phases(graph, devices)
    found: dict[Place, list[Node]] = {}
    for node in graph.nodes:
        found.setdefault((phases[id(node)], devices[id(node)]), []).append(node)
    return found


def transfer_bytes(segments: Sequence[Segment]) -> int | None:
    """Return the bytes that cross between devices in one inference; None where a shape is not known."""
    total = 0
    for segment in segments:
        if segment.bytes_in is None:
            return None
        total += segment.bytes_in
    return total


def inserted_bytes(placements: Placements) -> int | None:
    """Return the bytes that cross for what compilers add on the host; None where a shape is not known.

    Each insertion fetches a tensor and gives it back: the first operand of the layer that it is added to.
    """
    total = 0
    for placement in placements.compute:
        count = sum(insert.on == "host" for insert in placement.inserts) if placement.status.taken else 0
        if not count or not placement.nodes:
            continue
        given = next((v for v in placement.nodes[0].inputs if v is not None and not v.constant), None)
        size = None if given is None else _sum({given.name: given}, placements.precision)
        if size is None:
            return None
        total += 2 * count * size
    return total


def share_on_accelerator(segments: Sequence[Segment], macs: Mapping[str, int] | None = None) -> float | None:
    """Return the share of the work on the accelerator, 0 to 1.

    Args:
        segments: all segments of a file.
        macs: multiply-accumulates by node name; None, or none of them above 0, to count nodes instead.

    Returns:
        None for a file without compute nodes.
    """
    nodes = [(segment.device, node) for segment in segments for node in segment.nodes]
    weights = [macs.get(node.name, 0) if macs else 1 for _, node in nodes]
    if not sum(weights):
        weights = [1] * len(nodes)
    total = sum(weights)
    taken = sum(weight for weight, (device, _) in zip(weights, nodes, strict=True) if device == "accelerator")
    return taken / total if total else None


def _devices(placements: Placements) -> dict[int, Device]:
    if any(each.failed and not each.rule.host for each in placements.file):
        return {id(node): "host" for node in placements.graph.nodes}
    taken = {id(node) for placement in placements.items if placement.status.taken for node in placement.nodes}
    return {id(node): "accelerator" if id(node) in taken else "host" for node in placements.graph.nodes}


def _phases(graph: Graph, devices: Mapping[int, Device]) -> dict[int, int]:
    """Number the nodes by how often a way from the inputs has to change device before them."""
    phases: dict[int, int] = {}
    made: dict[str, tuple[int, Device]] = {}
    for node in graph.nodes:
        phase, device = 0, devices[id(node)]
        for value in (*node.inputs, *node.implicit):
            before = made.get(value.name) if value is not None else None
            if before is not None:
                phase = max(phase, before[0] + (before[1] != device))
        phases[id(node)] = phase
        for value in node.outputs:
            if value is not None:
                made[value.name] = (phase, device)
    return phases


def _entering(graph: Graph, nodes: Sequence[Node], place_of: Mapping[int, Place], here: Place) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for node in nodes:
        for value in (*node.inputs, *node.implicit):
            before = graph.producer_of(value) if value is not None else None
            if value is not None and before is not None and place_of[id(before)][1] != here[1]:
                found[value.name] = value
    return found


def _leaving(graph: Graph, nodes: Sequence[Node], place_of: Mapping[int, Place], here: Place) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for node in nodes:
        for value in node.outputs:
            if value is not None and any(place_of[id(user)][1] != here[1] for user in graph.users_of(value)):
                found[value.name] = value
    return found


def _sum(values: Mapping[str, Value], precision: str) -> int | None:
    total = 0
    for value in values.values():
        if value.size is None:
            return None
        is_float = value.dtype is None or "float" in value.dtype
        total += value.size * (FLOAT_BYTES[precision] if is_float else _BYTES.get(value.dtype or "", 8))
    return total
