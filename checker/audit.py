"""One model against some targets: load, recognise, measure, place, judge, and put it all into a ``Report``.

Pure orchestration.  Neither torch nor onnxruntime is ever imported here, and a weight is read only where a rule or a
BatchNormalization needs it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker import __version__, batchnorm, entries, growth_entries, resolution, rules, targets
from checker.composites import raise_composites
from checker.cost import measure
from checker.errors import InputError
from checker.load import load_bytes, load_file, read_tensor
from checker.load.pinned import pinned
from checker.partition import partition, share_on_accelerator
from checker.place import place
from checker.readiness import readiness
from checker.report import SCHEMA_VERSION, Report, Simplified, Tool
from checker.signature import Signatures
from checker.verdict import Shop, audit_all
from checker.verdict import audit as judge

if TYPE_CHECKING:
    from checker.cost import Cost
    from checker.graph import Array, Composite, Graph, Value
    from checker.load import Loaded
    from checker.partition import Segment
    from checker.placement import Placements
    from checker.readiness_report import Int8Entry
    from checker.target import Target


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked of every model.

    ``targets``: in the order of the report.  ``precision``: None for each target's default.  ``select``, ``ignore``:
    ids of rules.  ``simplify``: add the verdict after onnxsim.  ``whole_hash``: hash the weights in the file too.
    ``resolutions``: sizes of the input that are asked about, (height, width) or one length.  ``int8``: say what each
    target would run in int8, also where the verdict is about another precision.  ``weights``: rules may read them.
    ``improve``: look for changes that would better a verdict also where the file builds, and say what a toolchain wants
    done to the file first.
    """

    targets: tuple[Target, ...]
    precision: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    simplify: bool = False
    whole_hash: bool = False
    resolutions: tuple[tuple[int, ...], ...] = ()
    int8: bool = False
    weights: bool = False
    improve: bool = True

    def __post_init__(self) -> None:
        """See that some target offers the precision.

        Raises:
            InputError: none does.
        """
        if self.precision is None or not self.targets:
            return
        if not any(self.precision in target.precision for target in self.targets):
            offers = "; ".join(f"{t.id} offers {', '.join(t.precision)}" for t in self.targets[:3])
            more = "" if len(self.targets) <= 3 else " ..."
            raise InputError(f"precision {self.precision}: no target that was asked for offers it ({offers}{more})")


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """A report, and what it was made from: for renderers that draw the network.

    ``segments``: those of each target, in the order of the report's targets.
    """

    report: Report
    graph: Graph
    composites: tuple[Composite, ...]
    cost: Cost
    segments: tuple[tuple[Segment, ...], ...]


def read_targets(asked: Sequence[str], opsets: Sequence[str | Path] = ()) -> tuple[Target, ...]:
    """Read the targets that are asked for by id or vendor's name, or all of them.

    Args:
        asked: empty for all.
        opsets: folders with more target files.

    Raises:
        InputError: no such target, or a malformed file.
    """
    return targets.find(asked, opsets) if asked else targets.read_all(opsets)


def check(
    model: str | Path | bytes | Any,
    targets: Sequence[str] = (),
    *,
    precision: str | None = None,
    opsets: Sequence[str | Path] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    simplify: bool = False,
    whole_hash: bool = False,
    resolutions: Sequence[tuple[int, ...]] = (),
) -> Report:
    """Audit one model.

    Args:
        model: path of an ONNX file, or a ModelProto or its bytes.
        targets: ids or vendors' names; none for every target.
        precision: ``fp32``, ``fp16``, ``bf16``, ``int8``, ``int16`` or ``a16w8``; None for each target's default.
        opsets: folders with more target files.
        select: only these rules' findings; none for all.
        ignore: not these rules' findings.
        simplify: add the verdict after onnxsim (extra ``simplify``; reads the weights).
        whole_hash: hash the weights in the file too.
        resolutions: sizes of the input to report on too, as (height, width) or one length.

    Raises:
        InputError: the model or a table cannot be used, or no such target; the message is one line.
    """
    settings = Settings(
        targets=read_targets(targets, opsets),
        precision=precision,
        select=tuple(select),
        ignore=tuple(ignore),
        simplify=simplify,
        whole_hash=whole_hash,
        resolutions=tuple(resolutions),
        int8=bool(targets),
        improve=bool(targets),
    )
    return audit(model, settings)


def audit(model: str | Path | bytes | Any, settings: Settings, *, shown_as: str | None = None) -> Report:
    """Audit one model with settings that were read before; ``shown_as`` is the path in the report.

    Raises:
        InputError: the model cannot be used.
    """
    return examine(model, settings, shown_as=shown_as).report


def examine(
    model: str | Path | bytes | Any,
    settings: Settings,
    *,
    shown_as: str | None = None,
    watch: Callable[[str], None] | None = None,
) -> Examined:
    """Audit one model as ``audit`` does, and keep what the report was made from.

    ``watch`` is called with each target's id, once its verdict is formed.

    Raises:
        InputError: the model cannot be used.
    """
    if isinstance(model, (str, Path)):
        loaded = load_file(model, whole_hash=settings.whole_hash)
        path = shown_as or os.fspath(model)
    else:
        loaded, path = load_bytes(model), "<memory>"
    graph = loaded.graph
    composites = raise_composites(graph)
    norms = batchnorm.judge(graph, composites)
    cost = measure(graph, composites, orders=True)
    sizes = resolution.examine(loaded, settings.resolutions, cost)
    simpler = _simplified(loaded, model) if settings.simplify else None
    shop = Shop(lambda sizes: pinned(loaded, sizes))
    shop.knows(graph, composites)
    signatures = Signatures(graph, composites)
    found, cut = [], []
    judged = audit_all(graph, composites, settings.targets, settings.precision, shop, improve=settings.improve)
    for placements, verdict in judged:
        after = _after(simpler, verdict.target, settings.precision) if simpler is not None else None
        segments = partition(placements)
        cut.append(segments)
        if watch is not None:
            watch(verdict.target.id)
        in_int8 = _in_int8(placements, composites, cost, wanted=settings.int8)
        found.append(entries.target(verdict, placements, segments, cost, signatures, after=after, in_int8=in_int8))
    precisions = frozenset((*(entry.precision for entry in found), *("int8" for entry in found if entry.int8)))
    subject = rules.Subject(
        graph,
        composites,
        norms,
        resolution=sizes,
        precisions=precisions,
        read=_reader(loaded, settings),
        targets=settings.targets if settings.improve else (),
    )
    report = Report(
        schema_version=SCHEMA_VERSION,
        tool=Tool("edgelint", __version__, targets.tables_sha256(settings.targets)),
        model=entries.model(loaded, os.fsencode(path).decode("utf-8", "replace")),
        composites=entries.composites(composites),
        batchnorm=entries.batchnorms(norms),
        cost=entries.cost(cost, sizes),
        targets=tuple(found),
        findings=entries.findings(rules.run(subject, settings.select, settings.ignore), signatures),
        resolutions=growth_entries.asked(sizes, settings.targets, settings.precision) if settings.resolutions else (),
    )
    return Examined(report, graph, tuple(composites), cost, tuple(cut))


def _in_int8(placements: Placements, composites: Sequence[Composite], cost: Cost, *, wanted: bool) -> Int8Entry | None:
    """Say what runs in int8; where the verdict is about another precision the file is placed once more for it."""
    if placements.precision != "int8" and wanted and "int8" in placements.target.precision:
        placements = place(placements.graph, composites, placements.target, "int8")
    return readiness(placements, cost)


def _reader(loaded: Loaded, settings: Settings) -> Callable[[Value], Array | None] | None:
    """Return what reads a weight; None where no rule may.

    Raises:
        InputError: weights are to be read, and some are missing.
    """
    if not settings.weights:
        return None
    missing = next((each for each in loaded.graph.problems if each.rule == "external-data-missing"), None)
    if missing is not None:
        raise InputError(f"--weights: {missing.message}")
    return lambda value: read_tensor(value, loaded)


def _simplified(loaded: Loaded, model: Any) -> Graph:
    from checker.simplify import simplified

    return simplified(loaded.path if loaded.path is not None else model)


def _after(graph: Graph, target: Target, precision: str | None) -> Simplified:
    """Return the verdict on the simplified graph."""
    composites = raise_composites(graph)
    placements, verdict = judge(graph, composites, target, precision)
    segments, cost = partition(placements), measure(graph, composites)
    taken = share_on_accelerator(segments, cost.per_node) if cost.complete and cost.macs else None
    return Simplified(verdict.answer.value, sum(1 for _ in graph.walk()), entries.share(taken), len(segments))
