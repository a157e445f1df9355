"""CycloneDX 1.6 as an ML-BOM: each model a component with its model card, hashes, and the verdicts as properties.

The same models give the same bytes: there is no time stamp, and the serial number is made from the content.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from checker import __version__
from checker.render import gate_words
from checker.render.json import dumps, plain
from checker.render.words import tensor, times
from checker.results import sentence

if TYPE_CHECKING:
    from checker.report import Report, TargetEntry

SITE = "https://github.com/edgelint/edgelint"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, SITE)


def render(reports: Sequence[Report]) -> str:
    """Render all reports as one bill of materials."""
    tool = {
        "type": "application",
        "name": "edgelint",
        "version": __version__,
        "externalReferences": [{"type": "website", "url": SITE}],
    }
    content = {
        "version": 1,
        "metadata": {
            "tools": {"components": [tool]},
            "properties": [_property("edgelint:tables:sha256", reports[0].tool.tables)],
        },
        "components": [_component(report, number) for number, report in enumerate(reports, 1)],
    }
    serial = uuid.uuid5(NAMESPACE, json.dumps(plain(content), sort_keys=True))
    return dumps(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{serial}",
            **content,
        }
    )


def _component(report: Report, number: int) -> dict[str, Any]:
    model, said = report.model, {key.casefold(): text for key, text in report.model.metadata.items()}
    entry: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"model-{number}-{model.sha256[:16]}",
        "name": PurePath(model.path).stem or "model",
    }
    if said.get("version"):
        entry["version"] = said["version"]
    if said.get("description"):
        entry["description"] = said["description"]
    if said.get("author"):
        entry["authors"] = [{"name": said["author"]}]
    if model.sha256_of == "file":
        entry["hashes"] = [{"alg": "SHA-256", "content": model.sha256}]
    if said.get("license"):
        entry["licenses"] = [{"license": {"name": said["license"]}}]
    return {**entry, "modelCard": _card(report, said), "properties": list(_properties(report))}


def _card(report: Report, said: Mapping[str, str]) -> dict[str, Any]:
    model, cost = report.model, report.cost
    parameters: dict[str, Any] = {
        "inputs": [{"format": tensor(each)} for each in model.inputs],
        "outputs": [{"format": tensor(each)} for each in model.outputs],
    }
    if said.get("task"):
        parameters = {"task": said["task"], **parameters}
    metrics: list[tuple[str, float | None]] = [
        ("multiply-accumulates", cost.macs if cost.complete else None),
        ("parameters", cost.parameters),
        ("weight bytes as stored", cost.weight_bytes.stored),
        ("peak activation bytes", cost.peak_activation_bytes),
    ]
    metrics += [
        (
            f"share of multiply-accumulates on the accelerator, {target.id} {target.precision}",
            target.macs_on_accelerator,
        )
        for target in report.targets
    ]
    limits = [
        f"{target.id} ({target.precision}), {target.answer}: {times(reason.op, len(reason.nodes))}: {sentence(reason)}"
        for target in report.targets
        for reason in target.reasons
        if target.answer != "READY"
    ]
    card: dict[str, Any] = {
        "modelParameters": parameters,
        "quantitativeAnalysis": {
            "performanceMetrics": [{"type": name, "value": str(value)} for name, value in metrics if value is not None]
        },
    }
    if limits:
        card["considerations"] = {"technicalLimitations": list(dict.fromkeys(limits))}
    return card


def _properties(report: Report) -> Iterator[dict[str, str]]:
    model = report.model
    yield _property("edgelint:path", model.path)
    yield _property(f"edgelint:sha256:{model.sha256_of}", model.sha256)
    yield _property("edgelint:ir-version", str(model.ir_version))
    yield _property("edgelint:producer", model.producer)
    for domain, version in model.opsets.items():
        yield _property(f"edgelint:opset:{domain}", str(version))
    for target in report.targets:
        yield from _verdict(target)
    if report.gate is not None:
        yield _property("edgelint:gate", "passed" if report.gate.passed else "failed")
        for waiver in report.gate.waivers:
            if waiver.state == "applied":
                yield _property("edgelint:waiver", gate_words.waiver(waiver))
    for finding in report.findings:
        yield _property(f"edgelint:finding:{finding.rule}", finding.message)


def _verdict(target: TargetEntry) -> Iterator[dict[str, str]]:
    share = target.macs_on_accelerator
    for name, value in (
        ("verdict", target.answer),
        ("precision", target.precision),
        ("toolchain", target.toolchain),
        ("grade", target.grade),
        ("macs-on-accelerator", None if share is None else str(share)),
        ("segments", str(target.segments)),
    ):
        if value is not None:
            yield _property(f"edgelint:target:{target.id}:{name}", value)


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}
