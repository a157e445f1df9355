"""Report facts in words and figures, for every renderer that is read by people."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from checker.results import plain, sentence
from checker.stages import STAGES

if TYPE_CHECKING:
    from checker.report import Change, Reason, Report, Simplified, TargetEntry, Tensor

INPUTS_SHOWN = 6
KINDS_SHOWN = 8
FEW_NAMES = 6
"""So many names are written out; more are condensed."""


def visible(text: str) -> str:
    """Write control characters as escapes, so that a name from a file cannot steer the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def quantity(number: int) -> str:
    """Write a count with three digits and a decimal prefix: ``1.82 G``, ``11.7 M``, ``960``."""
    value = float(number)
    for prefix in ("", " k", " M", " G"):
        if value < 999.5:
            return f"{number}" if not prefix else f"{value:.3g}{prefix}"
        value /= 1000
    return f"{value:.4g} T"


def size(number: int) -> str:
    """Write bytes with three digits and a binary prefix: ``44.6 MiB``."""
    value = float(number)
    for prefix in ("", "Ki", "Mi", "Gi"):
        if value < 1000:
            return f"{value:.3g} {prefix}B" if prefix else f"{number} B"
        value /= 1024
    return f"{value:.4g} TiB"


def tensor(value: Tensor) -> str:
    """Write ``x float32 [1, 3, 224, 224]``; ``?`` is an axis that the file leaves open."""
    dims = (
        "of unknown rank"
        if value.shape is None
        else f"[{', '.join('?' if d is None else str(d) for d in value.shape)}]"
    )
    return f"{value.name} {value.dtype or 'of unknown type'} {dims}"


def facts(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the header's lines as label and text."""
    model = report.model
    opsets = ", ".join(f"{domain} {version}" for domain, version in model.opsets.items()) or "none imported"
    yield "opset", f"{opsets}; IR version {model.ir_version}" + (f"; by {model.producer}" if model.producer else "")
    for label, values in (("inputs", model.inputs), ("outputs", model.outputs)):
        listed = [tensor(v) for v in values[:INPUTS_SHOWN]]
        if len(values) > INPUTS_SHOWN:
            listed.append(f"and {len(values) - INPUTS_SHOWN} more")
        yield label, ", ".join(listed) or "none"
    symbols = dynamic_dimensions(model.inputs)
    if symbols:
        yield "dynamic", f"{', '.join(symbols)}: pin by exporting again with fixed input shapes"
    yield "nodes", f"{model.nodes} in the file, {model.compute_nodes} after constants and shape arithmetic are folded"
    if report.composites:
        yield "layers", composites(report)
    if report.batchnorm:
        states = Counter(f"{entry.status} {entry.kind}" for entry in report.batchnorm)
        yield "batch norm", ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


def dynamic_dimensions(inputs: Sequence[Tensor]) -> list[str]:
    """Name the open dimensions of the inputs: ``batch``, ``axis 2 of x``, ``the rank of y``."""
    named: dict[str, None] = {}
    for value in inputs:
        if value.shape is None:
            named[f"the rank of {value.name}"] = None
            continue
        for axis, dim in enumerate(value.shape):
            if isinstance(dim, str):
                named[dim] = None
            elif dim is None:
                named[f"axis {axis} of {value.name}"] = None
    return list(named)


def composites(report: Report) -> str:
    """Summarise what was recognised: ``12 LayerNormalization (decomposed), 6 Gelu``."""
    counted = Counter((entry.kind, entry.form) for entry in report.composites)
    listed = [
        f"{count} {kind}" + (" (decomposed)" if form == "decomposed" else "")
        for (kind, form), count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]
    if len(listed) > KINDS_SHOWN:
        listed[KINDS_SHOWN:] = [f"and {len(listed) - KINDS_SHOWN} more kinds"]
    return ", ".join(listed)


def percent(fraction: float) -> str:
    """Write a share; only exactly everything is 100 %, only exactly nothing 0 %."""
    if fraction in {0.0, 1.0}:
        return f"{fraction:.0%}"
    return f"{min(max(fraction * 100, 0.1), 99.9):.1f}%"


def nodes_share(target: TargetEntry) -> float | None:
    """Return the share of compute nodes that the accelerator takes; None where there are none."""
    counts = target.counts
    taken = counts.native + counts.folded + counts.decomposed
    total = taken + counts.fallback + counts.unsupported + counts.unknown
    return taken / total if total else None


def share(target: TargetEntry) -> str:
    """Write what part of the work the accelerator does, in MACs, or in nodes where MACs are not known."""
    if target.macs_on_accelerator is not None:
        return percent(target.macs_on_accelerator)
    fraction = nodes_share(target)
    return "-" if fraction is None else f"{percent(fraction)} nodes"


def placement(target: TargetEntry) -> str:
    """Say in one sentence what runs where."""
    counted = [f"{n} {name}" for name, n in _counts(target) if n]
    if target.macs_on_accelerator is not None:
        where = f"{percent(target.macs_on_accelerator)} of the MACs on the accelerator"
    else:
        fraction = nodes_share(target)
        where = "nothing to compute" if fraction is None else f"{percent(fraction)} of the nodes on the accelerator"
    crossing = "" if not target.transfer_bytes else f", {size(target.transfer_bytes)} cross between devices"
    segments = "1 segment" if target.segments == 1 else f"{target.segments} segments"
    return f"nodes: {', '.join(counted) or 'none'}; {where}; {segments}{crossing}"


def _counts(target: TargetEntry) -> Iterator[tuple[str, int]]:
    counts = target.counts
    for name in ("native", "folded", "decomposed", "fallback", "unsupported", "unknown"):
        yield name, getattr(counts, name)


def change_outcome(change: Change) -> str:
    """Write the answer after a change and what the change asks."""
    if change.answer is None:
        return "the table says so"
    return f"{change.answer} (cost: {change.cost})" if change.cost else f"{change.answer} (tried)"


def change_facts(change: Change) -> str:
    """Say what becomes of the file after a change, and what it asks."""
    if change.answer is None:
        return "the table says so; it cannot be tried in memory"
    facts = [f"cost: {change.cost}"] if change.cost else []
    if change.macs_on_accelerator is not None:
        facts.append(f"{percent(change.macs_on_accelerator)} on the accelerator")
    if change.segments is not None:
        facts.append("1 segment" if change.segments == 1 else f"{change.segments} segments")
    if change.nodes:
        facts.append(f"{len(change.nodes)} nodes")
    return ", ".join(facts)


def simplified(after: Simplified) -> str:
    """Say what onnxsim would change."""
    accelerated = "" if after.macs_on_accelerator is None else f", {percent(after.macs_on_accelerator)} of the MACs"
    return (
        f"after onnxsim: {after.answer} ({after.compute_nodes} compute nodes, {after.segments} segments{accelerated})"
    )


def reason_head(reason: Reason) -> str:
    """Name what is concerned and what becomes of it: ``Softmax x 2: fallback``."""
    return f"{concerned(reason)}: {reason.status}"


def concerned(reason: Reason) -> str:
    """Name what a reason is about: ``Softmax x 2``, ``Conv``, ``the whole file``."""
    if not reason.op:
        return "the whole file"
    return reason.op if len(reason.nodes) <= 1 else f"{reason.op} x {len(reason.nodes)}"


def why(reason: Reason) -> str:
    """Write the constraint beside the model's own figures, and what the table adds."""
    return sentence(reason) if reason.constraint or reason.here else ""


def reason_lines(reason: Reason, source_number: int | None) -> Iterator[str]:
    """Yield why, the cure where the table has one, and how good the claim is."""
    if reason.constraint or reason.here:
        yield plain(reason)
    if reason.stage:
        yield f"stage: {STAGES[reason.stage]}"
    if reason.note:
        yield f"note: {reason.note}"
    if reason.listed:
        yield f"{reason.listed}; the compiler's answer decides"
    if reason.change:
        yield f"change: {reason.change}"
    graded = reason.grade or ""
    cited = f"source [{source_number}]" if source_number is not None else ""
    if graded or cited:
        yield ", ".join(part for part in (graded, cited) if part)
    if reason.nodes:
        yield f"nodes: {', '.join(condensed(reason.nodes))}"


def condensed(names: Sequence[str]) -> list[str]:
    """Write many names that differ in numbers only as one: ``/blocks.{0..11}/mlp/fc{1,2}/Add``, as a shell would.

    Nothing is lost: a group is written so only where it holds every combination of the numbers.
    """
    if len(names) <= FEW_NAMES:
        return list(names)
    groups: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for name in names:
        pieces = re.split(r"(\d+)", name)
        groups.setdefault(tuple(pieces[::2]), []).append(tuple(pieces[1::2]))
    return [text for fixed, numbers in groups.items() for text in _together(fixed, numbers)]


def _together(fixed: tuple[str, ...], numbers: list[tuple[str, ...]]) -> Iterator[str]:
    columns = [list(dict.fromkeys(column)) for column in zip(*numbers, strict=True)]
    combinations = math.prod(len(column) for column in columns)
    if len(numbers) < 3 or combinations != len(set(numbers)) or any("{" in part for part in fixed):
        for each in numbers:
            yield "".join(a + b for a, b in zip(fixed, (*each, ""), strict=True))
        return
    yield "".join(a + b for a, b in zip(fixed, (*map(_span, columns), ""), strict=True))


def _span(numbers: list[str]) -> str:
    """Write ``3``, ``{1,2}``, or ``{0..11}`` for three and more in a row."""
    if len(numbers) == 1:
        return numbers[0]
    values = [int(number) for number in numbers]
    in_a_row = values == list(range(values[0], values[0] + len(values))) and numbers == [str(v) for v in values]
    return f"{{{numbers[0]}..{numbers[-1]}}}" if in_a_row and len(numbers) > 2 else f"{{{','.join(numbers)}}}"


def decisive(target: TargetEntry) -> str:
    """Say in one line why the verdict is not READY; empty where it is."""
    if not target.reasons or target.answer == "READY":
        return ""
    first = target.reasons[0]
    explained = why(first) or first.status
    return f"{concerned(first)}: {explained}" if first.op else explained


def nodes_by_row(target: TargetEntry) -> Iterator[tuple[str, list[str]]]:
    """Yield operators with what becomes of them and by which row, and the names of the nodes."""
    alike: dict[tuple[str, str, str, str, tuple[str, ...]], list[str]] = {}
    for node in target.nodes:
        alike.setdefault((node.op, node.status, node.row, node.grade or "", node.into), []).extend(node.covers)
    for (op, status, row, grade, into), names in sorted(alike.items()):
        by = "; ".join(part for part in (f"row {row}" if row else "no row", grade) if part)
        becomes = f", as {', '.join(into)}" if into else ""
        yield f"{op}: {status}{becomes} ({by})", names


def times(op: str, count: int) -> str:
    """Write ``Softmax x 2``, ``Conv``, ``the whole file``."""
    if not op:
        return "the whole file"
    return op if count == 1 else f"{op} x {count}"
