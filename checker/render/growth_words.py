"""How cost grows with the size of the input, and which sizes a file takes, in words and figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from checker.render.words import percent, quantity, size

if TYPE_CHECKING:
    from checker.growth_report import AskedSize, Growth, ResolutionEntry
    from checker.report import CostEntry, Report

BARS = "▁▂▃▄▅▆▇█"
ALIKE = 0.05
"""Exponents that differ by less are written as one."""
SINGLE = 6
"""So many single sizes are listed."""


def facts(cost: CostEntry) -> Iterator[tuple[str, str]]:
    """Yield the lines about other sizes as label and text."""
    if cost.growth.macs is not None:
        yield "growth", growth(cost.growth)
    if cost.resolution is not None:
        yield {"pixels": "resolution"}.get(cost.resolution.per, "length"), taken(cost.resolution)


def growth(found: Growth) -> str:
    """Write ``MACs ~ pixels^1.15 (AttentionMatMul 2.0, the rest 1.0), memory^1.2; 112x112 ▁▂▄█ 448x448``."""
    memory = found.peak_activation_bytes
    said = f"MACs ~ {found.per}^{found.macs:.2f}{parts(found)}"
    said += "" if memory is None else f", memory ~ {found.per}^{memory:.2f}"
    if len(found.points) > 1 and all(point.macs for point in found.points):
        first, last = found.points[0], found.points[-1]
        ends = (
            f"{quantity(first.macs or 0)} at {sides(first.size)}",
            f"{quantity(last.macs or 0)} at {sides(last.size)}",
        )
        said += f"; {ends[0]} {sparkline([point.macs or 0 for point in found.points])} {ends[1]}"
    return said + ("" if found.of == "file" else " (if exported at these sizes)")


def parts(found: Growth) -> str:
    """Write the exponents of the kinds of work that differ: `` (AttentionMatMul 2.0, the rest 1.0)``."""
    if found.macs is None or not found.macs_by_kind:
        return ""
    usual = sorted(found.macs_by_kind.values())[(len(found.macs_by_kind) - 1) // 2]
    kinds = sorted(found.macs_by_kind.items(), key=lambda item: (-item[1], item[0]))
    apart = [f"{kind} {each:.1f}" for kind, each in kinds if abs(each - usual) > ALIKE]
    if not apart:
        return ""
    return f" ({', '.join(apart)}" + (f", the rest {usual:.1f})" if len(apart) < len(kinds) else ")")


def sparkline(values: Sequence[int]) -> str:
    """Draw values as bars, in proportion to the largest."""
    top = max(values)
    return "".join(BARS[min(len(BARS) - 1, value * len(BARS) // top)] for value in values) if top else ""


def sides(lengths: Sequence[int]) -> str:
    """Write ``224x224``."""
    return "x".join(map(str, lengths))


def taken(found: ResolutionEntry) -> str:
    """Say which sizes a file takes."""
    own = sides(found.size)
    if found.pin is not None:
        where = f"{found.pin.op} {found.pin.node}".strip()
        only = f"{own} only" if found.size in found.takes else "none of the sizes tried"
        said = f"{only}: {where} ({found.pin.kind}) {found.pin.message}"
        deeper = found.architecture
        if deeper is not None and deeper.node != found.pin.node:
            said += f"; behind it {deeper.op} {deeper.node} ({deeper.kind})"
        return said
    others = [each for each in found.takes if each != found.size]
    if found.step == 1:
        said = "any size that was tried"
    elif found.step is not None and all(side % found.step == 0 for side in found.size):
        said = f"multiples of {found.step}"
    elif found.step is not None:
        said = f"{own} and steps of {found.step} from it"
    else:
        said = f"{own} and {', '.join(sides(each) for each in others[:SINGLE])}"
    span = f" ({sides(min(found.takes))} to {sides(max(found.takes))})" if found.step is not None and others else ""
    open_size = f"; open in the file, {own} assumed" if found.assumed else ""
    square = "; height and width have to be alike" if found.any_shape is False else ""
    return f"{said}{span}{square}{open_size}"


def asked(report: Report) -> Iterator[str]:
    """Yield a line for each size that was asked for, and one for each answer there."""
    for each in report.resolutions:
        yield f"at {sides(each.size)}: {cost_at(each)}"
        answers: dict[str, list[str]] = {}
        for target in each.targets:
            share = "" if target.macs_on_accelerator is None else f" ({percent(target.macs_on_accelerator)})"
            answers.setdefault(target.answer, []).append(f"{target.id}{share}")
        for answer, targets in answers.items():
            yield f"  {answer}: {', '.join(targets)}"


def cost_at(each: AskedSize) -> str:
    """Write the cost at a size, or what is in its way."""
    if each.pin is not None:
        return f"not taken: {f'{each.pin.op} {each.pin.node}'.strip()} ({each.pin.kind}) {each.pin.message}"
    macs = "MACs not known" if each.macs is None else f"{quantity(each.macs)} MACs"
    peak = each.peak_activation_bytes
    return macs + ("" if peak is None else f", {size(peak)} of activations at the peak")
