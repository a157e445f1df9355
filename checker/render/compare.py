"""The rows of a comparison, for every format that is read by people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from checker.render import growth_words
from checker.render.words import percent, quantity, size

if TYPE_CHECKING:
    from checker.sides import Beside, SideModel, SideTarget, TargetPair

SHOWN = 5
"""So many kinds, layers and reasons are listed."""


def names(found: Beside) -> tuple[str, str]:
    """Name the models: the files' names, or the whole paths where these are the same."""
    paths = found.a.model.path, found.b.model.path
    short = tuple(PurePath(path).name or path for path in paths)
    return paths if short[0] == short[1] else (short[0], short[1])


def rows(found: Beside) -> Iterator[tuple[str, str, str]]:
    """Yield what both models are and cost, as label and two cells."""
    one, two = dict(_of(found.a)), dict(_of(found.b))
    for label in dict.fromkeys((*one, *two)):
        yield label, one.get(label, "-"), two.get(label, "-")


def _of(side: SideModel) -> Iterator[tuple[str, str]]:
    model = side.model
    yield "opset", ", ".join(f"{domain} {version}" for domain, version in model.opsets.items()) or "none"
    yield "nodes", f"{model.nodes}, {model.compute_nodes} left after folding"
    yield "layers", _listed({kind: str(count) for kind, count in side.composites.items()}) or "none recognised"
    yield "MACs", quantity(side.macs) + ("" if side.complete else " at least")
    yield "by kind", _listed({kind: percent(share) for kind, share in side.macs_by_kind.items()}) or "-"
    yield "parameters", quantity(side.parameters)
    yield "weights", f"{size(side.weight_bytes.stored)} as stored, {size(side.weight_bytes.int8)} in int8"
    peak = side.peak_activation_bytes
    yield "activations", "not known" if peak is None else f"{size(peak)} at the peak"
    if side.growth.macs is not None:
        memory = side.growth.peak_activation_bytes
        grows = f"MACs ~ {side.growth.per}^{side.growth.macs:.2f}{growth_words.parts(side.growth)}"
        yield "growth", grows + ("" if memory is None else f", memory ~ ^{memory:.2f}")
    else:
        yield "growth", "not known"
    yield "sizes", "-" if side.resolution is None else growth_words.taken(side.resolution)


def _listed(entries: Mapping[str, str]) -> str:
    few = [f"{said} {kind}" for kind, said in list(entries.items())[:SHOWN]]
    return ", ".join(few) + (", ..." if len(entries) > SHOWN else "")


def cell(side: SideTarget) -> str:
    """Write a verdict with its share, pieces and bytes: ``READY_WITH_FALLBACK fp16 96.9% in 231 segments``."""
    said = f"{side.answer} {side.precision}"
    if side.answer in {"READY", "READY_WITH_FALLBACK"}:
        share = "" if side.macs_on_accelerator is None else f" {percent(side.macs_on_accelerator)}"
        said += f"{share} in {side.segments} segment" + ("" if side.segments == 1 else "s")
    if side.transfer_bytes:
        said += f", {size(side.transfer_bytes)} cross"
    if side.int8 is not None:
        share = "" if side.int8.macs_on_accelerator is None else f" {percent(side.int8.macs_on_accelerator)}"
        other = _listed({kind: str(count) for kind, count in side.int8.runs_as.items()})
        said += f"; int8: {side.int8.answer}{share}" + (f", not in int8: {other}" if other else "")
    return said


def reasons(pair: TargetPair) -> Iterator[str]:
    """Yield the reasons that only one of the models has."""
    for name, only in (("A", pair.only_a), ("B", pair.only_b)):
        for reason in only[:SHOWN]:
            what = reason.op if reason.nodes <= 1 else f"{reason.op} x {reason.nodes}"
            yield f"only {name}: {what or 'the whole file'}: {reason.status}" + (
                f", {reason.why}" if reason.why else ""
            )
        if len(only) > SHOWN:
            yield f"only {name}: and {len(only) - SHOWN} more"


def summary(found: Beside) -> str:
    """Say on how many targets which is easier."""
    counts = found.easier
    if not found.targets:
        return "no target was asked for"
    said = f"A is easier on {counts['a']}, B on {counts['b']}, alike on {counts['same']}"
    return said + (f", not known on {counts['unclear']}" if counts["unclear"] else "") + f" of {len(found.targets)}"
