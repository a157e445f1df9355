"""The limits of a policy, held against a report's figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checker.policy.record import Limits, Waiver
from checker.policy.waivers import fits
from checker.report import Report, TargetEntry, WeightBytes

_STORED_AS = {"fp32": "fp32", "fp16": "fp16", "bf16": "fp16", "int16": "fp16", "int8": "int8", "a16w8": "int8"}
"""Which of the report's weight sizes belongs to a precision: int16 takes two bytes as fp16 does."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A limit that a model does not keep to.

    ``excess``: how far beyond, in the limit's own unit; infinite where the figure is not known or is no number.
    """

    rule: str
    message: str
    excess: float


def broken(report: Report, target: TargetEntry, limits: Limits) -> Iterator[Broken]:
    """Yield the limits that a model breaks on a target; a figure that is not known keeps to none."""
    if limits.min_macs_on_accelerator is not None:
        yield from _share(report, target, limits.min_macs_on_accelerator)
    cost = report.cost
    # a lower bound that is within the limit says nothing; one beyond it says enough
    macs = cost.macs if cost.complete or (limits.max_macs is not None and cost.macs > limits.max_macs) else None
    weights = _weights(cost.weight_bytes, target.precision)
    for name, what, limit, figure in (
        ("max-segments", "segments", limits.max_segments, target.segments or None),
        ("max-macs", "MACs", limits.max_macs, macs),
        ("max-weight-bytes", f"bytes of weights in {target.precision}", limits.max_weight_bytes, weights),
        (
            "max-peak-activation-bytes",
            "bytes of activations at the peak",
            limits.max_peak_activation_bytes,
            cost.peak_activation_bytes,
        ),
    ):
        if limit is None:
            continue
        if figure is None:
            message = f"the number of {what} is not known; at most {_grouped(limit)} are allowed"
            yield Broken(f"limit/{name}", message, float("inf"))
        elif figure > limit:
            message = f"{_grouped(figure)} {what}; at most {_grouped(limit)} are allowed"
            yield Broken(f"limit/{name}", message, figure - limit)
    if limits.grades is not None and target.grade not in limits.grades and (target.grade or target.answer != "READY"):
        said = f"rests on {target.grade} claims" if target.grade else "rests on no claim"
        message = f"the verdict {said}; allowed are {', '.join(limits.grades)}"
        yield Broken("limit/grades", message, float("inf"))


def newly_broken(found: Broken, earlier: Report, target: str, limits: Limits) -> bool:
    """Tell whether the earlier report kept to a limit, or broke it by less."""
    before = next((each for each in earlier.targets if each.id == target), None)
    if before is None:
        return True
    same = next((each for each in broken(earlier, before, limits) if each.rule == found.rule), None)
    return same is None or found.excess > same.excess


def waives_limit(waiver: Waiver, found: Broken, target: TargetEntry) -> bool:
    """Tell whether a waiver is about a broken limit, which has neither operator nor module path."""
    everywhere = waiver.op == waiver.scope == ("*",)
    return everywhere and fits(found.rule, waiver.rule) and fits(target.id, waiver.target)


def _share(report: Report, target: TargetEntry, least: float) -> Iterator[Broken]:
    share, what = target.macs_on_accelerator, "MACs"
    if share is None and report.cost.complete and not report.cost.macs:
        counts = target.counts
        taken = counts.native + counts.folded + counts.decomposed
        total = taken + counts.fallback + counts.unsupported + counts.unknown
        share, what = (taken / total if total else 1.0), "nodes"
    rule = "limit/min-macs-on-accelerator"
    if share is None:
        message = f"the share of the MACs on the accelerator is not known; at least {least:.2%} is demanded"
        yield Broken(rule, message, float("inf"))
    elif share < least:
        message = f"{share:.2%} of the {what} on the accelerator; at least {least:.2%} is demanded"
        yield Broken(rule, message, least - share)


def _weights(sizes: WeightBytes, precision: str) -> int:
    size: int = getattr(sizes, _STORED_AS.get(precision, "stored"))
    return size


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")
