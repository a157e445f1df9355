"""SARIF 2.1.0, as GitHub's code scanning takes it: one run, one result for each kind of place.

GitHub demands a path relative to the repository, a region (a model has no lines: the first stands for the file), and
fingerprints that stay the same while a problem does.  Those are made of the rule, the operator, the module path (or,
where the exporter left none, what stands around the node) and the target; never of a node's name or position.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from checker import __version__
from checker.policy.waivers import applied
from checker.render.json import dumps
from checker.render.words import condensed, times
from checker.results import LEVELS, Result, results
from checker.rules import RULES
from checker.rules.placements import GATES, PLACEMENTS

if TYPE_CHECKING:
    from checker.gate import Difference, Failure
    from checker.report import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
DOCS = "https://github.com/edgelint/edgelint/blob/main/docs/rules/"
ROOT = "%SRCROOT%"
UNDOCUMENTED = "A finding of a rule that this version has no page about."
LONGEST = 1000
MOST_LOCATIONS = 50
"""So many nodes of one result are located; the message counts them all."""


def render(reports: Sequence[Report], root: Path) -> str:
    """Render all reports as one run; ``root``: what paths are relative to."""
    found = [(report, entry) for report in reports for entry in _results(report, root)]
    ids = list(dict.fromkeys(entry["ruleId"] for _, entry in found))
    rules = [rule(rule_id) for rule_id in sorted(ids)]
    index = {each["id"]: number for number, each in enumerate(rules)}
    for _, entry in found:
        entry["ruleIndex"] = index[entry["ruleId"]]
    run = {
        "tool": {
            "driver": {
                "name": "edgelint",
                "semanticVersion": __version__,
                "informationUri": "https://github.com/edgelint/edgelint",
                "rules": rules,
            }
        },
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "artifacts": [_artifact(report, root) for report in reports],
        "results": [entry for _, entry in found],
        "properties": {"tables": reports[0].tool.tables},
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def relative(path: str, root: Path) -> str:
    """Return a path relative to the repository, as a URI; one outside of it is a whole ``file:`` URI."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100  a link stays a link
    if absolute.is_relative_to(root):
        return quote(absolute.relative_to(root).as_posix())
    return absolute.as_uri()


def _artifact(report: Report, root: Path) -> dict[str, Any]:
    entry: dict[str, Any] = {"location": _location(report, root), "length": report.model.bytes}
    if report.model.sha256_of == "file":
        entry["hashes"] = {"sha-256": report.model.sha256}
    answers = {target.id: target.answer for target in report.targets}
    return {**entry, "mimeType": "application/octet-stream", "properties": {"verdicts": answers}}


def _location(report: Report, root: Path) -> dict[str, Any]:
    uri = relative(report.model.path, root)
    return {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": ROOT}


def _results(report: Report, root: Path) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    states = _states(report)
    for result in results(report):
        place = result.place
        what = f"{result.target}: {times(result.op, place.count)}" if result.target else times(result.op, place.count)
        status = f" {result.reason.status}" if result.reason is not None else ""
        cure = f" To mend it: {result.fix}." if result.fix else ""
        entry = _entry(
            report, root, result.rule, (result.level, f"{what}{status}: {result.message}.{cure}"), place.nodes
        )
        where = (result.rule, result.op, place.scope or place.structure, result.target or "")
        entry["partialFingerprints"] = _fingerprints(where, seen)
        if report.baseline is not None:
            entry["baselineState"] = states.get(_key(result), "new")
        excuses = applied(report, result)
        if report.gate is not None:
            entry["suppressions"] = [
                {
                    "kind": "inSource" if waiver.origin == "model" else "external",
                    "status": "accepted",
                    "justification": f"{waiver.reason} ({waiver.owner}, until {waiver.expires})",
                }
                for waiver in excuses
            ]
        entry["properties"] = _properties(result)
        yield entry
    for each in report.baseline.differences if report.baseline is not None else ():
        if each.state == "fixed":
            yield _absent(report, root, each, seen)
    for failure in report.gate.failures if report.gate is not None else ():
        if failure.rule in GATES:
            yield _failure(report, root, failure, seen)


def _entry(report: Report, root: Path, rule: str, said: tuple[str, str], nodes: Sequence[str] = ()) -> dict[str, Any]:
    """Make a result; ``said``: level and message."""
    level, message = said
    graph = "graph"
    logical = [
        {"name": name, "fullyQualifiedName": f"{graph}/{name.lstrip('/')}", "kind": "node"}
        for name in nodes[:MOST_LOCATIONS]
    ]
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": _location(report, root), "region": {"startLine": 1, "startColumn": 1}}
    }
    location["logicalLocations"] = logical or [{"name": graph, "fullyQualifiedName": graph, "kind": "graph"}]
    shown = _cut(f" Nodes: {', '.join(condensed(nodes))}.") if nodes else ""
    return {"ruleId": rule, "level": level, "message": {"text": message + shown}, "locations": [location]}


def _cut(text: str) -> str:
    """Keep a text to what GitHub takes of a description, and shows of a message."""
    return text if len(text) <= LONGEST else text[: LONGEST - 4].rstrip() + " ..."


def _fingerprints(where: tuple[str, ...], seen: Counter[str]) -> dict[str, str]:
    """Return a digest of what is where; several results of one kind in one module are numbered."""
    digest = hashlib.sha256("\0".join(where).encode()).hexdigest()[:32]
    seen[digest] += 1
    return {"edgelint/v1": f"{digest}:{seen[digest]}"}


def _key(result: Result) -> tuple[str | None, str, str, str, str]:
    return (result.target, result.rule, result.op, result.place.structure, result.place.scope)


def _states(report: Report) -> Mapping[tuple[str | None, str, str, str, str], str]:
    """Return new or unchanged by place; a place of which only some are new counts as new."""
    states: dict[tuple[str | None, str, str, str, str], str] = {}
    for each in report.baseline.differences if report.baseline is not None else ():
        if each.state != "fixed":
            states.setdefault((each.target, each.rule, each.op, each.structure, each.scope), each.state)
    return states


def _absent(report: Report, root: Path, gone: Difference, seen: Counter[str]) -> dict[str, Any]:
    what = f"{gone.target}: {times(gone.op, gone.count)}" if gone.target else times(gone.op, gone.count)
    entry = _entry(report, root, gone.rule, ("note", f"No longer so: {what}: {gone.message}."))
    where = (gone.rule, gone.op, gone.scope or gone.structure, gone.target or "")
    entry |= {"partialFingerprints": _fingerprints(where, seen), "baselineState": "absent"}
    return entry if report.gate is None else {**entry, "suppressions": []}


def _failure(report: Report, root: Path, failure: Failure, seen: Counter[str]) -> dict[str, Any]:
    target = f"{failure.target}: " if failure.target else ""
    entry = _entry(report, root, failure.rule, ("error", f"{target}{failure.message}."))
    entry["partialFingerprints"] = _fingerprints((failure.rule, failure.op, "", failure.target or ""), seen)
    if report.baseline is not None:
        entry["baselineState"] = "new"
    return {**entry, "suppressions": []}


def _properties(result: Result) -> dict[str, Any]:
    place = result.place
    said: dict[str, Any] = {"target": result.target, "op": place.op, "scope": place.scope, "structure": place.structure}
    if result.reason is not None:
        said |= {"grade": result.reason.grade, "source": result.reason.source, "constraint": result.reason.constraint}
    return {**{key: text for key, text in said.items() if text}, "count": place.count}


def rule(rule_id: str) -> dict[str, Any]:
    """Describe a rule in the words of its documentation."""
    documented = {each.id: each.doc for each in RULES} | PLACEMENTS | GATES
    text = documented.get(rule_id, UNDOCUMENTED).strip()
    first = " ".join(text.split("\n\n")[0].split())
    level = "error" if rule_id.startswith(("limit/", "waiver/", "verdict/")) else _default(rule_id)
    return {
        "id": rule_id,
        "name": "".join(word.capitalize() for word in rule_id.replace("/", "-").split("-")),
        "shortDescription": {"text": first},
        "fullDescription": {"text": _cut(" ".join(text.split()))},
        "help": {"text": text, "markdown": text},
        "helpUri": f"{DOCS}{rule_id.replace('/', '-')}.md",
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["onnx", "deployment"], "precision": "high"},
    }


def _default(rule_id: str) -> str:
    if rule_id in {"placement/refused", "placement/unsupported"}:
        return LEVELS["BLOCKED"]
    harmless = rule_id in {f"placement/{kind}" for kind in ("runs-as", "dynamic", "decomposed", "folded")}
    return LEVELS["READY"] if harmless else LEVELS["UNKNOWN"]
