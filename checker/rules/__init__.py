"""The rules: one file, one finding, one documentation page (the file's docstring)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.rules import (
    activation_unfusible,
    batchnorm_unfolded,
    box_score_concat,
    contrib_operator,
    decomposed_layer,
    dynamic_shape,
    file_problems,
    fp16_mask,
    fp16_norm_overflow,
    int8_sensitive,
    int64_range,
    nan_guard,
    pinned_resolution,
    qdq_gap,
    qdq_inside_layer,
    residual_scales,
    resolution_growth,
    simplify_first,
    training_mode,
    unknown_shape,
    weight_spread,
)
from checker.rules.finding import SEVERITIES, Finding, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RULES", "Finding", "Rule", "Subject", "find_rule", "run"]

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            activation_unfusible.RULE,
            batchnorm_unfolded.RULE,
            box_score_concat.RULE,
            contrib_operator.RULE,
            decomposed_layer.RULE,
            dynamic_shape.RULE,
            *file_problems.RULES,
            fp16_mask.RULE,
            fp16_norm_overflow.RULE,
            int64_range.RULE,
            int8_sensitive.RULE,
            nan_guard.RULE,
            pinned_resolution.RULE,
            qdq_gap.RULE,
            qdq_inside_layer.RULE,
            residual_scales.RULE,
            resolution_growth.RULE,
            simplify_first.RULE,
            training_mode.RULE,
            unknown_shape.RULE,
            weight_spread.RULE,
        ),
        key=lambda rule: rule.id,
    )
)
"""Every rule, by id."""


def find_rule(rule_id: str) -> Rule | None:
    """Return the rule of that id, None when there is none."""
    return next((rule for rule in RULES if rule.id == rule_id), None)


def run(subject: Subject, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Run the rules (only ``select`` when given, never ``ignore``) and return their findings, gravest first."""
    chosen, left_out = frozenset(select), frozenset(ignore)
    findings = [
        finding
        for rule in RULES
        if (not chosen or rule.id in chosen) and rule.id not in left_out
        for finding in rule.check(subject)
    ]
    return tuple(sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.rule, f.nodes, f.message)))
