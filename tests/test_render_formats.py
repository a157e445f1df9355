"""SARIF, JUnit, Markdown, GitHub annotations, CycloneDX: a fixed report, as each of their readers sees it."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from judged import HOSTILE, audited, judged_report
from markdown_it import MarkdownIt
from referencing import Registry, Resource
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from checker.render import cyclonedx, github, junit, markdown, sarif
from checker.rules import RULES
from checker.rules.placements import GATES, PLACEMENTS

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from checker.report import Report

__all__ = ["audited", "judged_report"]

SCHEMAS = Path(__file__).resolve().parent.parent / "fixtures" / "schemas"
ROOT = Path.cwd()
OUR_TAGS = {"<!-- -->", "<sub>", "</sub>"}


class Recorded(SingleFileSnapshotExtension):
    """A file for each snapshot, with the format's own name, so that it can be opened and looked at."""

    _write_mode = WriteMode.TEXT


def recorded(snapshot: SnapshotAssertion, ending: str) -> SnapshotAssertion:
    """Return the snapshot as a file with an ending."""
    kind = type("RecordedAs", (Recorded,), {"file_extension": ending})
    return snapshot.use_extension(kind)


def schema(name: str) -> Any:
    """Read one of the official schemas."""
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def sarif_of(*reports: Report) -> Any:
    """Render SARIF, see that it is valid, and return its run."""
    data = json.loads(sarif.render(reports, ROOT))
    jsonschema.Draft4Validator(schema("sarif-2.1.0.json")).validate(data)
    return data["runs"][0]


def bom_of(*reports: Report) -> Any:
    """Render CycloneDX, see that it is valid, and return it."""
    names = ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
    known = [(f"http://cyclonedx.org/schema/{name}", Resource.from_contents(schema(name))) for name in names]
    data = json.loads(cyclonedx.render(reports))
    registry: Registry[Any] = Registry().with_resources(known)
    jsonschema.Draft7Validator(schema("bom-1.6.SNAPSHOT.schema.json"), registry=registry).validate(data)
    return data


class TestSarif:
    """What GitHub demands of SARIF, and what makes a result the same one tomorrow."""

    def test_it_is_as_recorded(self, judged_report: Report, snapshot: SnapshotAssertion) -> None:
        """Valid, and what was last looked at."""
        sarif_of(judged_report)
        assert sarif.render([judged_report], ROOT) == recorded(snapshot, "sarif")

    def test_without_gate_and_baseline(self, audited: Report) -> None:
        """Valid too; no state and no suppressions are claimed."""
        for result in sarif_of(audited)["results"]:
            assert not {"baselineState", "suppressions"} & set(result)

    def test_githubs_rules(self, judged_report: Report) -> None:
        """A path relative to the repository, a region, a message, a rule with help and a fingerprint for each."""
        run = sarif_of(judged_report)
        rules = run["tool"]["driver"]["rules"]
        assert run["results"]
        for result in run["results"]:
            assert result["message"]["text"].strip()
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            for location in result["locations"]:
                physical = location["physicalLocation"]
                assert physical["artifactLocation"] == {"uri": "nets/tiny.onnx", "uriBaseId": "%SRCROOT%"}
                assert physical["region"]["startLine"] == 1
                assert location["logicalLocations"]
        prints = [result["partialFingerprints"]["edgelint/v1"] for result in run["results"]]
        assert len(prints) == len(set(prints))
        for rule in rules:
            assert rule["help"]["text"].strip()
            assert rule["help"]["markdown"].strip()

    def test_a_fingerprint_knows_no_name_and_no_index(self, judged_report: Report) -> None:
        """Other node names, in another order, with other figures: the same fingerprints."""
        ready, fallback, old = judged_report.targets
        first, second = fallback.reasons
        place = dataclasses.replace(first.occurrences[0], nodes=("other", "names"))
        first = dataclasses.replace(first, nodes=("other", "names"), here="rank(input) = 6", occurrences=(place,))
        other = dataclasses.replace(
            judged_report, targets=(old, dataclasses.replace(fallback, reasons=(second, first)), ready)
        )
        one, two = (
            {(r["ruleId"], r["partialFingerprints"]["edgelint/v1"]) for r in sarif_of(each)["results"]}
            for each in (judged_report, other)
        )
        assert one == two

    def test_states_and_suppressions(self, judged_report: Report) -> None:
        """New and absent come from the comparison; a policy's waiver is external, accepted, with its reason."""
        results = sarif_of(judged_report)["results"]
        by_rule = {result["ruleId"]: result for result in results}
        waived = by_rule["placement/fallback"]
        assert waived["baselineState"] == "new"
        assert [(each["kind"], each["status"]) for each in waived["suppressions"]] == [("external", "accepted")]
        assert "the host has time" in waived["suppressions"][0]["justification"]
        assert by_rule["placement/unsupported"]["baselineState"] == "absent"
        assert by_rule["limit/max-segments"]["level"] == "error"

    def test_levels_follow_the_verdict(self, judged_report: Report) -> None:
        """What makes a refusal is an error, what makes a fallback or an unknown a warning."""
        levels = {result["ruleId"]: result["level"] for result in sarif_of(judged_report)["results"]}
        assert levels["placement/refused"] == "error"
        assert levels["placement/fallback"] == "warning"
        assert levels["placement/unknown"] == "warning"
        assert levels["odd-row"] == "note"

    def test_paths_are_relative_to_the_repository(self, audited: Report, tmp_path: Path) -> None:
        """However they were given; one outside of it is a whole URI."""
        for given, uri in (
            ("./nets/a b.onnx", "nets/a%20b.onnx"),
            (str(tmp_path / "x" / ".." / "a.onnx"), (tmp_path / "a.onnx").as_uri()),
            (str(ROOT / "nets" / "a.onnx"), "nets/a.onnx"),
        ):
            model = dataclasses.replace(audited.model, path=given)
            run = sarif_of(dataclasses.replace(audited, model=model))
            assert run["artifacts"][0]["location"]["uri"] == uri

    def test_texts_are_no_longer_than_github_takes(self, judged_report: Report) -> None:
        """A description has 1024 characters at most, and two thousand nodes do not make a message of pages."""
        ready, fallback, old = judged_report.targets
        names = tuple(f"/{'abcdefgh'[n % 8] * (n % 11 + 1)}/node{n * n}" for n in range(2000))
        place = dataclasses.replace(fallback.reasons[0].occurrences[0], nodes=names)
        many = dataclasses.replace(fallback.reasons[0], nodes=names, occurrences=(place,))
        found = dataclasses.replace(judged_report, targets=(ready, dataclasses.replace(fallback, reasons=(many,)), old))
        results = [each for each in sarif_of(found)["results"] if each["ruleId"] == "placement/fallback"]
        assert len(results[0]["message"]["text"]) < 1500
        assert len(results[0]["locations"][0]["logicalLocations"]) == sarif.MOST_LOCATIONS
        for rule_id in (*PLACEMENTS, *GATES, *(rule.id for rule in RULES)):
            described = sarif.rule(rule_id)
            assert len(described["fullDescription"]["text"]) <= 1024
            assert len(described["shortDescription"]["text"]) <= 1024

    def test_every_rule_that_can_be_named_is_documented(self) -> None:
        """A page, a summary, and an id without anything that a URI or an XML attribute would mind."""
        for rule_id in (*PLACEMENTS, *GATES, *(rule.id for rule in RULES)):
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*(/[a-z]+(-[a-z]+)*)?", rule_id)
            described = sarif.rule(rule_id)
            assert described["shortDescription"]["text"].endswith((".", "`."))


class TestJunit:
    """Suites for targets, cases for rules."""

    def test_it_is_as_recorded(self, judged_report: Report, snapshot: SnapshotAssertion) -> None:
        """What was last looked at."""
        assert junit.render([judged_report]) == recorded(snapshot, "junit.xml")

    def test_counts_are_true(self, judged_report: Report, audited: Report) -> None:
        """Suites and the whole say how many cases they hold, failed and skipped."""
        root = ET.fromstring(junit.render([judged_report, audited]))  # noqa: S314  our own
        for element in (root, *root.iter("testsuite")):
            assert int(element.get("tests", "")) == len(list(element.iter("testcase")))
            assert int(element.get("failures", "")) == len(list(element.iter("failure")))
            if element is not root:
                assert int(element.get("skipped", "")) == len(list(element.iter("skipped")))

    def test_what_is_blocked_fails_and_what_is_unknown_is_skipped(self, judged_report: Report) -> None:
        """A waived reason is skipped with the waiver's words; what the gate does not mind passes."""
        root = ET.fromstring(junit.render([judged_report]))  # noqa: S314  our own
        outcomes = {
            (suite.get("name"), case.get("name")): case[0].tag if len(case) else "passes"
            for suite in root
            for case in suite.iter("testcase")
        }
        assert outcomes["acme-old", "placement/refused"] == "failure"
        assert outcomes["acme-one", "placement/unknown"] == "skipped"
        assert outcomes["acme-one", "placement/fallback"] == "skipped"
        assert outcomes["acme-one", "limit/max-segments"] == "failure"
        assert outcomes["acme-two", "placement/refused"] == "passes"

    def test_without_a_gate_a_refusal_fails(self, judged_report: Report) -> None:
        """Since a test result must be one thing or the other."""
        root = ET.fromstring(junit.render([dataclasses.replace(judged_report, gate=None)]))  # noqa: S314  our own
        failed = {
            (s.get("name"), c.get("name")) for s in root for c in s.iter("testcase") if c.find("failure") is not None
        }
        assert failed == {("acme-old", "placement/refused")}


class TestMarkdown:
    """A pull-request comment."""

    def test_it_is_as_recorded(self, judged_report: Report, audited: Report, snapshot: SnapshotAssertion) -> None:
        """One model and several."""
        assert markdown.render([judged_report]) == recorded(snapshot, "md")
        assert markdown.render([judged_report, audited]) == recorded(snapshot, "md")(name="several")

    def test_a_verdict_that_is_excused_says_so(self, judged_report: Report) -> None:
        """At the threshold without a failure; one below it needs no excuse, one that fails has none."""
        assert judged_report.gate is not None
        fails = [each for each in judged_report.gate.failures if each.target != "acme-one"]
        gate = dataclasses.replace(judged_report.gate, failures=tuple(fails))
        rows = markdown.render([dataclasses.replace(judged_report, gate=gate)]).splitlines()
        told = {row.split("`")[1]: "(excused)" in row for row in rows if row.startswith("| `acme-")}
        assert told == {"acme-two": False, "acme-one": True, "acme-old": False}

    def test_a_name_cannot_do_anything(self) -> None:
        """No mention, no link, no tag, no table cell, no code span that ends early."""
        for said in ("@team", "see #12", "http://a.b", "www.a.b", "<img src=x>", "a|b", "`x` *y* _z_ [u](v)", "a\nb\r"):
            plain = markdown.text(said).replace("<!-- -->", "\0").replace("&#124;", "")
            assert not re.search(r"(?<!\\)[`*<|\[\]](?!!--)|[@#]\w|://|www\.|\n|\r", plain)
        assert markdown.code("a``b`") == "``` a``b` ```"
        assert markdown.html("`@a`") == "&#96;@<!-- -->a&#96;"
        assert markdown.html("<b>&") == "&lt;b&gt;&amp;"

    @pytest.mark.parametrize(
        "name", ["a|b", "\\|", "\\\\|x", "`|`", "``", "| --- |", "</details>", "![x](y)", "$|$", ""]
    )
    def test_a_name_cannot_break_a_table(self, judged_report: Report, name: str) -> None:
        """A CommonMark parser sees as many cells in every row as in the head, no HTML but ours, no link, no image."""
        ready, fallback, old = judged_report.targets
        reason = dataclasses.replace(fallback.reasons[0], nodes=(name,), here=f"{name} = 3", change=name)
        found = dataclasses.replace(
            judged_report,
            model=dataclasses.replace(judged_report.model, path=name),
            targets=(ready, dataclasses.replace(fallback, reasons=(reason,)), old),
        )
        parsed = MarkdownIt("commonmark").enable("table").parse(markdown.render([found, judged_report]))
        cells = 0
        for token in parsed:
            if token.type == "tr_open":
                cells = 0
            elif token.type in {"td_open", "th_open"}:
                cells += 1
            elif token.type == "tr_close":
                assert cells in {5, 7}
            inner = [child for child in token.children or () if child.type in {"link_open", "image", "html_inline"}]
            assert [child.content for child in inner if child.content not in OUR_TAGS] == []
            if token.type == "html_block":
                assert re.fullmatch(
                    r"(<!-- edgelint -->|<details>\n<summary>[^<>]*(<!-- -->[^<>]*)*</summary>|</details>)\n?",
                    token.content,
                )
        assert sum(token.type == "table_open" for token in parsed) == 1 + 4

    def test_it_is_never_too_long_for_github(self, judged_report: Report) -> None:
        """Details go first, and it says that they are gone."""
        many = [judged_report] * 200
        text = markdown.render(many[:40])
        assert len(text) < 65_536
        assert "sections are left out" in text


class TestGithub:
    """Workflow commands."""

    def test_it_is_as_recorded(self, judged_report: Report, snapshot: SnapshotAssertion) -> None:
        """Errors first."""
        assert github.render([judged_report], ROOT) == recorded(snapshot, "txt")

    def test_nothing_breaks_out_of_a_command(self, judged_report: Report) -> None:
        """A model's path with a colon, a comma, a per cent sign and a line feed is data; no line is a stranger's."""
        model = dataclasses.replace(judged_report.model, path="a,b:c%\n::error::evil.onnx")
        lines = github.render([dataclasses.replace(judged_report, model=model)], ROOT).splitlines()
        assert all(
            re.match(r"::(error|warning|notice) file=[^:,]*,line=1,title=[^:,]*::|edgelint: ", line) for line in lines
        )
        assert len(lines) == len(github.render([judged_report], ROOT).splitlines())

    def test_a_waived_reason_is_not_told(self, judged_report: Report) -> None:
        """Nor is a failure told twice."""
        text = github.render([judged_report], ROOT)
        assert "rank(input) <= 4" not in text
        assert text.count("opset <= 12") == 1


class TestCyclonedx:
    """A bill of materials."""

    def test_it_is_as_recorded(self, judged_report: Report, snapshot: SnapshotAssertion) -> None:
        """Valid, and what was last looked at."""
        bom_of(judged_report)
        assert cyclonedx.render([judged_report]) == recorded(snapshot, "cdx.json")

    def test_the_serial_number_is_the_contents(self, judged_report: Report, audited: Report) -> None:
        """The same models, the same number; another verdict, another number; no clock anywhere."""
        one, again, other = bom_of(judged_report), bom_of(judged_report), bom_of(audited)
        assert one == again
        assert one["serialNumber"] != other["serialNumber"]
        assert "timestamp" not in one["metadata"]

    def test_the_model_card(self, audited: Report) -> None:
        """What the file's metadata says of itself goes where the standard has a place for it."""
        said = {
            "license": "Apache-2.0",
            "author": "Ada",
            "version": "2.1",
            "description": "finds cats",
            "task": "detect",
        }
        model = dataclasses.replace(audited.model, metadata=said, sha256_of="file")
        (component,) = bom_of(dataclasses.replace(audited, model=model))["components"]
        assert component["type"] == "machine-learning-model"
        assert component["hashes"] == [{"alg": "SHA-256", "content": audited.model.sha256}]
        assert component["licenses"] == [{"license": {"name": "Apache-2.0"}}]
        assert component["modelCard"]["modelParameters"]["task"] == "detect"
        properties = {each["name"]: each["value"] for each in component["properties"]}
        assert properties["edgelint:target:acme-one:verdict"] == "READY_WITH_FALLBACK"

    def test_a_hash_of_the_structure_is_not_called_the_files(self, audited: Report) -> None:
        """Without the whole file's hash there is none."""
        (component,) = bom_of(audited)["components"]
        assert "hashes" not in component


@pytest.mark.parametrize("render", [junit.render, markdown.render, lambda r: github.render(r, ROOT)])
def test_control_characters_are_shown(judged_report: Report, render: Any) -> None:
    """A hostile name reaches none of the texts as it is."""
    text = render([judged_report])
    assert HOSTILE not in text
    assert "\x1b" not in text
    assert "\r" not in text
    assert r"\x1b" in text
