"""From what the other rooms found out to the entries of the report, one function for each part of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from checker import growth_entries
from checker.cost_report import (
    BytesMoved,
    KindEntry,
    LiveEntry,
    MemoryEntry,
    MissingEntry,
    NodeCostEntry,
)
from checker.floor import fit_of, floor_of, prefix_of
from checker.partition import inserted_bytes, share_on_accelerator, transfer_bytes
from checker.report import (
    BatchNormEntry,
    Change,
    CompositeEntry,
    CostEntry,
    Counts,
    FindingEntry,
    Model,
    NodeEntry,
    Occurrence,
    Reason,
    Search,
    Simplified,
    SourceEntry,
    TargetEntry,
    Tensor,
    WeightBytes,
)

if TYPE_CHECKING:
    from checker.batchnorm import BatchNorm
    from checker.cost import Cost, KindCost, Memory
    from checker.graph import Composite, Value
    from checker.load import Loaded
    from checker.partition import Segment
    from checker.placement import Placement, Placements
    from checker.readiness_report import Int8Entry
    from checker.resolution import Resolution
    from checker.rules import Finding
    from checker.signature import Place, Signatures
    from checker.target import Source
    from checker.verdict import Tried, Verdict
    from checker.why import Reason as Why

ONNX_DOMAIN = "ai.onnx"
DIGITS = 6
"""Decimal places of shares, so that a report does not change with the order of a sum."""

METADATA_CHARACTERS = 4000
NUMBERS = re.compile(r"\d+")


def share(value: float | None) -> float | None:
    """Round a share of something; only everything is 1."""
    if value is None or value == 1:
        return value
    return min(round(value, DIGITS), 0.999999)


def model(loaded: Loaded, path: str) -> Model:
    """Describe the file; ``path`` as it is to be shown."""
    graph = loaded.graph
    return Model(
        path=path,
        sha256=loaded.sha256,
        sha256_of="file" if loaded.sha256_of == "file" else "structure",
        bytes=loaded.bytes,
        ir_version=graph.ir_version,
        producer=graph.producer,
        opsets={domain or ONNX_DOMAIN: version for domain, version in sorted(graph.opsets.items())},
        inputs=tuple(tensor(value) for value in graph.inputs),
        outputs=tuple(tensor(value) for value in graph.outputs),
        nodes=graph.file_nodes,
        compute_nodes=sum(1 for _ in graph.walk()),
        metadata={key: _short(key, text) for key, text in sorted(graph.metadata.items())},
    )


def _short(key: str, text: str) -> str:
    """Cut a long text of the file's metadata (whole lists of labels are kept there); never a waiver."""
    return (
        text if len(text) <= METADATA_CHARACTERS or key.startswith("edgelint.") else text[:METADATA_CHARACTERS] + " ..."
    )


def tensor(value: Value) -> Tensor:
    """Describe an input or output."""
    return Tensor(value.name, value.dtype, value.shape)


def composites(found: Iterable[Composite]) -> tuple[CompositeEntry, ...]:
    """Describe every occurrence, in the order in which it was found."""
    return tuple(
        CompositeEntry(c.kind, c.form, tuple(node.name for node in c.covers), c.variant, c.scope) for c in found
    )


def batchnorms(found: Iterable[BatchNorm]) -> tuple[BatchNormEntry, ...]:
    """Describe what becomes of each BatchNormalization."""
    return tuple(BatchNormEntry(b.node, b.kind, b.status, b.into, b.reason) for b in found)


def cost(measured: Cost, sizes_taken: Resolution | None) -> CostEntry:
    """Describe the cost, and how it grows with the size of the input."""
    sizes = measured.weight_bytes
    return CostEntry(
        macs=measured.macs,
        parameters=measured.parameters,
        weight_bytes=WeightBytes(sizes["fp32"], sizes["fp16"], sizes["int8"], sizes["stored"]),
        peak_activation_bytes=measured.peak_activation_bytes,
        macs_by_kind={kind: round(part, DIGITS) for kind, part in measured.macs_by_kind.items()},
        growth=growth_entries.growth(sizes_taken),
        pinned_resolution=growth_entries.pinned(sizes_taken),
        complete=measured.complete,
        elementwise_ops=measured.elementwise_ops,
        bytes_moved=BytesMoved(measured.read, measured.written, measured.weights_read, measured.view_bytes),
        arithmetic_intensity=None if measured.intensity is None else round(measured.intensity, DIGITS),
        kinds=tuple(kind(each, measured) for each in measured.kinds),
        memory=memory(measured.memory),
        formula=measured.formula,
        missing=tuple(MissingEntry(gap.what, gap.nodes) for gap in measured.gaps),
        nodes=tuple(
            NodeCostEntry(n.name, n.op, n.kind, n.macs, n.elementwise_ops, n.read, n.written, n.weights, n.parameters)
            for n in measured.nodes
            if n.macs or n.elementwise_ops or n.read or n.written or n.weights
        ),
        resolution=growth_entries.resolution(sizes_taken),
    )


def kind(added_up: KindCost, measured: Cost) -> KindEntry:
    """Describe the nodes of one kind of work."""
    k, total, moved = added_up, measured.macs, measured.bytes_moved
    macs_share = share(k.macs / total) if total else None
    return KindEntry(
        k.kind, k.nodes, k.macs, k.elementwise_ops, k.bytes, macs_share, share(k.bytes / moved) if moved else None
    )


def memory(measured: Memory) -> MemoryEntry:
    """Describe the peak activation memory."""
    return MemoryEntry(
        peak=measured.peak,
        views=measured.views,
        in_place=measured.in_place,
        best_order=measured.best_order,
        best_order_in_place=measured.best_order_in_place,
        optimal=measured.optimal,
        by_precision=dict(measured.by_precision or {}),
        at=measured.at,
        alive=tuple(LiveEntry(each.value, each.node, each.bytes) for each in measured.alive),
        at_least=measured.least,
        formula=measured.formula,
    )


def findings(found: Iterable[Finding], signatures: Signatures) -> tuple[FindingEntry, ...]:
    """Describe what the rules say."""
    return tuple(
        FindingEntry(
            f.rule, f.severity, f.confidence, f.target, f.nodes, f.message, f.fix,
            occurrences(signatures.places(f.nodes), f.nodes, "", ""),
        )
        for f in found
    )  # fmt: skip


def occurrences(places: Iterable[Place], nodes: Sequence[str], op: str, whole: str) -> tuple[Occurrence, ...]:
    """Gather places of one kind; ``whole`` is the condition of a reason that concerns the whole file."""
    if not nodes:
        return (Occurrence(op, NUMBERS.sub("#", whole), "", 1, ()),)
    alike: dict[tuple[str, str, str], list[Place]] = {}
    for place in places:
        alike.setdefault((op or place.op, place.structure, place.scope), []).append(place)
    return tuple(
        Occurrence(*kind, len(found), tuple(name for place in found for name in place.nodes))
        for kind, found in alike.items()
    )


def source(cited: Source) -> SourceEntry:
    """Describe a source."""
    return SourceEntry(cited.id, cited.kind, cited.grade.value, cited.title, cited.version, cited.date, cited.where)


def node(placement: Placement) -> NodeEntry:
    """Describe where one node or composite runs."""
    return NodeEntry(
        name=placement.name,
        op=placement.op,
        covers=placement.covers,
        status=placement.status.value,
        grade=placement.grade.value if placement.grade else None,
        row=placement.row.label if placement.row and placement.decided else "",
        sources=tuple(each.id for each in placement.row.sources) if placement.row and placement.decided else (),
        into=placement.into,
    )


def target(
    formed: Verdict,
    placements: Placements,
    segments: Sequence[Segment],
    measured: Cost,
    signatures: Signatures,
    *,
    after: Simplified | None = None,
    in_int8: Int8Entry | None = None,
) -> TargetEntry:
    """Describe the verdict for one target."""
    counted = placements.offered and measured.proportional and measured.macs
    taken = share_on_accelerator(segments, measured.per_node) if counted else None
    counts = placements.counts()
    cited = {each.id: each for found in formed.reasons for each in found.sources}
    cited.update((each.id, each) for p in placements.compute if p.row and p.decided for each in p.row.sources)
    figures = (formed.target.peak, formed.target.memory)
    cited.update((each.id, each) for figure in figures for each in figure.sources)
    return TargetEntry(
        id=formed.target.id,
        toolchain=formed.target.toolchain,
        precision=formed.precision,
        answer=formed.answer.value,
        grade=formed.grade.value if formed.grade else None,
        counts=Counts(**counts),
        macs_on_accelerator=share(taken),
        segments=len(segments) if placements.offered else 0,
        transfer_bytes=_crossing(placements, segments) if placements.offered else None,
        reasons=tuple(reason(each, signatures) for each in formed.reasons),
        nodes=tuple(node(placement) for placement in placements.compute),
        changes=tuple(change(each) for each in formed.changes),
        search=Search(formed.trials, formed.stopped),
        simplified=after,
        sources=tuple(source(cited[key]) for key in sorted(cited)),
        prefix=prefix_of(placements, segments, measured),
        floor=floor_of(placements, segments, measured),
        fit=fit_of(placements, measured) if placements.offered else None,
        int8=in_int8,
    )


def _crossing(placements: Placements, segments: Sequence[Segment]) -> int | None:
    """Return the bytes that cross between devices: at the borders of segments, and for insertions on the host."""
    crossing, inserted = transfer_bytes(segments), inserted_bytes(placements)
    return None if crossing is None or inserted is None else crossing + inserted


def change(found: Tried) -> Change:
    """Describe a change and what becomes of the file after it."""
    return Change(
        name=found.name,
        what=found.what,
        answer=found.answer.value if found.answer else None,
        nodes=found.nodes,
        cost=found.cost,
        macs_on_accelerator=share(found.share),
        segments=found.segments,
    )


def reason(found: Why, signatures: Signatures) -> Reason:
    """Describe why some nodes are not native."""
    return Reason(
        op=found.op,
        nodes=found.nodes,
        status=found.status,
        constraint=found.constraint,
        here=found.here,
        source=found.source,
        grade=found.grade.value if found.grade else None,
        change=found.change,
        sources=tuple(each.id for each in found.sources),
        occurrences=occurrences(signatures.places(found.nodes), found.nodes, found.op, found.constraint or found.here),
        listed=found.listed,
        stage=found.stage,
        note=found.note,
    )
