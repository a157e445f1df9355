"""A report with a gate and a comparison, made by hand: what the tests of the renderers share."""

from __future__ import annotations

import dataclasses

import pytest
from test_render import HOSTILE, audited

from checker import gate, report

__all__ = ["HOSTILE", "audited", "judged_report"]

DIFFERENCES = (
    gate.Difference(
        "new", "acme-one", "placement/fallback", "Softmax", "MatMul > Softmax > MatMul", "block.#.attn", 2,
        "needs `rank(input) <= 4`; here rank(input) = 5",
    ),
    gate.Difference(
        "fixed", "acme-old", "placement/unsupported", "Sin", "Conv > Sin > Relu", "", 1, "Sin is not listed"
    ),
)  # fmt: skip


@pytest.fixture
def judged_report(audited: report.Report) -> report.Report:
    """Return the report of ``audited`` with places, a gate that fails, waivers and a comparison."""
    ready, fallback, old = audited.targets
    place = report.Occurrence("Softmax", "MatMul > Softmax > MatMul", "block.#.attn", 2, fallback.reasons[0].nodes)
    hostile = report.Occurrence("Softmax", "- > Softmax > -", "", 1, (HOSTILE,))
    reasons = (
        dataclasses.replace(fallback.reasons[0], occurrences=(place,), sources=("probe",)),
        report.Reason(
            "Softmax", (HOSTILE,), "unknown", "", f"the shape of {HOSTILE} is not known", "", None, "",
            occurrences=(hostile,),
        ),
    )  # fmt: skip
    refused = dataclasses.replace(old.reasons[0], occurrences=(report.Occurrence("", "opset <= #", "", 1, ()),))
    findings = tuple(
        dataclasses.replace(each, occurrences=(report.Occurrence("", "", "", 1, each.nodes),))
        for each in audited.findings
    )
    waivers = (
        gate.WaiverEntry(
            "policy", "applied", ("placement/fallback",), ("acme-one",), ("Softmax", "Softplus"),
            ("block.*",),
            "the host has time | @team <b>", "ada", "2026-12-31", 2,
        ),
        gate.WaiverEntry(
            "model", "unused", ("*",), ("*",), ("Cos",), ("*",), "not needed any more", "bob", "2027-01-31", 0
        ),
    )  # fmt: skip
    failures = (
        gate.Failure("waiver/expired", None, "", "the waiver for Sin expired on 2026-01-31"),
        gate.Failure("placement/refused", "acme-old", "", "needs `opset <= 12`; here opset = 17"),
        gate.Failure("limit/max-segments", "acme-one", "", "5 segments; at most 3 are allowed"),
    )  # fmt: skip
    verdicts = (
        gate.VerdictChange("acme-two", "READY", "READY", worse=False, macs_on_accelerator=1.0, segments=1),
        gate.VerdictChange(
            "acme-one", "READY", "READY_WITH_FALLBACK", worse=True, macs_on_accelerator=1.0, segments=1
        ),
        gate.VerdictChange("acme-old", None, "NEEDS_CHANGES", worse=False, macs_on_accelerator=None, segments=None),
    )  # fmt: skip
    return dataclasses.replace(
        audited,
        targets=(
            ready,
            dataclasses.replace(fallback, reasons=reasons),
            dataclasses.replace(old, reasons=(refused,)),
        ),
        findings=findings,
        baseline=gate.Comparison("nets/tiny.onnx", "2" * 64, tables=True, verdicts=verdicts, differences=DIFFERENCES),
        gate=gate.Gate(passed=False, policy="edgelint.toml", fail_on="fallback", failures=failures, waivers=waivers),
    )
