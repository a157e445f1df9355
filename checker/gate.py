"""Records of the report that say whether a model passes: against a policy, and against an earlier report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

Answer = Literal["READY", "UNKNOWN", "READY_WITH_FALLBACK", "NEEDS_CHANGES", "BLOCKED"]
"""The verdict for one target."""

ANSWERS: tuple[Answer, ...] = ("READY", "UNKNOWN", "READY_WITH_FALLBACK", "NEEDS_CHANGES", "BLOCKED")
"""From best to worst: ``--fail-on`` compares positions in this order."""

FailOn = Literal["never", "unknown", "fallback", "needs-changes", "blocked"]

THRESHOLDS: dict[str, Answer] = {
    "unknown": "UNKNOWN",
    "fallback": "READY_WITH_FALLBACK",
    "needs-changes": "NEEDS_CHANGES",
    "blocked": "BLOCKED",
}
"""The verdict from which each ``--fail-on`` fails; ``never`` has none."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the baseline and this report say of one target, or that only one of them says."""

    state: Annotated[
        Literal["new", "fixed", "unchanged"], "Whether only this report, only the baseline, or both say it."
    ]
    target: Annotated[str | None, "Target id; null for a finding that holds for all."]
    rule: Annotated[str, "`placement/fallback` and the like for a verdict's reason, else the finding's rule."]
    op: Annotated[str, "Operator or composite; empty for the whole file."]
    structure: Annotated[str, "What stands around it, as in the occurrence."]
    scope: Annotated[str, "Module path with numbers as `#`."]
    count: Annotated[int, "How many such places."]
    message: Annotated[str, "What is (or was) said of it."]


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """The verdict for one target, before and now."""

    target: Annotated[str, "Target id."]
    before: Annotated[Answer | None, "Verdict in the baseline; null where it does not have the target."]
    after: Annotated[Answer, "Verdict now."]
    worse: Annotated[bool, "Whether it is worse than in the baseline."]
    macs_on_accelerator: Annotated[float | None, "Share of the multiply-accumulates on the accelerator before."]
    segments: Annotated[int | None, "Segments before; null where the baseline does not have the target."]


@dataclass(frozen=True, slots=True)
class Comparison:
    """This report held against an earlier one of the same model (`--baseline`)."""

    path: Annotated[str, "Path of the model in the baseline."]
    sha256: Annotated[str, "SHA-256 of the model in the baseline."]
    tables: Annotated[
        bool | None,
        "Whether both reports were made with the same target tables; null where they are about other targets.",
    ]
    verdicts: Annotated[tuple[VerdictChange, ...], "The verdict for each target, before and now."]
    differences: Annotated[tuple[Difference, ...], "New ones first, then fixed ones, then those that are unchanged."]


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that keeps the model from passing."""

    rule: Annotated[
        str,
        "`placement/...` for a reason of the verdict, `limit/...` for a limit of the policy, `waiver/expired`, "
        "`waiver/invalid`, or `verdict/worse`.",
    ]
    target: Annotated[str | None, "Target id; null where it concerns the model as such."]
    op: Annotated[str, "Operator or composite; empty where it is no operator's."]
    message: Annotated[str, "What is wrong, as a sentence."]
    count: Annotated[int, "How many places it is about."] = 1


@dataclass(frozen=True, slots=True)
class WaiverEntry:
    """A waiver that was looked at for this model."""

    origin: Annotated[Literal["policy", "model"], "`model`: written in the model's own metadata."]
    state: Annotated[
        Literal["applied", "expired", "unused", "forbidden"],
        "`applied`: it excuses something; `expired`: it would, but its day has passed; `unused`: there is nothing that "
        "it is about; `forbidden`: the model's own, and the policy does not accept those.",
    ]
    rule: Annotated[tuple[str, ...], "Patterns of the rules that it is about."]
    target: Annotated[tuple[str, ...], "Patterns of target ids."]
    op: Annotated[tuple[str, ...], "Patterns of operators."]
    scope: Annotated[tuple[str, ...], "Patterns of module paths or node names."]
    reason: Annotated[str, "Why, in the owner's words."]
    owner: Annotated[str, "Who answers for it."]
    expires: Annotated[str, "Last day on which it counts, as YYYY-MM-DD."]
    count: Annotated[int, "How many places it is about here."]


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the model passes; there is one only where targets were asked for."""

    passed: Annotated[bool, "Whether nothing failed."]
    policy: Annotated[str | None, "Path of the policy file; null where there is none."]
    fail_on: Annotated[FailOn, "The verdict from which a target fails."]
    failures: Annotated[tuple[Failure, ...], "What failed, target by target."]
    waivers: Annotated[tuple[WaiverEntry, ...], "Waivers for this model."]
